//! Plays requests against a quota, and knows what a limit allows.

use std::collections::BTreeMap;
use std::time::Duration;

use brownout_quota::{anthropic, openai};
use proptest::prelude::*;
use world::{Clock, Instant, Seed, World, run_virtual};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// A request: when it comes after the one before, what it asks for, and how it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    gap: Duration,
    pub(crate) prompt: u64,
    pub(crate) max_tokens: u64,
    /// What it generates in the end.
    pub(crate) output: u64,
    lasts: Duration,
    /// Whether it is given up instead, having generated nothing.
    pub(crate) is_cancelled: bool,
    /// Whose account it draws on, where there are several.
    pub(crate) owner: usize,
}

impl Ask {
    /// What it asks of OpenAI and Azure.
    pub(crate) fn of_openai(&self) -> openai::Demand {
        openai::Demand { prompt: self.prompt, max_tokens: Some(self.max_tokens), ..Default::default() }
    }

    /// What it asks of Anthropic.
    pub(crate) fn of_anthropic(&self) -> anthropic::Demand {
        anthropic::Demand { input: self.prompt, ..Default::default() }
    }
}

/// Requests of at most so many tokens, in bursts and after pauses, short and longer than any minute.
pub(crate) fn asks(prompt: u64, max_tokens: u64) -> impl Strategy<Value = Vec<Ask>> {
    let gap_ms = prop_oneof![Just(0_u64), 0_u64..4_000, 40_000_u64..80_000];
    let lasts_ms = prop_oneof![Just(0_u64), 0_u64..20_000, 50_000_u64..200_000];
    let size = |most: u64| prop_oneof![0..=most, most / 4 * 3..=most];
    let sizes = (size(prompt), size(max_tokens), 0_u64..=100);
    let ask = (gap_ms, sizes, lasts_ms, prop::bool::weighted(0.2), 0_usize..3);
    let ask = ask.prop_map(|(gap_ms, (prompt, max_tokens, share), lasts_ms, is_cancelled, owner)| Ask {
        gap: Duration::from_millis(gap_ms),
        prompt,
        max_tokens,
        output: max_tokens * share / 100,
        lasts: Duration::from_millis(lasts_ms),
        is_cancelled,
        owner,
    });
    prop::collection::vec(ask, 1..100)
}

/// Runs a test in virtual time.
pub(crate) fn in_virtual_time<T, F: Future<Output = T>>(test: impl FnOnce(World) -> F) -> T {
    run_virtual(Seed(1), test)
}

/// Requests that were admitted, each with its instant.
pub(crate) type Admitted = Vec<(Instant, Ask)>;

/// Requests in progress, by when they end.
struct Open<H> {
    clock: Clock,
    by_end: BTreeMap<(Instant, usize), (H, Ask)>,
}

impl<H> Open<H> {
    /// Lets time pass, and requests end whose time comes.
    async fn until(&mut self, instant: Instant, end: &mut impl FnMut(H, &Ask)) {
        while let Some(next) = self.by_end.first_entry() {
            if next.key().0 > instant {
                break;
            }
            self.clock.sleep_until(next.key().0).await;
            let (held, ask) = next.remove();
            end(held, &ask);
        }
        self.clock.sleep_until(instant).await;
    }
}

/// Plays `asks`. Who is refused with a wait comes again after just that, and must be admitted then; who is
/// refused without one is gone.
pub(crate) async fn play<H>(
    world: &World,
    asks: &[Ask],
    mut admit: impl FnMut(&Ask) -> Result<H, Option<Duration>>,
    mut end: impl FnMut(H, &Ask),
) -> Admitted {
    let clock = *world.clock();
    let mut open = Open { clock, by_end: BTreeMap::new() };
    let mut admitted = Admitted::new();
    for (number, ask) in asks.iter().enumerate() {
        open.until(clock.now() + ask.gap, &mut end).await;
        let held = match admit(ask) {
            Ok(held) => held,
            Err(None) => continue,
            Err(Some(wait)) => {
                open.until(clock.now() + wait, &mut end).await;
                admit(ask).unwrap_or_else(|_| panic!("{ask:?} has waited {wait:?} and is refused again"))
            }
        };
        admitted.push((clock.now(), *ask));
        open.by_end.insert((clock.now() + ask.lasts, number), (held, *ask));
    }
    admitted
}

/// In no stretch of time, however long or short, was more admitted than a bucket of so many a period holds and
/// what flows into it.
pub(crate) fn check_bucket(admitted: &Admitted, amount: impl Fn(&Ask) -> u64, limit: u64, period: Duration) {
    check_bucket_of(limit, admitted, amount, limit, period);
}

/// The same for a bucket that holds another number than flows in during a period.
pub(crate) fn check_bucket_of(
    capacity: u64,
    admitted: &Admitted,
    amount: impl Fn(&Ask) -> u64,
    inflow: u64,
    period: Duration,
) {
    for (first, (start, _)) in admitted.iter().enumerate() {
        let mut sum = 0_u128;
        for (end, ask) in &admitted[first..] {
            sum += u128::from(amount(ask));
            let stretch = end.saturating_since(*start).as_micros();
            let allowed = u128::from(capacity) * period.as_micros() + u128::from(inflow) * stretch;
            assert!(sum * period.as_micros() <= allowed, "{sum} of {capacity} from {start:?} to {end:?}");
        }
    }
}

/// Whenever something was admitted, as much as `least` was left in a bucket that may be overdrawn: whatever the
/// stretch of time before, less was used in it than the bucket holds and what flows into it.
pub(crate) fn check_left(used: &[(Instant, u64)], at: Instant, least: u64, limit: u64, period: Duration) {
    let mut sum = u128::from(least);
    for (start, amount) in used.iter().rev() {
        sum += u128::from(*amount);
        let stretch = at.saturating_since(*start).as_micros();
        let allowed = u128::from(limit) * (period.as_micros() + stretch);
        assert!(sum * period.as_micros() <= allowed, "{sum} of {limit} from {start:?} to {at:?}");
    }
}

/// In no window of the run was more admitted than the limit.
pub(crate) fn check_windows(admitted: &Admitted, amount: impl Fn(&Ask) -> u64, limit: u64, length: Duration) {
    let mut sums = BTreeMap::<u128, u64>::new();
    for (at, ask) in admitted {
        *sums.entry(at.as_duration().as_micros() / length.as_micros()).or_default() += amount(ask);
    }
    assert!(sums.values().all(|sum| *sum <= limit), "{sums:?} of {limit}");
}
