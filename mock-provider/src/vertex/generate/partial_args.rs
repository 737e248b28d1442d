//! The arguments of a call in the pieces in which a stream brings them, where it is asked to.

use serde_json::Value;
use wire::vertex::generate_content::PartialArg;

/// Characters of a text in one piece, about a few tokens.
const PIECE_CHARS: usize = 12;

/// The pieces of `arguments`, a JSON object; an empty list or object in it is no piece.
pub(super) fn pieces(arguments: &str) -> Vec<PartialArg<'static>> {
    let mut pieces = Vec::new();
    if let Ok(value) = serde_json::from_str(arguments) {
        collect("$", value, &mut pieces);
    }
    pieces
}

fn collect(path: &str, value: Value, pieces: &mut Vec<PartialArg<'static>>) {
    let mut piece = PartialArg { json_path: path.to_owned().into(), ..PartialArg::default() };
    match value {
        Value::Object(members) => {
            return members
                .into_iter()
                .for_each(|(name, value)| collect(&format!("{path}.{name}"), value, pieces));
        }
        Value::Array(items) => {
            let indexed = items.into_iter().enumerate();
            return indexed.for_each(|(index, value)| collect(&format!("{path}[{index}]"), value, pieces));
        }
        Value::String(text) => return pieces.extend(of_text(&piece, &text)),
        Value::Number(number) => piece.number_value = Some(number),
        Value::Bool(flag) => piece.bool_value = Some(flag),
        Value::Null => piece.null_value = Some("NULL_VALUE".into()),
    }
    pieces.push(piece);
}

/// A text of no characters is one piece all the same.
fn of_text(piece: &PartialArg<'static>, text: &str) -> Vec<PartialArg<'static>> {
    let characters: Vec<char> = text.chars().collect();
    let count = characters.len().div_ceil(PIECE_CHARS).max(1);
    (0..count)
        .map(|number| {
            let characters = characters.iter().skip(number * PIECE_CHARS).take(PIECE_CHARS);
            PartialArg {
                string_value: Some(characters.collect::<String>().into()),
                will_continue: number + 1 < count,
                ..piece.clone()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_is_sent_and_texts_in_pieces() {
        let pieces = pieces(r#"{"a":{"city":"a text of some length"},"b":[1,true,null],"c":""}"#);
        let json = |piece| String::from_utf8_lossy(&wire::json::to_bytes(piece)).into_owned();
        let sent: Vec<String> = pieces.iter().map(json).collect();
        assert_eq!(
            sent,
            [
                r#"{"jsonPath":"$.a.city","stringValue":"a text of so","willContinue":true}"#,
                r#"{"jsonPath":"$.a.city","stringValue":"me length"}"#,
                r#"{"jsonPath":"$.b[0]","numberValue":1}"#,
                r#"{"jsonPath":"$.b[1]","boolValue":true}"#,
                r#"{"jsonPath":"$.b[2]","nullValue":"NULL_VALUE"}"#,
                r#"{"jsonPath":"$.c","stringValue":""}"#,
            ]
        );
    }
}
