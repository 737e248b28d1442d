//! Bodies that something went wrong with.

use proptest::prelude::*;
use serde_json::Value;

/// Bytes that are nearly a request: pieces of good ones in any order, and anything at all between them.
pub(crate) fn nearly_a_request() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("]}".to_owned()),
        Just("\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]".to_owned()),
        Just("\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]".to_owned()),
        Just("\"model\":\"gpt-4o-mini\"".to_owned()),
        Just("\"model\":\"claude-haiku-4-5\",\"max_tokens\":7".to_owned()),
        Just("\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]".to_owned()),
        Just("\"input\":\"x\"".to_owned()),
        Just("\"prompt\":\"x\"".to_owned()),
        Just("\"stream\":true".to_owned()),
        Just("\"inputText\":\"x\"".to_owned()),
        Just("\"instances\":[{\"content\":\"x\"}]".to_owned()),
        Just("\"inferenceConfig\":{\"maxTokens\":99999999999}".to_owned()),
        Just(",".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// One thing that goes wrong with a sound body.
#[derive(Debug, Clone)]
pub(crate) enum Spoiling {
    /// The rest from here on is lost.
    Cut(prop::sample::Index),
    /// A byte is another.
    Flip(prop::sample::Index, u8),
    /// A byte stands before another.
    Insert(prop::sample::Index, u8),
    /// A value is another, as JSON or as nearly that.
    Replace(prop::sample::Index, String),
    /// A stretch comes twice.
    Twice(prop::sample::Index, usize),
}

pub(crate) fn spoiling() -> impl Strategy<Value = Spoiling> {
    let index = any::<prop::sample::Index>;
    let odd = prop::sample::select(vec![
        "null",
        "-1",
        "1e999",
        "9999999999999999999999",
        "\"\"",
        "[]",
        "{}",
        "true",
        "\"\\ud800\"",
        "0.5",
        "[[[[]]]]",
        "[null]",
        "\"\\u0000\u{fffd}\u{1f600}\"",
    ]);
    let values = prop_oneof![
        odd.prop_map(str::to_owned),
        Just(format!("\"{}\"", "x".repeat(70_000))),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|flag| flag.to_string()),
    ];
    prop_oneof![
        index().prop_map(Spoiling::Cut),
        (index(), any::<u8>()).prop_map(|(at, byte)| Spoiling::Flip(at, byte)),
        (index(), any::<u8>()).prop_map(|(at, byte)| Spoiling::Insert(at, byte)),
        (index(), values).prop_map(|(at, value)| Spoiling::Replace(at, value)),
        (index(), 1..40_usize).prop_map(|(at, length)| Spoiling::Twice(at, length)),
    ]
}

pub(crate) fn spoiled(body: &str, spoilings: &[Spoiling]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for spoiling in spoilings {
        if bytes.is_empty() {
            break;
        }
        match spoiling {
            Spoiling::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Spoiling::Flip(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] ^= byte;
            }
            Spoiling::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Spoiling::Replace(at, value) => replace_value(&mut bytes, *at, value),
            Spoiling::Twice(at, length) => {
                let start = at.index(bytes.len());
                let again = bytes[start..bytes.len().min(start + length)].to_vec();
                bytes.splice(start..start, again);
            }
        }
    }
    bytes
}

/// Puts `value` in place of one of the values of `bytes`, if these are JSON.
fn replace_value(bytes: &mut Vec<u8>, at: prop::sample::Index, value: &str) {
    let Ok(mut whole) = serde_json::from_slice::<Value>(bytes) else { return };
    let mut places = Vec::new();
    note_places(&whole, String::new(), &mut places);
    let place = whole.pointer_mut(&places[at.index(places.len())]).expect("a place");
    // Numbers that no JSON type holds go in as text, in place of a mark.
    *place = Value::String("@".into());
    *bytes = whole.to_string().replacen("\"@\"", value, 1).into_bytes();
}

fn note_places(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                note_places(inner, format!("{here}/{index}"), places);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                note_places(inner, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        _ => {}
    }
    places.push(here);
}
