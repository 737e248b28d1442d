//! The door of an emulated endpoint: how strictly it looks at credentials.

use http::header::AUTHORIZATION;

use super::auth_error::AuthError;
use super::authorization::Claim;
use super::canonical::{Head, PayloadHash};
use super::event_chain::EventChain;
use super::key::KeyRing;
use super::verify::{Credentials, Identity, bearer, verify};

/// How strictly credentials are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Not at all.
    Off,
    /// There must be some.
    Presence,
    /// As the service does.
    #[default]
    Strict,
}

/// Checks credentials in one mode, for one region or any.
#[derive(Debug, Default)]
pub struct Authenticator {
    mode: Mode,
    credentials: Credentials,
    region: Option<String>,
    keys: KeyRing,
}

impl Authenticator {
    /// With these credentials, for any region.
    pub fn new(mode: Mode, credentials: Credentials) -> Self {
        Self { mode, credentials, region: None, keys: KeyRing::default() }
    }

    /// Only for this region.
    #[must_use]
    pub fn in_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// How strictly it checks.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Says who calls. The body is hashed only if the mode is strict; `now` is in Unix seconds.
    ///
    /// # Errors
    /// The first check of the mode that fails.
    pub fn authenticate<'a>(
        &self,
        head: &Head<'a>,
        body: &[u8],
        now: u64,
    ) -> Result<Identity<'a>, AuthError> {
        match self.mode {
            Mode::Off => Ok(claimed(head).unwrap_or(Identity::Anonymous)),
            Mode::Presence => claimed(head).ok_or(AuthError::MissingToken),
            Mode::Strict => {
                let payload = PayloadHash::of(body);
                verify(head, &payload, &self.credentials, self.region.as_deref(), &self.keys, now)
            }
        }
    }
}

impl Authenticator {
    /// Says who opens a stream of signed events, and how its events are to be checked: not at all with a bearer key, or
    /// where the mode is not strict. `now` is in Unix seconds.
    ///
    /// # Errors
    /// The first check of the mode that fails.
    pub fn authenticate_stream<'a>(
        &self,
        head: &Head<'a>,
        now: u64,
    ) -> Result<(Identity<'a>, Option<EventChain>), AuthError> {
        if self.mode != Mode::Strict {
            return Ok((self.authenticate(head, b"", now)?, None));
        }
        let payload = PayloadHash::of_stream(head);
        let identity = verify(head, &payload, &self.credentials, self.region.as_deref(), &self.keys, now)?;
        let chain = match identity {
            Identity::AccessKey(id) => self.chain(head, id),
            Identity::ApiKey(_) | Identity::Anonymous => None,
        };
        Ok((identity, chain))
    }

    /// The chain that a verified request begins.
    fn chain(&self, head: &Head<'_>, access_key: &str) -> Option<EventChain> {
        let claim = Claim::of_head(head, head.text(&AUTHORIZATION)?).ok()?;
        let key = self.credentials.access_keys.get(access_key)?;
        Some(EventChain::begin(&key.secret, claim.region, claim.moment.unix_seconds(), claim.signature))
    }
}

/// Who the caller says it is.
fn claimed<'a>(head: &Head<'a>) -> Option<Identity<'a>> {
    let authorization = head.text(&AUTHORIZATION)?;
    let by_key = || Claim::access_key_of(authorization).map(Identity::AccessKey);
    Some(bearer(authorization).map(Identity::ApiKey).or_else(by_key).unwrap_or(Identity::Anonymous))
}
