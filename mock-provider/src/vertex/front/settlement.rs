//! What a request holds of its quota while it is answered.

use quota::vertex::{Admission, Quota, Refusal};
use wire::vertex::error::Case;
use wire::vertex::generate_content::TrafficType;
use world::Domain;

use super::failure::Failure;
use super::request::Request;
use crate::call::Call;
use crate::engine::identity::Identity;

/// Which of a project's quotas a request counts toward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vertex) enum Counted {
    /// Requests of a Gemini model.
    Gemini,
    /// Requests and tokens of a Claude model.
    Claude,
    /// Tokens of an embedding model.
    Embeddings,
    /// Requests of any other model.
    Predictions,
    /// The capacity that was bought, and nothing else.
    Provisioned,
}

impl Counted {
    /// What a request of a Gemini model counts toward.
    pub(in crate::vertex) fn of_gemini(call: &Call<'_>) -> Self {
        if is_dedicated(call) { Self::Provisioned } else { Self::Gemini }
    }

    /// How the service words a refusal.
    fn case(self, refusal: Refusal) -> Case {
        match (self, refusal) {
            (Self::Provisioned, _) => Case::ProvisionedThroughput,
            (_, Refusal::SharedPool) => Case::ResourceExhausted,
            (Self::Gemini, _) => Case::GeminiQuota,
            (Self::Claude, Refusal::Requests) => Case::ClaudeRequestsQuota,
            (Self::Claude, Refusal::InputTokens) => Case::ClaudeTokensQuota,
            (Self::Claude, Refusal::OutputTokens) => Case::ClaudeOutputTokensQuota,
            (Self::Embeddings, _) => Case::EmbeddingQuota,
            (Self::Predictions, _) => Case::PredictionQuota,
        }
    }
}

/// Whose capacity the caller asked for.
pub(in crate::vertex) fn traffic_of(call: &Call<'_>) -> TrafficType {
    if is_dedicated(call) {
        return TrafficType::ProvisionedThroughput;
    }
    match call.header("x-vertex-ai-llm-shared-request-type") {
        Some("priority") => TrafficType::OnDemandPriority,
        Some("flex") => TrafficType::OnDemandFlex,
        _ => TrafficType::OnDemand,
    }
}

/// Whether the caller takes nothing but the capacity that was bought.
fn is_dedicated(call: &Call<'_>) -> bool {
    call.header("x-vertex-ai-llm-request-type") == Some("dedicated")
}

/// Counts the output when dropped: what was generated until then.
#[derive(Debug)]
pub(in crate::vertex) struct Settlement {
    admission: Option<Admission>,
    output: u64,
}

impl Settlement {
    /// Counts a request of `input` tokens.
    pub(in crate::vertex) fn admit(
        (quota, pool): (&Quota, &Domain),
        request: &Request<'_>,
        identity: &Identity,
        input: u64,
        counted: Counted,
    ) -> Result<Self, Failure> {
        Self::admit_to((quota, pool), request.quota_scope(), identity, input, counted)
    }

    /// The same for a scope of its own.
    pub(in crate::vertex) fn admit_to(
        (quota, pool): (&Quota, &Domain),
        scope: quota::vertex::Scope<'_>,
        identity: &Identity,
        input: u64,
        counted: Counted,
    ) -> Result<Self, Failure> {
        let draw = pool.draws_n(identity.arrival).unit();
        let admission =
            quota.admit(scope, input, draw).map_err(|refusal| Failure::Case(counted.case(refusal)))?;
        Ok(Self { admission: Some(admission), output: 0 })
    }

    /// Notes how many tokens have been generated so far.
    pub(in crate::vertex) fn generated(&mut self, tokens: u32) {
        self.output = u64::from(tokens);
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            admission.settle(self.output);
        }
    }
}
