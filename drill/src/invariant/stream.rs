//! E, streams: whole, own, in order; broken ones say so; one that stalls ends; one whose client leaves
//! stops. And E8, the preflight without which none of this means anything.

use super::Case;
use super::finding::Evaluation;
use super::offence::Offences;
use crate::demand::{Expectation, Invariant, Quantity, Statistic};
use crate::observed::Joined;
use evidence::ClientRecord;
use evidence::histogram::{Histogram, Precision};
use evidence::record::ClientOutcome;

#[derive(Debug)]
pub(crate) struct Tally {
    streams: u64,
    truncated: Offences,
    with_tokens: u64,
    foreign: Offences,
    disordered: Offences,
    signalled: u64,
    unsignalled: Offences,
    cancelled: Histogram,
    slowest_cancel: Offences,
    silences: Histogram,
    silent: Offences,
    silence_limit_us: Option<u64>,
}

impl Tally {
    pub(crate) fn new(silence_limit_us: Option<u64>) -> Self {
        Self {
            streams: 0,
            truncated: Offences::default(),
            with_tokens: 0,
            foreign: Offences::default(),
            disordered: Offences::default(),
            signalled: 0,
            unsignalled: Offences::default(),
            cancelled: Histogram::new(Precision::Fine),
            slowest_cancel: Offences::default(),
            silences: Histogram::new(Precision::Fine),
            silent: Offences::default(),
            silence_limit_us,
        }
    }

    /// Counts any request's tokens: control traffic can be crossed with another's too.
    pub(crate) fn client(&mut self, record: &ClientRecord) {
        let (is_foreign, is_disordered) =
            (record.outcome == ClientOutcome::Crosstalk, record.outcome == ClientOutcome::Duplicate);
        self.with_tokens += u64::from(record.tokens > 0 || is_foreign || is_disordered);
        if is_foreign {
            self.foreign.add(record.sched_us, record.nonce);
        }
        if is_disordered {
            self.disordered.add(record.sched_us, record.nonce);
        }
    }

    /// Counts any request with all its attempts.
    pub(crate) fn any_joined(&mut self, joined: &Joined) {
        let Some(client) = &joined.client else { return };
        self.count_cancel(joined, client);
        if client.streamed && client.deliberate.is_none() {
            self.count_stream(joined, client);
        }
    }

    fn count_stream(&mut self, joined: &Joined, client: &ClientRecord) {
        self.streams += 1;
        let is_certified = client.outcome == ClientOutcome::Ok && is_short(joined, client);
        let is_truncated = is_certified || client.outcome == ClientOutcome::TruncSilent;
        let has_begun = client.first_us.is_some();
        if is_truncated {
            self.truncated.add(client.sched_us, client.nonce);
        }
        match client.outcome {
            ClientOutcome::TruncSignalled => self.signalled += 1,
            ClientOutcome::Conn | ClientOutcome::Http if has_begun => self.signalled += 1,
            ClientOutcome::Timeout if has_begun => self.unsignalled.add(client.sched_us, client.nonce),
            _ if is_truncated => self.unsignalled.add(client.sched_us, client.nonce),
            _ => {}
        }
        self.count_silence(joined, client);
    }

    fn count_silence(&mut self, joined: &Joined, client: &ClientRecord) {
        let is_stalled = joined.attempts.iter().any(|attempt| attempt.is_stalled);
        let Some(silence_us) = client.gap_max_us.filter(|_| is_stalled) else { return };
        self.silences.record(silence_us);
        if self.silence_limit_us.is_none_or(|limit| silence_us > limit) {
            self.silent.add(client.sched_us, client.nonce);
        }
    }

    fn count_cancel(&mut self, joined: &Joined, client: &ClientRecord) {
        if !matches!(client.outcome, ClientOutcome::Aborted | ClientOutcome::Timeout) {
            return;
        }
        // An attempt that had ended by then had nothing left to cancel.
        for attempt in joined.attempts.iter().filter(|attempt| attempt.out_us >= client.end_us) {
            let late_us = attempt.out_us - client.end_us;
            self.cancelled.record(late_us);
            if late_us > 1_000_000 {
                self.slowest_cancel.add(client.end_us, client.nonce);
            }
        }
    }

    pub(crate) fn evaluate(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        match expectation.invariant {
            Invariant::E1 => self.truncation(),
            Invariant::E2 => self.tokens(&self.foreign, "answers with a token of another request"),
            Invariant::E3 => self.tokens(&self.disordered, "answers with a token repeated or out of order"),
            Invariant::E4 => self.signalling(),
            Invariant::E6 => self.cancellation(expectation),
            Invariant::E7 => self.stall_bound(),
            _ => preflight(case),
        }
    }

    fn truncation(&self) -> Evaluation {
        if self.streams == 0 {
            return Evaluation::not_judged("no streams");
        }
        let detail = format!(
            "of {} streams ended as if whole with fewer tokens than their provider had",
            self.streams
        );
        Evaluation::measured(Quantity::count(self.truncated.count), detail)
            .breach(self.truncated.first_us, self.truncated.named.clone())
    }

    fn tokens(&self, offences: &Offences, what: &str) -> Evaluation {
        if self.with_tokens == 0 {
            return Evaluation::not_judged("no answer with tokens");
        }
        Evaluation::measured(Quantity::count(offences.count), format!("{what}, of {}", self.with_tokens))
            .breach(offences.first_us, offences.named.clone())
    }

    fn signalling(&self) -> Evaluation {
        let interrupted = self.signalled + self.unsignalled.count;
        let detail = format!("{} of {interrupted} interrupted streams ended in an error", self.signalled);
        Evaluation::from_ratio(
            Quantity::share(self.signalled, interrupted),
            detail,
            "no stream was interrupted",
        )
        .breach(self.unsignalled.first_us, self.unsignalled.named.clone())
    }

    fn cancellation(&self, expectation: &Expectation) -> Evaluation {
        if self.cancelled.count() == 0 {
            return Evaluation::not_judged("no client left while an attempt was open");
        }
        let value_us = match expectation.figure.statistic {
            Statistic::Mean => self.cancelled.mean_us(),
            Statistic::Permyriad(parts) => self.cancelled.quantile_us(f64::from(parts) / 10_000.0),
            Statistic::Max => self.cancelled.max_us(),
        };
        let detail = format!(
            "from the client's leaving to the end of its attempt, {} attempts, at most {}",
            self.cancelled.count(),
            Quantity::micros(self.cancelled.max_us())
        );
        Evaluation::measured(Quantity::micros(value_us), detail)
            .breach(self.slowest_cancel.first_us, self.slowest_cancel.named.clone())
    }

    fn stall_bound(&self) -> Evaluation {
        if self.silences.count() == 0 {
            return Evaluation::not_judged("no stream stalled after its start");
        }
        let detail = format!("longest silence of {} stalled streams", self.silences.count());
        Evaluation::measured(Quantity::micros(self.silences.max_us()), detail)
            .breach(self.silent.first_us, self.silent.named.clone())
    }
}

/// Whether an answer that looks whole is not: no provider finished one, or it lost tokens on the way.
fn is_short(joined: &Joined, client: &ClientRecord) -> bool {
    if joined.attempts.is_empty() {
        return false; // nothing is known of what the provider had
    }
    joined.winner().is_none_or(|attempt| client.tokens < attempt.tokens_planned.unwrap_or(attempt.tokens))
}

fn preflight(case: &Case<'_>) -> Evaluation {
    let checks = &case.facts.preflight;
    let failed: Vec<_> = checks
        .iter()
        .filter_map(|check| {
            let problem = check.problem.as_ref()?;
            let class = if check.streamed { "stream" } else { "answer" };
            Some(format!("{} {class}: {problem}", check.provider))
        })
        .collect();
    let good = (checks.len() - failed.len()) as u64;
    let detail = if failed.is_empty() { format!("{good} checks") } else { failed.join("; ") };
    Evaluation::from_ratio(Quantity::share(good, checks.len() as u64), detail, "no preflight was made")
}

#[cfg(test)]
mod tests;
