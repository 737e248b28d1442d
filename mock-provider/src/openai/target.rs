//! What a request is for: where it came in, and which model it means.

use std::borrow::Cow;

use http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;
use wire::openai::diagnosis::invalid;
use wire::openai::path::{Host, Path};

use super::failure::Failure;
use super::model::Model;
use crate::call::Engine;
use crate::profile::{Kind, Profile};
use crate::surface::Surface;

/// A model that a request means, and what is known of it.
#[derive(Debug)]
pub(super) struct Target<'a> {
    /// What the request calls it.
    pub(super) name: &'a str,
    pub(super) model: Model,
    pub(super) profile: &'a Profile,
}

impl<'a> Target<'a> {
    /// The model that a request means: the deployment in its path, or else what its body names.
    pub(super) fn find(
        engine: &'a Engine,
        host: &'a Host<'_>,
        named: &'a str,
        kind: Kind,
    ) -> Result<Self, Failure> {
        let name = match host {
            Host::AzureDeployment(deployment) => deployment,
            _ => named,
        };
        if name.is_empty() {
            return Err(Failure::message("you must provide a model parameter"));
        }
        if !engine.plan.lists(Surface::OpenAi, Some(kind), name) {
            return Err(Failure::no_model(name));
        }
        let profile = engine.plan.profile_of(Surface::OpenAi, kind, name);
        Ok(Self { name, model: Model::of(name), profile })
    }

    /// Refuses models that only complete texts.
    pub(super) fn must_chat(&self) -> Result<(), Failure> {
        if !self.model.is_legacy() {
            return Ok(());
        }
        Err(wrong_endpoint(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to \
             use v1/completions?",
        ))
    }

    /// Refuses models that only chat. A model that the user added does both.
    pub(super) fn must_complete(&self) -> Result<(), Failure> {
        if self.model.is_legacy() || !self.model.is_known() {
            return Ok(());
        }
        Err(wrong_endpoint(
            "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use \
             v1/chat/completions?",
        ))
    }

    /// The name under which it answers.
    pub(super) fn served(&self) -> &'a str {
        self.model.served(self.name)
    }
}

fn wrong_endpoint(message: &'static str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, invalid("model", "", message))
}

/// The body with a model in it: at Azure the path names the deployment, and the body may say nothing.
pub(super) fn with_model<'b>(body: &'b [u8], path: &Path<'_>) -> Cow<'b, [u8]> {
    let Host::AzureDeployment(deployment) = &path.host else { return Cow::Borrowed(body) };
    let Some(brace) = body.iter().position(|byte| *byte == b'{') else { return Cow::Borrowed(body) };
    if names_model(body) {
        return Cow::Borrowed(body);
    }
    let name = wire::json::to_bytes(&deployment.as_ref());
    let is_empty = body[brace + 1..].trim_ascii_start().first() == Some(&b'}');
    let comma: &[u8] = if is_empty { b"" } else { b"," };
    Cow::Owned([&body[..=brace], b"\"model\":", &name, comma, &body[brace + 1..]].concat())
}

/// Whether the body has a model, or cannot be read: then its error is told as it is.
fn names_model(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        model: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Named>(body).map_or(true, |named| named.model.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_stands_in_for_a_model_that_the_body_does_not_name() {
        let check = |path: &str, body: &str, expected: &str| {
            let path = Path::parse(path).expect(path);
            let found = with_model(body.as_bytes(), &path);
            assert_eq!(std::str::from_utf8(&found).expect("text"), expected);
        };
        let azure = "/openai/deployments/my%20gpt/chat/completions";
        check(azure, r#" {"messages":[]}"#, r#" {"model":"my gpt","messages":[]}"#);
        check(azure, "{ }", r#"{"model":"my gpt" }"#);
        check(azure, r#"{"model":"x"}"#, r#"{"model":"x"}"#);
        check(azure, "{", "{");
        check(azure, "", "");
        check("/v1/chat/completions", "{}", "{}");
    }
}
