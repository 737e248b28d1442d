//! What the declared policy should give, in numbers, to stand beside what was measured.

use super::Case;
use crate::demand::{ONE, Quantity, Unit};

/// Attempts a request when a share `p` (in millionths) of the first choice's attempts fails, `retries`
/// tries stay there, and the next target is healthy: Σ_{i=0..r} pⁱ + p^{r+1}. In millionths.
pub(crate) fn amplification(share_ppm: u32, retries: u32) -> i64 {
    let p = i64::from(share_ppm);
    let mut power = ONE;
    let mut sum = 0;
    for _ in 0..=retries.min(1000) {
        sum += power;
        power = power * p / ONE;
    }
    sum + power
}

impl Case<'_> {
    /// The worst share of failures that is declared.
    fn worst_share(&self) -> Option<u32> {
        self.plan.failures().map(|(_, window)| window.share_ppm).max()
    }

    pub(crate) fn amplification_theory(&self) -> String {
        let Some(policy) = &self.plan.policy else {
            return "Σ pⁱ + p^(r+1) attempts a request for r retries; the policy is not declared".to_owned();
        };
        let mut shares: Vec<u32> = self.plan.failures().map(|(_, window)| window.share_ppm).collect();
        shares.sort_unstable();
        shares.dedup();
        let expected = |share: &u32| {
            let factor = Quantity { micro: amplification(*share, policy.retries), unit: Unit::Factor };
            format!("{factor} when {} of the first choice fails", Quantity::ppm(i64::from(*share)))
        };
        let texts: Vec<_> = shares.iter().map(expected).collect();
        let until = if policy.breaker.is_some() { ", until the breaker opens; then near 1" } else { "" };
        match texts.is_empty() {
            true => "1 attempt a request without faults".to_owned(),
            false => format!("r = {}: {}{until}", policy.retries, texts.join("; ")),
        }
    }

    pub(crate) fn availability_theory(&self) -> String {
        let Some(share) = self.worst_share() else { return "100% without faults".to_owned() };
        let share = Quantity::ppm(i64::from(share));
        let healthy = Quantity::ppm(1_000_000 - self.worst_share().map_or(0, i64::from));
        format!(
            "near 100% with failover to a healthy target; {healthy} without, where {share} of the first choice fails"
        )
    }

    pub(crate) fn failover_theory(&self) -> String {
        match self.plan.policy.as_ref().map(|policy| policy.breaker.is_some()) {
            None => "the policy is not declared".to_owned(),
            Some(true) => {
                "0s where each failed attempt is tried elsewhere; a breaker only removes the waste".to_owned()
            }
            Some(false) => "0s where each failed attempt is tried elsewhere".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amplification_is_the_known_series() {
        for (share_ppm, retries, expected) in
            [(500_000, 1, 1_750_000), (1_000_000, 1, 3_000_000), (500_000, 0, 1_500_000), (0, 3, 1_000_000)]
        {
            assert_eq!(amplification(share_ppm, retries), expected);
        }
    }
}
