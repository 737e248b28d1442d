//! CountTokens.

use std::time::Duration;

use http::Response;
use wire::bedrock::converse;
use wire::bedrock::count_tokens::{Input, MODEL_ID_LIMIT, Request, Response as Counted};
use wire::bedrock::error::text;
use wire::bedrock::model::Family;
use world::http::Body;

use super::failure::Failure;
use super::target::Target;
use super::{Bedrock, claude, invoke, prompt, reply};
use crate::call::{Call, Engine};

/// How long a count takes: no model is asked. Our assumption.
const DELAY: Duration = Duration::from_millis(30);

impl Bedrock {
    pub(super) async fn count_tokens(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        if !target.family.converses() {
            return Err(Failure::invalid(text::UNSUPPORTED_ACTION));
        }
        let id = target.id;
        if id.is_arn() || id.profile().is_some() || id.as_str().len() > MODEL_ID_LIMIT {
            return Err(Failure::invalid(text::UNKNOWN_MODEL));
        }
        let request = Request::parse(call.body).map_err(|error| malformed(&error))?;
        let input_tokens = count(&request, target)?;
        engine.sleep(call, DELAY).await;
        Ok(reply::json(engine, call, Counted { input_tokens }.to_bytes()))
    }
}

fn count(request: &Request<'_>, target: &Target<'_>) -> Result<u64, Failure> {
    match &request.input {
        Input::Converse(conversation) => count_conversation(conversation, target),
        Input::InvokeModel(invocation) => {
            let body = invocation
                .decoded()
                .ok_or_else(|| Failure::invalid(text::malformed_input("body: invalid base64")))?;
            if target.family == Family::Claude {
                return claude::prompt_tokens(&body, target);
            }
            invoke::prompt_tokens(&body, target).map_err(Failure::invalid)
        }
    }
}

fn count_conversation(conversation: &converse::Request<'_>, target: &Target<'_>) -> Result<u64, Failure> {
    match conversation.problem() {
        Some(problem) => Err(Failure::invalid(problem)),
        None => Ok(prompt::tokens_of(conversation, target)),
    }
}

fn malformed(error: &wire::json::Error) -> Failure {
    Failure::invalid(text::malformed_input(&error.to_string()))
}
