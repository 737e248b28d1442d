//! Mock Amazon Bedrock: runtime and control paths on one port.

mod async_invoke;
mod auth;
mod claude;
mod converse;
mod count_tokens;
mod decide;
mod failure;
mod guardrail;
mod inference_profiles;
mod invoke;
mod models;
mod prompt;
mod reply;
mod settlement;
mod speech;
mod target;

use std::sync::Arc;

use http::Response;
use world::http::Body;

use wire::bedrock::error::{Error, ErrorKind};
use wire::bedrock::path::{self, Operation, PathError, Route};
use wire::bedrock::sigv4::EventChain;

use crate::call::{Call, Engine};
use crate::plan::MockPlan;
use async_invoke::Invocations;
use auth::Doorkeeper;
use failure::Failure;
use target::Target;

/// The largest request that InvokeModel takes; the service model says 25,000,000 bytes.
pub(crate) const BODY_LIMIT: usize = 25_000_000;

/// The Bedrock surface of a mock.
#[derive(Debug)]
pub(crate) struct Bedrock {
    doorkeeper: Doorkeeper,
    quota: quota::bedrock::Quota,
    invocations: Invocations,
}

impl Bedrock {
    pub(crate) fn new(plan: &MockPlan, quota: quota::bedrock::Quota) -> Self {
        Self { doorkeeper: Doorkeeper::new(plan), quota, invocations: Invocations::default() }
    }

    /// Answers a request, as late as the model would.
    pub(crate) async fn answer(&self, engine: &Arc<Engine>, call: &Call<'_>) -> Response<Body> {
        match self.route(engine, call).await {
            Ok(response) => response,
            Err(failure) => {
                engine.sleep(call, failure::DELAY).await;
                failure.respond(engine, call)
            }
        }
    }

    /// Answers a request whose body is beyond [`BODY_LIMIT`].
    pub(crate) fn too_large(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let message = format!(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less \
             than or equal to {BODY_LIMIT}"
        );
        Failure::from(Error::new(ErrorKind::Validation, message)).respond(engine, call)
    }

    /// Answers a request that asks for a fault that there is not.
    pub(crate) fn refuse(&self, engine: &Engine, call: &Call<'_>, message: &str) -> Response<Body> {
        Failure::invalid(message).respond(engine, call)
    }

    async fn route(&self, engine: &Arc<Engine>, call: &Call<'_>) -> Result<Response<Body>, Failure> {
        let route = path::parse(&call.parts.method, call.path)?;
        let caller = self.doorkeeper.admit(engine, call, &route)?;
        caller.authorize(&route)?;
        let region = caller.region;
        match &route {
            Route::Model { operation, model } => {
                let target = Target::find(&engine.plan, model, region)?;
                self.operate(engine, call, (*operation, caller.events), &target).await
            }
            Route::ListFoundationModels => models::list(engine, call, region),
            Route::ListInferenceProfiles => inference_profiles::list(engine, call, region),
            Route::GetInferenceProfile { profile } => inference_profiles::get(engine, call, region, profile),
            Route::GetFoundationModel { model } => models::get(engine, call, region, model),
            Route::ApplyGuardrail { guardrail, version } => {
                Box::pin(self.apply_guardrail(engine, call, (guardrail, version))).await
            }
            Route::InvokeGuardrailChecks => Box::pin(self.guardrail_checks(engine, call)).await,
            Route::StartAsyncInvoke => Box::pin(self.start_async_invoke(engine, call, region)).await,
            Route::ListAsyncInvokes => self.list_async_invokes(engine, call),
            Route::GetAsyncInvoke { invocation } => self.get_async_invoke(engine, call, invocation),
        }
    }

    /// `events` checks those of a session.
    async fn operate(
        &self,
        engine: &Arc<Engine>,
        call: &Call<'_>,
        (operation, events): (Operation, Option<EventChain>),
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        match operation {
            Operation::Converse => self.converse(engine, call, target).await,
            Operation::ConverseStream => self.converse_stream(engine, call, target).await,
            Operation::InvokeModel => self.invoke(engine, call, target).await,
            Operation::InvokeModelWithResponseStream => self.invoke_stream(engine, call, target).await,
            Operation::CountTokens => self.count_tokens(engine, call, target).await,
            Operation::InvokeModelWithBidirectionalStream => {
                Box::pin(self.converse_live(engine, call, target, events)).await
            }
        }
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        match error {
            PathError::UnknownOperation => ErrorKind::UnknownOperation.into(),
            PathError::InvalidModelId => Error::from(ErrorKind::Validation).into(),
        }
    }
}
