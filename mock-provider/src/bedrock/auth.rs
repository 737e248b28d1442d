//! Who may enter, and which region the caller means.

use wire::bedrock::sigv4::{Authenticator, Credentials, Head, Mode};

use super::failure::Failure;
use crate::call::{Call, Engine};
use crate::file::AuthMode;
use crate::plan::MockPlan;

/// The region of callers that name none, as with bearer keys on a loopback host.
const DEFAULT_REGION: &str = "us-east-1";

#[derive(Debug)]
pub(super) struct Doorkeeper {
    authenticator: Authenticator,
    region: String,
}

impl Doorkeeper {
    pub(super) fn new(plan: &MockPlan) -> Self {
        let mode = match plan.auth {
            AuthMode::Off => Mode::Off,
            AuthMode::Presence => Mode::Presence,
            AuthMode::Strict => Mode::Strict,
        };
        let mut authenticator = Authenticator::new(mode, Credentials::default());
        if let Some(region) = &plan.region {
            authenticator = authenticator.in_region(region);
        }
        Self { authenticator, region: plan.region.clone().unwrap_or(DEFAULT_REGION.to_owned()) }
    }

    /// Lets a caller in and says which region it means.
    pub(super) fn admit<'c>(&'c self, engine: &Engine, call: &'c Call<'_>) -> Result<&'c str, Failure> {
        // As it came, a wish for a fault included: the caller signed it so.
        let signed = fault::wish::signed(call.parts);
        let mut head = Head::of_parts(call.parts);
        if let Some(signed) = &signed {
            head = Head { path: &signed.path, headers: &signed.headers, ..head };
        }
        self.authenticator.authenticate(&head, call.body, engine.clock.unix_micros() / 1_000_000)?;
        Ok(scope_region(call).or_else(|| host_region(call)).unwrap_or(&self.region))
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
