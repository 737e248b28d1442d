//! Strings that match a pattern.
//!
//! The pattern is read as Rust's regex syntax, which is JSON Schema's without look-around and
//! back-references; with those there is no string here.

use std::ops::RangeInclusive;

use regex_syntax::hir::{Class, Hir, HirKind};
use world::Draws;

/// How far a repetition may go beyond its least, attempt by attempt: short texts first, then as long as it
/// takes.
const STRETCHES: [u64; 9] = [2, 2, 0, 4, 8, 32, 128, 1_024, 8_192];
/// Longer texts are not made.
const LONGEST: usize = 16 * 1024;

/// A text that matches `pattern` and has as many characters as allowed.
pub(super) fn matching(pattern: &str, (least, most): (usize, usize), draws: &mut Draws) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    STRETCHES.iter().find_map(|stretch| {
        let mut text = String::new();
        write(&hir, *stretch, draws, &mut text)?;
        let fits = (least..=most).contains(&text.chars().count());
        fits.then_some(text)
    })
}

/// Appends a text of `hir`; none when it would be too long, or nothing matches.
fn write(hir: &Hir, stretch: u64, draws: &mut Draws, out: &mut String) -> Option<()> {
    if out.len() > LONGEST {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => out.push(character(class, draws)?),
        HirKind::Capture(capture) => write(&capture.sub, stretch, draws, out)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, stretch, draws, out))?,
        HirKind::Alternation(parts) => {
            let chosen = draws.below(parts.len() as u64) as usize;
            write(&parts[chosen], stretch, draws, out)?;
        }
        HirKind::Repetition(repetition) => {
            let least = u64::from(repetition.min);
            let most = repetition.max.map_or(u64::MAX, u64::from).min(least + stretch);
            for _ in 0..least + draws.below(most - least + 1) {
                write(&repetition.sub, stretch, draws, out)?;
            }
        }
    }
    Some(())
}

/// A character of a class: a letter or digit of ASCII if there is one, else a printable one, else any.
fn character(class: &Class, draws: &mut Draws) -> Option<char> {
    const LIKED: [&[RangeInclusive<char>]; 2] = [&['a'..='z', '0'..='9', 'A'..='Z'], &[' '..='~']];
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    for liked in LIKED {
        let allowed: Vec<char> = liked
            .iter()
            .flat_map(Clone::clone)
            .filter(|character| ranges.iter().any(|(start, end)| (start..=end).contains(&character)))
            .collect();
        if !allowed.is_empty() {
            return Some(allowed[draws.below(allowed.len() as u64) as usize]);
        }
    }
    ranges.first().map(|(start, _)| *start)
}
