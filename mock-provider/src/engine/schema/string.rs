//! Strings: words, formats, patterns, lengths.

use world::Draws;

use super::json::Json;
use super::merge::Unfulfillable;
use super::pattern;
use crate::engine::text::WORDS;

/// Longer strings are not made.
const LONGEST: usize = 16 * 1024;
/// A string of open length has at most this many words.
const USUAL_WORDS: u64 = 3;

/// A string that `schema` allows. A pattern comes before a format, and that before a length.
pub(super) fn string(schema: &Json, draws: &mut Draws) -> Result<String, Unfulfillable> {
    let least = schema.count("minLength").unwrap_or(0);
    let most = schema.count("maxLength").unwrap_or(usize::MAX);
    if least > most || least > LONGEST {
        return Err(Unfulfillable);
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::as_str) {
        return pattern::matching(pattern, (least, most), draws).ok_or(Unfulfillable);
    }
    let format = schema.get("format").and_then(Json::as_str).and_then(|format| formatted(format, draws));
    if let Some(text) = format {
        let fits = (least..=most).contains(&text.chars().count());
        return if fits { Ok(text) } else { Err(Unfulfillable) };
    }
    let count = 1 + draws.below(USUAL_WORDS);
    let mut text = words(draws, count);
    while text.len() < least {
        text.push(' ');
        text.push_str(word(draws));
    }
    // All ASCII, so that bytes are characters.
    text.truncate(most);
    let ends_in_space = text.ends_with(' ');
    if ends_in_space {
        text.pop();
        text.push('s');
    }
    Ok(text)
}

/// `count` words with spaces between them.
pub(super) fn words(draws: &mut Draws, count: u64) -> String {
    let words: Vec<&str> = (0..count).map(|_| word(draws)).collect();
    words.join(" ")
}

fn word(draws: &mut Draws) -> &'static str {
    WORDS[draws.below(WORDS.len() as u64) as usize]
}

/// The name of the `index`-th member that has none of its own.
pub(super) fn name(index: usize) -> String {
    let word = WORDS[index % WORDS.len()];
    match index / WORDS.len() {
        0 => word.to_owned(),
        round => format!("{word}_{round}"),
    }
}

/// A string of a format, or nothing where the format is not known.
fn formatted(format: &str, draws: &mut Draws) -> Option<String> {
    let mut within = |least: u64, most: u64| least + draws.below(most - least + 1);
    Some(match format {
        "date-time" => format!("{}T{}Z", date(&mut within), time(&mut within)),
        "date" => date(&mut within),
        "time" => format!("{}Z", time(&mut within)),
        "duration" => format!("P{}DT{}H", within(1, 30), within(1, 23)),
        "email" | "idn-email" => format!("{}@example.com", word(draws)),
        "hostname" | "idn-hostname" => format!("{}.example.com", word(draws)),
        "uri" | "url" | "iri" => format!("https://example.com/{}/{}", word(draws), word(draws)),
        "uri-reference" | "iri-reference" => format!("/{}/{}", word(draws), word(draws)),
        "ipv4" => format!("192.0.2.{}", within(1, 254)),
        "ipv6" => format!("2001:db8::{:x}", within(1, 0xffff)),
        "uuid" => uuid(draws),
        "json-pointer" => format!("/{}", word(draws)),
        "regex" => format!("^{}$", word(draws)),
        "byte" => "bW9jaw==".to_owned(),
        _ => return None,
    })
}

fn date(within: &mut impl FnMut(u64, u64) -> u64) -> String {
    format!("{}-{:02}-{:02}", within(2020, 2029), within(1, 12), within(1, 28))
}

fn time(within: &mut impl FnMut(u64, u64) -> u64) -> String {
    format!("{:02}:{:02}:{:02}", within(0, 23), within(0, 59), within(0, 59))
}

fn uuid(draws: &mut Draws) -> String {
    let (high, low) = (draws.next_u64(), draws.next_u64());
    let (high, low) = (high & !0xf000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    let text = format!("{high:016x}{low:016x}");
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}
