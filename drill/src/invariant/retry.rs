//! R, retries and deadlines: how much load a failure is turned into, and whether every request ends.

use super::Case;
use super::finding::Evaluation;
use super::offence::{Offences, Worst};
use crate::demand::{Expectation, Invariant, JudgePlan, Quantity, Scope, Unit};
use crate::observed::{Attempt, Joined, SECOND_US, Series, sliding};
use evidence::histogram::{Histogram, Precision};
use evidence::record::ClientOutcome;
use evidence::{ClientRecord, Name};
use std::collections::BTreeMap;

/// The stretch over which amplification is taken.
const WINDOW_US: u64 = 10 * SECOND_US;
/// With fewer requests, one unlucky one would be the window's figure.
const WINDOW_REQUESTS_MIN: u64 = 20;
/// What a late end is allowed beyond the budget before it is a hang.
const HANG_US: u64 = 5 * SECOND_US;
/// How long after the client left an attempt may still begin.
const AFTER_LEAVING_US: u64 = SECOND_US;
/// Gaps needed to speak of their shape.
const GAPS_MIN: u64 = 30;

#[derive(Debug)]
pub(crate) struct Tally {
    requests: u64,
    attempts: BTreeMap<Name, u64>,
    requests_by_second: Series,
    /// Attempts by the intended send time of their request, so that a window's ratio is its own.
    attempts_by_second: Series,
    attempts_of_one: Worst,
    histogram: BTreeMap<u64, u64>,
    /// Gaps between tries on one provider, by which gap it is.
    gaps: BTreeMap<usize, Gaps>,
    refused: u64,
    refused_tries: Worst,
    ended: u64,
    hangs: Offences,
    latest_us: u64,
    left: u64,
    after_leaving: Offences,
    pushed_back: u64,
    without_advice: Offences,
}

/// Waits before one retry.
#[derive(Debug)]
struct Gaps {
    waits: Histogram,
    sum: u128,
    sum_of_squares: u128,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            requests: 0,
            attempts: BTreeMap::new(),
            requests_by_second: Series::seconds(),
            attempts_by_second: Series::seconds(),
            attempts_of_one: Worst::default(),
            histogram: BTreeMap::new(),
            gaps: BTreeMap::new(),
            refused: 0,
            refused_tries: Worst::default(),
            ended: 0,
            hangs: Offences::default(),
            latest_us: 0,
            left: 0,
            after_leaving: Offences::default(),
            pushed_back: 0,
            without_advice: Offences::default(),
        }
    }

    /// Counts a request that is neither control traffic nor bad on purpose.
    pub(crate) fn client(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        self.count_end(plan, record);
        if record.outcome == ClientOutcome::Http && matches!(record.status, Some(429 | 503)) {
            self.pushed_back += 1;
            if !record.retry_after_s.is_some_and(|seconds| (1..=60).contains(&seconds)) {
                self.without_advice.add(record.sched_us, record.nonce);
            }
        }
    }

    fn count_end(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        let kind = plan.kinds.get(&record.kind);
        let budget_us =
            kind.and_then(|kind| if record.streamed { kind.stream_budget_us } else { kind.budget_us });
        let Some(sent_us) = record.sent_us else { return };
        // Another try of the same request begins when its pause is over.
        let began_us = if record.attempt == 0 { record.sched_us } else { sent_us };
        let took_us = record.end_us.saturating_sub(began_us);
        // A client that gave up after the budget cannot tell what would have come within the allowance.
        let is_given_up = record.outcome == ClientOutcome::Timeout;
        let is_hang = match budget_us {
            Some(budget_us) => {
                took_us > budget_us.saturating_add(HANG_US) || (is_given_up && took_us >= budget_us)
            }
            None => is_given_up,
        };
        self.ended += 1;
        self.latest_us = self.latest_us.max(took_us);
        if is_hang {
            self.hangs.add(record.sched_us, record.nonce);
        }
    }

    /// Counts ordinary traffic with all its attempts.
    pub(crate) fn joined(&mut self, joined: &Joined) {
        let sched_us = joined.sched_us();
        if joined.client.as_ref().is_some_and(|client| client.sent_us.is_none()) {
            return;
        }
        if joined.client.is_some() {
            self.requests += 1;
            self.requests_by_second.add(sched_us);
        }
        for attempt in &joined.attempts {
            *self.attempts.entry(attempt.provider.clone()).or_default() += 1;
            self.attempts_by_second.add(sched_us);
        }
        let count = joined.attempts.len() as u64;
        *self.histogram.entry(count).or_default() += 1;
        if count > 0 {
            self.attempts_of_one.see(count, sched_us, Some(joined.nonce));
        }
        self.count_gaps(joined);
    }

    fn count_gaps(&mut self, joined: &Joined) {
        for tries in joined.by_provider().values() {
            for (ordinal, pair) in tries.windows(2).enumerate() {
                let gaps = self.gaps.entry(ordinal).or_insert_with(Gaps::new);
                gaps.add(pair[1].in_us.saturating_sub(pair[0].out_us));
            }
        }
    }

    /// Counts any request with all its attempts: a bad one on purpose is what R5 is about, and one
    /// whose client left on purpose is what R7 is about.
    pub(crate) fn any_joined(&mut self, joined: &Joined) {
        for tries in joined.by_provider().values() {
            let Some(refusal) = tries.iter().position(|attempt| is_permanent(attempt)) else { continue };
            self.refused += 1;
            let tries = (tries.len() - refusal) as u64;
            self.refused_tries.see(tries, joined.sched_us(), Some(joined.nonce));
        }
        let Some(client) = &joined.client else { return };
        if matches!(client.outcome, ClientOutcome::Aborted | ClientOutcome::Timeout) {
            self.left += 1;
            let limit_us = client.end_us.saturating_add(AFTER_LEAVING_US);
            for _ in joined.attempts.iter().filter(|attempt| attempt.in_us > limit_us) {
                self.after_leaving.add(client.end_us, Some(joined.nonce));
            }
        }
    }

    pub(crate) fn evaluate(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        match expectation.invariant {
            Invariant::R1 => self.amplification(case, expectation),
            Invariant::R2 => self.attempts_per_request(),
            Invariant::R3 => self.backoff(),
            Invariant::R5 => self.permanent(),
            Invariant::R6 => self.deadline(),
            Invariant::R7 => self.work_after_leaving(),
            _ => self.back_pressure(),
        }
    }

    fn amplification(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        let all: u64 = self.attempts.values().sum();
        let Some(overall) = Quantity::factor(all, self.requests) else {
            return Evaluation::not_judged("no request with a nonce");
        };
        let window = self.worst_window(case.plan);
        let by_provider: Vec<_> = self
            .attempts
            .iter()
            .filter_map(|(provider, count)| {
                Some(format!("{provider} {}", Quantity::factor(*count, self.requests)?))
            })
            .collect();
        let mut detail = format!("overall {overall} ({})", by_provider.join(", "));
        if let Some((start, worst)) = window {
            detail.push_str(&format!(", worst 10 s {worst} from second {}", start / SECOND_US));
        }
        let worst = window.map(|(_, ratio)| ratio);
        let measured = match expectation.scope {
            Scope::Overall => Some(overall),
            Scope::Windows => worst,
            Scope::Everywhere => Some(worst.filter(|worst| worst.micro > overall.micro).unwrap_or(overall)),
        };
        let why_not = "no stretch of 10 s with 20 requests";
        Evaluation::from_ratio(measured, detail, why_not)
            .breach(window.map(|(start, _)| start), self.attempts_of_one.named.clone())
            .theory(case.amplification_theory())
    }

    /// The start and ratio of the worst stretch of 10 s.
    fn worst_window(&self, plan: &JudgePlan) -> Option<(u64, Quantity)> {
        let ratio = |start: u64| {
            let requests = self.requests_by_second.between(start, start + WINDOW_US);
            let attempts = self.attempts_by_second.between(start, start + WINDOW_US);
            (requests >= WINDOW_REQUESTS_MIN).then(|| Quantity::factor(attempts, requests)).flatten()
        };
        let windows = sliding(0, plan.duration_us, WINDOW_US).rev();
        windows.filter_map(|start| Some((start, ratio(start)?))).max_by_key(|(_, ratio)| ratio.micro)
    }

    fn attempts_per_request(&self) -> Evaluation {
        if self.attempts_of_one.value == 0 {
            return Evaluation::not_judged("no attempt with a nonce");
        }
        let histogram: Vec<_> =
            self.histogram.iter().map(|(attempts, count)| format!("{attempts}: {count}")).collect();
        Evaluation::measured(
            Quantity::count(self.attempts_of_one.value),
            format!("requests by attempts {}", histogram.join(", ")),
        )
        .breach(self.attempts_of_one.first_us, self.attempts_of_one.named.clone())
    }

    /// The least varied wait decides; that later waits are longer is said beside it and decides too.
    fn backoff(&self) -> Evaluation {
        let judged: Vec<_> = self.gaps.values().filter(|gaps| gaps.waits.count() >= GAPS_MIN).collect();
        let Some(least) = judged.iter().map(|gaps| gaps.variation_ppm()).min() else {
            return Evaluation::not_judged("fewer than 30 retries on one provider");
        };
        let medians: Vec<u64> = judged.iter().map(|gaps| gaps.waits.quantile_us(0.5)).collect();
        let grows = medians.windows(2).all(|pair| pair[0] < pair[1]);
        let texts: Vec<_> = medians.iter().map(|us| Quantity::micros(*us).to_string()).collect();
        let mut evaluation = Evaluation::measured(
            Quantity { micro: least, unit: Unit::Factor },
            format!("coefficient of variation of the waits; their medians {}", texts.join(", ")),
        )
        .theory("full jitter varies by 0.58 of its mean, a fixed pause by nothing");
        if !grows {
            evaluation.holds = Some(false);
        }
        evaluation
    }

    fn permanent(&self) -> Evaluation {
        if self.refused == 0 {
            return Evaluation::not_judged("no provider refused a request for good");
        }
        let detail = format!("attempts on one provider from its refusal on, of {} refusals", self.refused);
        Evaluation::measured(Quantity::count(self.refused_tries.value), detail)
            .breach(self.refused_tries.first_us, self.refused_tries.named.clone())
    }

    fn deadline(&self) -> Evaluation {
        if self.ended == 0 {
            return Evaluation::not_judged("no requests");
        }
        let detail = format!(
            "hangs of {} requests; the latest end came after {}",
            self.ended,
            Quantity::micros(self.latest_us)
        );
        Evaluation::measured(Quantity::count(self.hangs.count), detail)
            .breach(self.hangs.first_us, self.hangs.named.clone())
    }

    fn work_after_leaving(&self) -> Evaluation {
        if self.left == 0 {
            return Evaluation::not_judged("no client left early");
        }
        let detail = format!("attempts begun more than 1 s after one of {} clients left", self.left);
        Evaluation::measured(Quantity::count(self.after_leaving.count), detail)
            .breach(self.after_leaving.first_us, self.after_leaving.named.clone())
    }

    fn back_pressure(&self) -> Evaluation {
        let advised = self.pushed_back - self.without_advice.count;
        let detail =
            format!("{advised} of {} final 429 and 503 carry a Retry-After of 1 to 60 s", self.pushed_back);
        Evaluation::from_ratio(Quantity::share(advised, self.pushed_back), detail, "no final 429 or 503")
            .breach(self.without_advice.first_us, self.without_advice.named.clone())
    }
}

/// Whether the provider said that asking again will not help.
fn is_permanent(attempt: &Attempt) -> bool {
    matches!(attempt.status, Some(400 | 401 | 403))
}

impl Gaps {
    const fn new() -> Self {
        Self { waits: Histogram::new(Precision::Coarse), sum: 0, sum_of_squares: 0 }
    }

    fn add(&mut self, wait_us: u64) {
        self.waits.record(wait_us);
        self.sum = self.sum.saturating_add(u128::from(wait_us));
        self.sum_of_squares = self.sum_of_squares.saturating_add(u128::from(wait_us).pow(2));
    }

    /// Standard deviation over mean, in millionths; 0 for waits of nothing.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a ratio near 1, rounded at once"
    )]
    fn variation_ppm(&self) -> i64 {
        let count = self.waits.count() as f64;
        let mean = self.sum as f64 / count;
        if mean <= 0.0 {
            return 0;
        }
        let variance = (self.sum_of_squares as f64 / count - mean * mean).max(0.0);
        libm::round(libm::sqrt(variance) / mean * 1e6) as i64
    }
}

#[cfg(test)]
mod tests;
