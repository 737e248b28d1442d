//! When a client tries again by itself: the rules of the official OpenAI client.

use std::time::Duration;

/// How clients retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first, at most.
    pub times: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// The longest `Retry-After` that is obeyed; a longer one ends the trying.
    pub retry_after_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            times: 0,
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(8),
            retry_after_max: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// The pause before try number `next` (1 is the first retry). `unit` is a draw in `[0, 1)`: pauses
    /// are shortened by up to a quarter, so that clients do not come back together.
    ///
    /// None when the server asks for more patience than the client has.
    #[must_use]
    pub fn pause_before(&self, next: u32, retry_after: Option<Duration>, unit: f64) -> Option<Duration> {
        if let Some(asked) = retry_after {
            return (asked <= self.retry_after_max).then_some(asked);
        }
        let doublings = next.saturating_sub(1).min(20);
        let pause = self.pause.saturating_mul(1 << doublings).min(self.pause_max);
        let micros = libm::round(pause.as_micros() as f64 * (1.0 - 0.25 * unit));
        Some(Duration::from_micros(micros as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_limit_and_spread_a_quarter() {
        let policy = RetryPolicy::default();
        let pause = |next, unit| policy.pause_before(next, None, unit).expect("a pause").as_millis();
        assert_eq!([pause(1, 0.0), pause(2, 0.0), pause(3, 0.0)], [500, 1_000, 2_000]);
        assert_eq!([pause(9, 0.0), pause(60, 0.0), pause(1, 1.0)], [8_000, 8_000, 375]);
    }

    #[test]
    fn a_server_is_obeyed_within_reason() {
        let policy = RetryPolicy::default();
        let after = |seconds| policy.pause_before(1, Some(Duration::from_secs(seconds)), 0.5);
        assert_eq!(after(120), Some(Duration::from_secs(120)));
        assert_eq!(after(121), None);
    }
}
