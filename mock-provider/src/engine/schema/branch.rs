//! One of several alternatives.

use indexmap::IndexMap;
use world::Draws;

use super::check;
use super::generate::{Generator, draws_of};
use super::json::Json;
use super::merge::{Unfulfillable, merged};

/// A value of one of the `branches` that the schema gives under `key`.
///
/// Which comes first is drawn, with `null` behind the others mostly; in the depth of a recursive schema
/// the simplest comes first, so that it ends. A branch that cannot be fulfilled, or whose value another
/// branch of `oneOf` allows too, makes way for the next.
pub(super) fn value(
    generator: &mut Generator<'_>,
    schema: &Json,
    (key, branches): (&str, &[Json]),
    draws: &Draws,
    depth: usize,
) -> Result<Json, Unfulfillable> {
    let base = without(schema, key);
    let mut drawn = draws_of(draws, key);
    let turn = drawn.below(branches.len() as u64) as usize;
    let nulls_last = drawn.below(8) > 0;
    let mut order: Vec<usize> = (0..branches.len()).map(|index| (index + turn) % branches.len()).collect();
    if generator.is_sparing(depth) {
        order.sort_by_key(|index| weight(&branches[*index]));
    } else if nulls_last {
        order.sort_by_key(|index| weight(&branches[*index]) == 0);
    }
    for index in order {
        let Ok(branch) = merged(&base, &branches[index]) else { continue };
        let draws = draws_of(draws, &format!("{key}{index}"));
        let Ok(value) = generator.value(&branch, &draws, depth + 1) else { continue };
        if key == "anyOf" || check::allows(generator.root(), schema, &value) {
            return Ok(value);
        }
    }
    Err(Unfulfillable)
}

fn without(schema: &Json, key: &str) -> Json {
    let mut members: IndexMap<String, Json> = schema.as_object().cloned().unwrap_or_default();
    members.shift_remove(key);
    Json::Object(members)
}

/// How much a value of this schema may grow.
fn weight(schema: &Json) -> u8 {
    if schema.get("const").is_some() || schema.get("enum").is_some() {
        return 1;
    }
    match schema.get("type").and_then(Json::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("null") => 0,
        Some("boolean" | "integer" | "number" | "string") => 1,
        Some("array") => 2,
        Some("object") => 3,
        _ => 4,
    }
}
