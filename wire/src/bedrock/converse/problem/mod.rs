//! What the service finds wrong with a well-formed Converse request, in its own words.
//!
//! The service counts all violated constraints of its model before it looks at the conversation, and at that before
//! it asks what the model behind can do.

mod constraints;
mod support;
mod turns;

use super::request::Request;
use crate::bedrock::model::Abilities;

/// A violated constraint, or a conversation that makes no sense.
pub(super) fn of_request(request: &Request<'_>) -> Option<String> {
    constraints::violated(request).or_else(|| turns::problem(request)).or_else(|| pointers(request))
}

fn pointers(request: &Request<'_>) -> Option<String> {
    let paths = &request.additional_model_response_field_paths;
    let wrong = paths.iter().position(|path| !path.starts_with('/'))?;
    Some(format!(
        "The value at additionalModelResponseFieldPaths.{wrong} is not a valid JSON pointer. Provide a JSON pointer that starts with a slash and try again."
    ))
}

/// What a sound request asks of a model that cannot do it.
pub(super) fn of_support(request: &Request<'_>, abilities: Abilities) -> Option<String> {
    support::problem(request, abilities)
}

#[cfg(test)]
fn problem(body: &str) -> Option<String> {
    Request::parse(body.as_bytes()).unwrap().problem()
}
