//! Signature Version 4 for Bedrock: signing, verifying, and the errors of a failed check.
//!
//! Time is an argument, in Unix seconds. Key derivation and signature come from the `aws-sigv4` crate; the canonical
//! request is written here from the published algorithm, because the crate's request signer decides by itself which
//! headers count (a verifier must take those that the client names) and derives the key again for every request.
//! Tests hold it against the crate's signer and against botocore.

mod auth_error;
mod authenticator;
mod authorization;
mod canonical;
mod event_chain;
mod key;
mod sign;
mod timestamp;
mod verify;

pub use auth_error::{AuthError, MissingPart};
pub use authenticator::{Authenticator, Mode};
pub use canonical::{Head, PayloadHash};
pub use event_chain::EventChain;
pub use key::{KeyRing, SigningKey};
pub use sign::{SignError, Signer, sign};
pub use timestamp::Timestamp;
pub use verify::{AccessKey, ApiKey, Credentials, Identity, verify};

/// The service name in the credential scope, of runtime and control endpoints alike.
pub const SERVICE: &str = "bedrock";

/// The access key that the mock knows without configuration.
pub const MOCK_ACCESS_KEY: &str = "AKIDEXAMPLE";
/// Its secret.
pub const MOCK_SECRET_KEY: &str = "mock-secret-key";
/// The bearer key that the mock knows without configuration.
pub const MOCK_API_KEY: &str = "bedrock-api-key-MOCK";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
/// How far, in seconds, a request's date may lie from the service's clock, either way.
const MAX_SKEW: u64 = 300;

mod header {
    use http::HeaderName;

    pub(super) const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
    pub(super) const DATE: HeaderName = HeaderName::from_static("x-amz-date");
    pub(super) const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
}
