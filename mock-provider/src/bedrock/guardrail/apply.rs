//! ApplyGuardrail: the guardrail by itself, without a model.

use http::Response;
use wire::bedrock::error::{Error, ErrorKind, text};
use wire::bedrock::guardrail::{Action, ContentBlock, Output, Request, Response as Applied};
use world::http::Body;

use super::policy::{self, Findings};
use super::{BLOCKED_MESSAGE, DELAY};
use crate::bedrock::failure::Failure;
use crate::bedrock::{Bedrock, reply};
use crate::call::{Call, Engine};

impl Bedrock {
    pub(in crate::bedrock) async fn apply_guardrail(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        (guardrail, version): (&str, &str),
    ) -> Result<Response<Body>, Failure> {
        check_names(guardrail, version)?;
        let request = Request::parse(call.body)
            .map_err(|error| Failure::invalid(text::malformed_input(&error.to_string())))?;
        engine.sleep(call, DELAY).await;
        Ok(reply::json(engine, call, applied(&request).to_bytes()))
    }
}

/// Lower-case letters and digits, or an ARN that ends in them.
pub(super) fn is_id(guardrail: &str) -> bool {
    let id = guardrail.rsplit('/').next().unwrap_or(guardrail);
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `DRAFT` or a number.
pub(super) fn is_version(version: &str) -> bool {
    version == "DRAFT"
        || (1..=8).contains(&version.len())
            && !version.starts_with('0')
            && version.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_names(guardrail: &str, version: &str) -> Result<(), Failure> {
    if is_id(guardrail) && is_version(version) {
        return Ok(());
    }
    let message = "The guardrail identifier or version provided in the request does not exist.";
    Err(Error::new(ErrorKind::ResourceNotFound, message).into())
}

fn applied(request: &Request<'_>) -> Applied {
    let texts: Vec<&str> = request
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Text(block) => Some(block.text.as_str()),
            ContentBlock::Image(_) => None,
        })
        .collect();
    let findings = Findings::of(texts.iter().copied());
    let is_full = request.output_scope.as_deref() == Some("FULL");
    let outputs = if findings.blocks() {
        vec![Output { text: BLOCKED_MESSAGE.to_owned() }]
    } else if findings.hides() || is_full {
        texts.iter().map(|text| Output { text: policy::hidden(text) }).collect()
    } else {
        Vec::new()
    };
    let (action, reason) = match (findings.blocks(), findings.hides()) {
        (true, _) => (Action::GuardrailIntervened, "Guardrail blocked."),
        (false, true) => (Action::GuardrailIntervened, "Guardrail masked."),
        (false, false) => (Action::None, "No action."),
    };
    Applied {
        action,
        action_reason: reason.to_owned(),
        assessments: vec![findings.assessment()],
        guardrail_coverage: findings.coverage(),
        outputs,
        usage: findings.usage(),
    }
}
