//! Counts over time, in equal steps.

/// Longer than any run: a record with a wild time must not take the memory.
const STEPS_MAX: usize = 1 << 22;

/// One microsecond count a second.
pub(crate) const SECOND_US: u64 = 1_000_000;

/// A count for every step of a run.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    step_us: u64,
    counts: Vec<u32>,
}

impl Series {
    pub(crate) const fn seconds() -> Self {
        Self::with_step(SECOND_US)
    }

    pub(crate) const fn with_step(step_us: u64) -> Self {
        Self { step_us, counts: Vec::new() }
    }

    pub(crate) fn add(&mut self, t_us: u64) {
        let step = index(t_us / self.step_us);
        if step >= STEPS_MAX {
            return;
        }
        if step >= self.counts.len() {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += 1;
    }

    /// What was counted in the whole steps of `[from_us, to_us)`.
    pub(crate) fn between(&self, from_us: u64, to_us: u64) -> u64 {
        self.steps(from_us, to_us).map(u64::from).sum()
    }

    /// The counts of the whole steps of `[from_us, to_us)`.
    pub(crate) fn steps(&self, from_us: u64, to_us: u64) -> impl Iterator<Item = u32> + '_ {
        let from = index(from_us.div_ceil(self.step_us)).min(STEPS_MAX);
        let to = index(to_us / self.step_us).min(STEPS_MAX);
        (from..to).map(|step| self.counts.get(step).copied().unwrap_or(0))
    }
}

fn index(step: u64) -> usize {
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// Starts of the windows of `length_us` that lie in `[from_us, to_us)`, a second apart.
pub(crate) fn sliding(from_us: u64, to_us: u64, length_us: u64) -> impl DoubleEndedIterator<Item = u64> {
    let first = from_us.div_ceil(SECOND_US);
    let end = to_us.checked_sub(length_us).map_or(first, |last| last / SECOND_US + 1);
    (first..end.max(first)).map(|second| second * SECOND_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_whole_steps_only() {
        let mut series = Series::seconds();
        for t_us in [0, 999_999, 1_000_000, 2_500_000, u64::MAX] {
            series.add(t_us);
        }
        assert_eq!(series.between(0, 3 * SECOND_US), 4);
        assert_eq!(series.between(1, 3 * SECOND_US), 2, "a step that is cut is left out");
        assert_eq!(series.between(0, 2_999_999), 3);
        assert_eq!(series.between(5 * SECOND_US, 9 * SECOND_US), 0);
        assert_eq!(series.between(9, 3), 0);
    }

    #[test]
    fn windows_slide_by_a_second_and_stay_inside() {
        let starts = |from, to| sliding(from, to, 5 * SECOND_US).map(|us| us / SECOND_US).collect::<Vec<_>>();
        assert_eq!(starts(2 * SECOND_US, 9 * SECOND_US), [2, 3, 4]);
        assert_eq!(starts(1_500_000, 7 * SECOND_US), [2]);
        assert_eq!(starts(0, 4 * SECOND_US), [] as [u64; 0]);
    }
}
