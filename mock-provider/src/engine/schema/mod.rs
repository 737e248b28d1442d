//! JSON that a caller's schema allows: arguments of tools, structured answers.

mod generate;
mod json;

use world::Draws;

use generate::Generator;
use json::Json;

/// A JSON value that `schema` allows; any object where there is no schema, or none that can be read.
pub(crate) fn generate(schema: Option<&str>, draws: &mut Draws) -> String {
    let schema = schema.and_then(|text| serde_json::from_str::<Json>(text).ok());
    let value = match &schema {
        Some(schema) => Generator::new(schema, draws).value(),
        None => generate::any_object(draws),
    };
    value.to_string()
}

/// A JSON object that `schema` allows; an empty one where there is no schema, as a tool without arguments
/// is called.
pub(crate) fn generate_object(schema: Option<&str>, draws: &mut Draws) -> String {
    let Some(schema) = schema else { return "{}".to_owned() };
    let text = generate(Some(schema), draws);
    if text.starts_with('{') { text } else { "{}".to_owned() }
}
