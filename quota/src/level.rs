//! How a limit stands: what providers tell in their rate-limit headers.

use std::time::Duration;

/// One limit at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// What is allowed while nothing is used.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// Until all of it is there again.
    pub reset: Duration,
}

impl Level {
    /// What is used of it.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.limit.saturating_sub(self.remaining)
    }

    /// Two limits told as one: both together, until the later of the two is whole again.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            limit: self.limit.saturating_add(other.limit),
            remaining: self.remaining.saturating_add(other.remaining),
            reset: self.reset.max(other.reset),
        }
    }
}

/// A wait in the whole seconds of a `retry-after` header: rounded up, so that who obeys is not early, and
/// never zero.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis} ms");
        }
    }

    #[test]
    fn two_limits_are_told_as_their_sum() {
        let input = Level { limit: 50, remaining: 30, reset: Duration::from_secs(2) };
        let output = Level { limit: 10, remaining: 0, reset: Duration::from_secs(60) };
        let both = input.and(output);
        assert_eq!(both, Level { limit: 60, remaining: 30, reset: Duration::from_secs(60) });
        assert_eq!(both.used(), 30);
    }
}
