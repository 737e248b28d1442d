//! What a request holds of its quota while it is answered.

use quota::bedrock::{Demand, Quota, Reservation, Usage};

use super::decide::{Cached, Prompt};
use super::failure::Failure;
use super::target::Target;

/// Settles when dropped, with what was generated until then: an answer whose reader left is paid for as
/// far as it went.
#[derive(Debug)]
pub(super) struct Settlement {
    reservation: Option<Reservation>,
    usage: Usage,
}

impl Settlement {
    /// Reserves the quota of a request.
    pub(super) fn reserve(
        quota: &Quota,
        target: &Target<'_>,
        prompt: impl Into<Prompt>,
        max_tokens: Option<u32>,
    ) -> Result<Self, Failure> {
        let Prompt { input, cached } = prompt.into();
        let Cached { read: cache_read, written } = cached.unwrap_or_default();
        let cache_write = written.total();
        let demand = Demand { input, cache_read, cache_write, max_tokens: max_tokens.map(u64::from) };
        let reservation = quota.admit(target.region, target.quota_model(), demand)?;
        Ok(Self { reservation: Some(reservation), usage: Usage { input, cache_write, output: 0 } })
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
