//! What a request holds of its quota while it is answered.

use quota::bedrock::{Demand, Quota, Reservation, Usage};

use super::failure::Failure;
use super::target::Target;
use crate::engine::prompt::Cached;

/// Settles when dropped, with what was generated until then: an answer whose reader left is paid for as
/// far as it went.
#[derive(Debug)]
pub(super) struct Settlement {
    reservation: Option<Reservation>,
    usage: Usage,
}

impl Settlement {
    /// Reserves the quota of a request whose prompt has `tokens`, of which a cache has some.
    pub(super) fn reserve(
        quota: &Quota,
        target: &Target<'_>,
        (tokens, cached): (u64, Cached),
        max_tokens: Option<u32>,
    ) -> Result<Self, Failure> {
        let (input, cache_read, cache_write) = (cached.rest(tokens), cached.read, cached.written());
        let demand = Demand { input, cache_read, cache_write, max_tokens: max_tokens.map(u64::from) };
        let reservation = quota.admit(target.region, target.quota_model(), demand)?;
        Ok(Self { reservation: Some(reservation), usage: Usage { input, cache_write, output: 0 } })
    }

    /// Reserves the quota of a request that is not answered in tokens.
    pub(super) fn reserve_input(quota: &Quota, target: &Target<'_>, tokens: u64) -> Result<Self, Failure> {
        Self::reserve(quota, target, (tokens, Cached::default()), Some(0))
    }

    /// Of a request that no model sees: it costs nothing.
    pub(super) fn free() -> Self {
        Self { reservation: None, usage: Usage { input: 0, cache_write: 0, output: 0 } }
    }

    /// Notes what a session has come to so far.
    pub(super) fn used(&mut self, input: u64, output: u64) {
        (self.usage.input, self.usage.output) = (input, output);
    }

    /// Notes how many tokens have been generated so far.
    pub(super) fn generated(&mut self, tokens: u32) {
        self.usage.output = u64::from(tokens);
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(self.usage);
        }
    }
}
