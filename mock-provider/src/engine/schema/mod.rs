//! JSON that a caller's schema allows: arguments of tools, structured answers.
//!
//! Reads JSON Schema as far as providers take it, and Google's own dialect of it (types in capitals,
//! `nullable`, numbers in quotes). Every value has draws of its own, keyed by its place, so that a member
//! more shifts no other. Values are checked against the schema once more; a schema that none of a few
//! attempts fulfils, because nothing can or because it asks for what is not understood here, gets the
//! fallback: an object of one member for an answer, an empty object for a tool.

mod branch;
mod check;
mod generate;
mod json;
mod merge;
mod number;
mod pattern;
mod string;

use indexmap::IndexMap;
use world::Draws;

use generate::Generator;
use json::Json;

/// How often a value is made before the schema counts as unfulfillable. The last half of the attempts
/// leaves out whatever may be left out.
const ATTEMPTS: u32 = 8;

/// A JSON value that `schema` allows; an object of one member where there is no schema or none that can be
/// fulfilled.
pub(crate) fn generate(schema: Option<&str>, draws: &mut Draws) -> String {
    let value = schema.and_then(|schema| fulfil(schema, draws)).unwrap_or_else(|| any_object(draws));
    value.to_string()
}

/// A JSON object that `schema` allows; an empty one where there is no schema, as a tool without arguments
/// is called, or none that can be fulfilled by an object.
pub(crate) fn generate_object(schema: Option<&str>, draws: &mut Draws) -> String {
    match schema.and_then(|schema| fulfil(schema, draws)) {
        Some(object @ Json::Object(_)) => object.to_string(),
        _ => "{}".to_owned(),
    }
}

fn fulfil(schema: &str, draws: &mut Draws) -> Option<Json> {
    let schema: Json = serde_json::from_str(schema).ok()?;
    (0..ATTEMPTS).find_map(|attempt| {
        let draws = Draws::from_hash(draws.next_u64());
        let mut generator = Generator::new(&schema, attempt >= ATTEMPTS / 2);
        let value = generator.value(&schema, &draws, 0).ok()?;
        check::allows(&schema, &schema, &value).then_some(value)
    })
}

fn any_object(draws: &mut Draws) -> Json {
    Json::Object(IndexMap::from([("answer".to_owned(), Json::String(string::words(draws, 3)))]))
}

#[cfg(test)]
mod tests;
