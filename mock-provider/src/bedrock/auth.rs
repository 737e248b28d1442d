//! Who may enter, what they may do, and which region they mean.
//!
//! Beside the credentials that work there are some that are known and do not, so that a client can meet each
//! refusal by what it shows.

use wire::bedrock::error::{Error, ErrorKind, text};
use wire::bedrock::model::ModelId;
use wire::bedrock::path::{Operation, Route};
use wire::bedrock::sigv4::{
    AccessKey, ApiKey, Authenticator, Credentials, EventChain, Head, Identity, MOCK_SECRET_KEY, Mode,
};

use super::failure::Failure;
use super::inference_profiles::ACCOUNT;
use crate::call::{Call, Engine};
use crate::file::AuthMode;
use crate::plan::MockPlan;

/// The region of callers that name none, as with bearer keys on a loopback host.
const DEFAULT_REGION: &str = "us-east-1";

/// The session token of temporary keys. All keys have the mock's one secret.
const SESSION_TOKEN: &str = "mock-session-token";
/// A temporary key.
const TEMPORARY_KEY: &str = "ASIAEXAMPLE";
/// A temporary key whose token has expired.
const EXPIRED_KEY: &str = "ASIAEXPIRED";
/// The key of a user whom no policy allows anything.
const POWERLESS_KEY: &str = "AKIDPOWERLESS";
/// A bearer key that was good once.
const EXPIRED_API_KEY: &str = "bedrock-api-key-EXPIRED";

#[derive(Debug)]
pub(super) struct Doorkeeper {
    authenticator: Authenticator,
    region: String,
}

/// Somebody who was let in.
#[derive(Debug)]
pub(super) struct Caller<'c> {
    /// The region that is meant.
    pub(super) region: &'c str,
    /// What the events of a session are checked by, where they are to be checked.
    pub(super) events: Option<EventChain>,
    is_powerless: bool,
}

impl Doorkeeper {
    pub(super) fn new(plan: &MockPlan) -> Self {
        let mode = match plan.auth {
            AuthMode::Off => Mode::Off,
            AuthMode::Presence => Mode::Presence,
            AuthMode::Strict => Mode::Strict,
        };
        let mut authenticator = Authenticator::new(mode, credentials());
        if let Some(region) = &plan.region {
            authenticator = authenticator.in_region(region);
        }
        Self { authenticator, region: plan.region.clone().unwrap_or(DEFAULT_REGION.to_owned()) }
    }

    /// Lets a caller in.
    pub(super) fn admit<'c>(
        &'c self,
        engine: &Engine,
        call: &'c Call<'_>,
        route: &Route<'_>,
    ) -> Result<Caller<'c>, Failure> {
        // As it came, a wish for a fault included: the caller signed it so.
        let signed = fault::wish::signed(call.parts);
        let mut head = Head::of_parts(call.parts);
        if let Some(signed) = &signed {
            head = Head { path: &signed.path, headers: &signed.headers, ..head };
        }
        let now = engine.clock.unix_micros() / 1_000_000;
        let is_live =
            matches!(route, Route::Model { operation: Operation::InvokeModelWithBidirectionalStream, .. });
        let (identity, events) = if is_live {
            self.authenticator.authenticate_stream(&head, now)?
        } else {
            (self.authenticator.authenticate(&head, call.body, now)?, None)
        };
        Ok(Caller {
            region: scope_region(call).or_else(|| host_region(call)).unwrap_or(&self.region),
            events,
            is_powerless: identity == Identity::AccessKey(POWERLESS_KEY),
        })
    }
}

/// What the mock knows.
fn credentials() -> Credentials {
    let mut known = Credentials::default();
    let key = |token: Option<&str>, expired| AccessKey {
        secret: MOCK_SECRET_KEY.to_owned(),
        session_token: token.map(str::to_owned),
        expired,
    };
    known.access_keys.extend([
        (TEMPORARY_KEY.to_owned(), key(Some(SESSION_TOKEN), false)),
        (EXPIRED_KEY.to_owned(), key(Some(SESSION_TOKEN), true)),
        (POWERLESS_KEY.to_owned(), key(None, false)),
    ]);
    known.api_keys.insert(EXPIRED_API_KEY.to_owned(), ApiKey { expired: true });
    known
}

impl Caller<'_> {
    /// Whether a policy allows what is asked.
    pub(super) fn authorize(&self, route: &Route<'_>) -> Result<(), Failure> {
        if !self.is_powerless {
            return Ok(());
        }
        let (action, resource) = self.need(route);
        let user = format!("arn:aws:iam::{ACCOUNT}:user/powerless");
        Err(Error::new(ErrorKind::AccessDenied, text::not_authorized(&user, action, &resource)).into())
    }

    /// The action that a request takes, and on what.
    fn need(&self, route: &Route<'_>) -> (&'static str, String) {
        let region = self.region;
        let own = |kind: &str, id: &str| format!("arn:aws:bedrock:{region}:{ACCOUNT}:{kind}/{id}");
        let any = |action| (action, "*".to_owned());
        match route {
            Route::Model { operation, model } => (operation.action(), self.model_arn(model)),
            Route::GetFoundationModel { model } => ("GetFoundationModel", self.model_arn(model)),
            Route::GetInferenceProfile { profile } => ("GetInferenceProfile", self.model_arn(profile)),
            Route::ApplyGuardrail { guardrail, .. } => ("ApplyGuardrail", own("guardrail", guardrail)),
            Route::GetAsyncInvoke { invocation } => ("GetAsyncInvoke", invocation.to_string()),
            Route::ListFoundationModels => any("ListFoundationModels"),
            Route::ListInferenceProfiles => any("ListInferenceProfiles"),
            Route::InvokeGuardrailChecks => any("InvokeGuardrailChecks"),
            Route::StartAsyncInvoke => any("StartAsyncInvoke"),
            Route::ListAsyncInvokes => any("ListAsyncInvokes"),
        }
    }

    fn model_arn(&self, text: &str) -> String {
        let id = ModelId::new(text);
        let region = self.region;
        match id.profile() {
            _ if id.is_arn() => text.to_owned(),
            Some(_) => format!("arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{text}"),
            None => id.foundation_model_arn(region),
        }
    }
}

/// The region in the credential scope: `Credential=AKID/20260101/us-east-1/bedrock/aws4_request`.
fn scope_region<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (_, credential) = call.header(http::header::AUTHORIZATION)?.split_once("Credential=")?;
    credential.split('/').nth(2).filter(|region| is_region(region))
}

/// The region in the host: `bedrock-runtime.us-east-1.amazonaws.com`.
fn host_region<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let host = call.header(http::header::HOST)?;
    host.strip_prefix("bedrock")?.split('.').nth(1).filter(|region| is_region(region))
}

fn is_region(text: &str) -> bool {
    (3..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
