//! Mistral's models: chat in OpenAI's shape, the model's errors in Mistral's own.

use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode};
use wire::openai::error::ErrorDetail;
use world::http::Body;

use crate::call::{Call, Engine};
use crate::openai::chat::{self, UsageForm};
use crate::openai::prompt::Prompt;
use crate::vertex::Vertex;
use crate::vertex::chat::{Refused, Speaker};
use crate::vertex::front::{Counted, Failure, Request, reply};

/// Prompt and answer together, and an answer alone, in tokens.
const SIZE: (u32, u32) = (131_072, 131_072);

impl Vertex {
    /// `publishers/mistralai/models/{model}:rawPredict`, streamed or not by the verb.
    pub(in crate::vertex) async fn mistral(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (model, is_streamed): (&str, bool),
    ) -> Result<Response<Body>, Failure> {
        let body = in_openais_words(call.body);
        let speaker = |prompt| Speaker {
            model,
            served: model.into(),
            size: SIZE,
            system_fingerprint: None,
            counted: Counted::Predictions,
            prompt,
            usage: UsageForm::OpenAi,
        };
        let spoken = match chat::read(&body) {
            Ok(body) => {
                let speaker = speaker(Prompt::of_chat(&body));
                self.speak(engine, call, request, (body, is_streamed), speaker).await
            }
            Err(detail) => Err(Refused::Model(detail)),
        };
        match spoken {
            Ok(response) => Ok(response),
            Err(Refused::Platform(failure)) => Err(failure),
            Err(Refused::Model(detail)) => Ok(in_mistrals_words(engine, &detail)),
        }
    }
}

/// Mistral's own error.
fn in_mistrals_words(engine: &Engine, detail: &ErrorDetail<'_>) -> Response<Body> {
    #[derive(serde::Serialize)]
    struct MistralError<'a> {
        object: &'a str,
        message: &'a str,
        r#type: &'a str,
        param: Option<&'a str>,
        code: Option<&'a str>,
    }
    let error = MistralError {
        object: "error",
        message: &detail.message,
        r#type: "invalid_request_error",
        param: detail.param.as_deref(),
        code: None,
    };
    let body = Body::full(wire::json::to_bytes(&error));
    reply::base(engine, StatusCode::BAD_REQUEST, HeaderValue::from_static("application/json"), body)
}

/// Mistral calls `any` what OpenAI calls `required`.
fn in_openais_words(body: &[u8]) -> Cow<'_, [u8]> {
    const KEY: &[u8] = b"\"tool_choice\"";
    let place = || {
        let key = body.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
        let value = body[key..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let rest = value.strip_prefix(b"\"any\"")?;
        Some((&body[..body.len() - value.len()], rest))
    };
    match place() {
        Some((before, rest)) => Cow::Owned([before, b"\"required\"", rest].concat()),
        None => Cow::Borrowed(body),
    }
}

#[cfg(test)]
mod tests {
    use super::in_openais_words;

    #[test]
    fn mistrals_any_is_openais_required() {
        for (body, expected) in [
            (r#"{"tool_choice":"any","n":1}"#, r#"{"tool_choice":"required","n":1}"#),
            (r#"{"tool_choice" : "any"}"#, r#"{"tool_choice" : "required"}"#),
            (r#"{"tool_choice":"auto"}"#, r#"{"tool_choice":"auto"}"#),
            (r#"{"content":"any"}"#, r#"{"content":"any"}"#),
        ] {
            assert_eq!(&*in_openais_words(body.as_bytes()), expected.as_bytes());
        }
    }
}
