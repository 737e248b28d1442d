//! Hand-made runs for the tests of the judge: a scene is a plan and the exchanges that happened in it.

use super::*;
use crate::demand::*;
use crate::invariant::FindingVerdict;
use crate::observed::*;
use evidence::journal::replay;
use evidence::record::{AppliedFault, AttemptOutcome, ClientOutcome, ClosedBy};
use evidence::{Nonce, Record};
use std::sync::Arc;

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MILLI: u64 = 1000;

/// A run in the making.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) plan: JudgePlan,
    pub(crate) facts: RunFacts,
    records: Vec<Record>,
    next: u64,
}

/// One request: what the client got and what the providers saw. As made, a good chat by `bedrock`.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) client: ClientRecord,
    pub(crate) attempts: Vec<AttemptRecord>,
}

impl Scene {
    /// A run of so many seconds that demands the whole catalogue, with a declared policy of one target
    /// after the other, no retries, and a breaker.
    pub(crate) fn new(seconds: u64) -> Self {
        let chat = KindPlan {
            deadline_us: 30 * SECOND,
            budget_us: Some(30 * SECOND),
            targets: vec!["bedrock".into(), "vertex".into()],
            ..KindPlan::default()
        };
        let plan = JudgePlan {
            duration_us: seconds * SECOND,
            time: TimeBasis::Real,
            embedded: true,
            faults: Vec::new(),
            baseline: None,
            kinds: [("chat".into(), chat)].into(),
            tenant_limits: Default::default(),
            policy: Some(Policy {
                retries: 0,
                breaker: Some(Breaker { open_max_us: 5 * SECOND, ramp_us: 2 * SECOND }),
                backoff_us: Some(50 * MILLI),
                idle_timeout_us: Some(15 * SECOND),
            }),
            expectations: Vec::new(),
        };
        let facts = RunFacts {
            load: LoadSummary { send_lag_limit_us: 5000, ..LoadSummary::default() },
            preflight: vec![PreflightCheck { provider: "bedrock".into(), streamed: true, problem: None }],
            liveness: Some(Liveness { is_alive: true, restarts: 0, died_us: None }),
            ..RunFacts::default()
        };
        Self { plan, facts, records: Vec::new(), next: 0 }
    }

    /// Declares a fault on a provider.
    pub(crate) fn fault(mut self, provider: &str, from_s: u64, to_s: u64, share_ppm: u32) -> Self {
        let ordinal = u32::try_from(self.plan.faults.len()).expect("few");
        let span = Span { from_us: from_s * SECOND, to_us: to_s * SECOND };
        self.plan.faults.push(FaultWindow {
            rule: "outage".into(),
            ordinal,
            provider: provider.into(),
            span,
            share_ppm,
            is_failure: true,
        });
        self
    }

    /// Sends a request at an instant, as changed by `change`.
    pub(crate) fn at(&mut self, sched_us: u64, change: impl FnOnce(&mut Exchange)) {
        self.next += 1;
        let mut exchange = Exchange::good(self.next, sched_us);
        change(&mut exchange);
        self.facts.load.scheduled += 1;
        self.facts.load.sent += 1;
        self.facts.load.completed += 1;
        self.records.extend(exchange.attempts.into_iter().map(Record::Attempt));
        self.records.push(Record::Client(exchange.client));
    }

    /// Sends a request every `step_ms` in `[from_s, to_s)`; `change` gets its number.
    pub(crate) fn every(
        &mut self,
        step_ms: u64,
        from_s: u64,
        to_s: u64,
        change: impl Fn(&mut Exchange, u64),
    ) {
        let times =
            (from_s * SECOND..to_s * SECOND).step_by(usize::try_from(step_ms * MILLI).expect("small"));
        for (number, sched_us) in (0..).zip(times) {
            self.at(sched_us, |exchange| change(exchange, number));
        }
    }

    /// Good traffic of 20 requests a second for the whole run.
    pub(crate) fn calm(seconds: u64) -> Self {
        let mut scene = Self::new(seconds);
        scene.every(50, 0, seconds, |_, _| ());
        scene
    }

    /// Demands everything in the catalogue, unless the test has demands of its own, and judges.
    pub(crate) fn judge(mut self) -> Judgement {
        if self.plan.expectations.is_empty() {
            let all = Invariant::ALL.into_iter();
            self.plan.expectations = all.filter_map(|id| Expectation::of_catalogue(id, &self.plan)).collect();
        }
        let mut judge = Judge::new(self.plan.clone());
        self.replay_into(&mut judge);
        judge.finish(&self.facts)
    }

    /// Shows a judge the records in canonical order.
    pub(crate) fn replay_into(&mut self, judge: &mut Judge) {
        self.records.sort_by(Record::canonical_cmp);
        replay(&self.records, judge);
    }
}

impl Judgement {
    pub(crate) fn finding(&self, invariant: Invariant) -> &Finding {
        self.expectations.iter().find(|finding| finding.invariant == invariant).expect("in the catalogue")
    }

    /// The checks that do not hold.
    pub(crate) fn broken(&self) -> Vec<Invariant> {
        let is_broken =
            |finding: &&Finding| matches!(finding.verdict, FindingVerdict::Fail | FindingVerdict::Advisory);
        self.expectations.iter().filter(is_broken).map(|finding| finding.invariant).collect()
    }

    /// Nothing is broken, and this one was judged.
    pub(crate) fn assert_holds(&self, invariant: Invariant) {
        let finding = self.finding(invariant);
        assert_eq!(finding.verdict, FindingVerdict::Pass, "{finding:#?}");
        assert_eq!(self.broken(), [], "{:#?}", self.expectations);
    }

    /// Exactly these are broken.
    pub(crate) fn assert_breaks(&self, invariants: &[Invariant]) {
        let broken: Vec<_> =
            self.expectations.iter().filter(|f| self.broken().contains(&f.invariant)).collect();
        assert_eq!(self.broken(), invariants, "{broken:#?}");
    }

    pub(crate) fn assert_not_judged(&self, invariant: Invariant) {
        let finding = self.finding(invariant);
        assert_eq!(finding.verdict, FindingVerdict::NotJudged, "{finding:#?}");
    }
}

impl Exchange {
    fn good(number: u64, sched_us: u64) -> Self {
        let nonce = Nonce::new(number);
        let client = ClientRecord {
            t_us: 0,
            request: number,
            nonce: Some(nonce),
            attempt: 0,
            kind: "chat".into(),
            class: None,
            tenant: "tenant-1".into(),
            model: "chat".into(),
            streamed: false,
            pinned: None,
            deliberate: None,
            phase: "main".into(),
            sched_us,
            sent_us: Some(sched_us),
            first_us: None,
            end_us: 0,
            outcome: ClientOutcome::Ok,
            status: Some(200),
            error_type: None,
            retry_after_s: None,
            tokens: 8,
            gap_max_us: None,
            events: None,
            bytes: 100,
            served_by: None,
            served_model: None,
            dimension: None,
        };
        let mut exchange = Self { client, attempts: Vec::new() };
        exchange.tried("bedrock").ends_after(500);
        exchange.client.served_by = Some("bedrock".into());
        exchange
    }

    /// Gives the request and its attempts another name.
    pub(crate) fn rename(&mut self, nonce: Nonce) {
        self.client.nonce = Some(nonce);
        for attempt in &mut self.attempts {
            attempt.nonce = Some(nonce);
        }
    }

    /// The client's end, in milliseconds after the intended send time.
    pub(crate) fn ends_after(&mut self, ms: u64) -> &mut Self {
        self.client.end_us = self.client.sched_us + ms * MILLI;
        self.client.t_us = self.client.end_us;
        self
    }

    /// Adds a good attempt, 10 ms after the one before, that takes 400 ms.
    pub(crate) fn tried(&mut self, provider: &str) -> &mut Self {
        let last_us = self.attempts.last().map_or(self.client.sched_us, |attempt| attempt.out_us);
        let attempt = (0..).zip(&self.attempts).filter(|(_, other)| &*other.provider == provider).count();
        let in_us = last_us + 10 * MILLI;
        self.attempts.push(AttemptRecord {
            t_us: in_us + 400 * MILLI,
            provider: provider.into(),
            request_id: None,
            nonce: self.client.nonce,
            identity: self.client.request,
            attempt: u32::try_from(attempt).expect("few"),
            operation: "converse".into(),
            model: "m".into(),
            streamed: self.client.streamed,
            in_us,
            first_us: None,
            out_us: in_us + 400 * MILLI,
            status: Some(200),
            outcome: AttemptOutcome::Ok,
            fault: None,
            fault_not_applied: None,
            events: 1,
            tokens: 8,
            tokens_planned: Some(8),
            bytes: 100,
            complete: true,
            closed_by: ClosedBy::Upstream,
        });
        self
    }

    /// Makes the last attempt fail at once with this status, by a fault.
    pub(crate) fn failing(&mut self, status: u16) -> &mut Self {
        let attempt = self.attempts.last_mut().expect("an attempt");
        attempt.out_us = attempt.in_us + MILLI;
        attempt.t_us = attempt.out_us;
        attempt.status = Some(status);
        attempt.outcome = AttemptOutcome::Error;
        attempt.tokens = 0;
        attempt.complete = false;
        attempt.closed_by = ClosedBy::Fault;
        attempt.fault = Some(Arc::new(applied("error")));
        self
    }

    /// The last attempt was cut or stalled by a fault after so many tokens.
    pub(crate) fn broken_by(&mut self, effect: &str, outcome: AttemptOutcome, tokens: u32) -> &mut Self {
        let attempt = self.attempts.last_mut().expect("an attempt");
        attempt.outcome = outcome;
        attempt.tokens = tokens;
        attempt.complete = false;
        attempt.closed_by = ClosedBy::Fault;
        attempt.fault = Some(Arc::new(applied(effect)));
        self
    }

    /// Forgets the attempts so far.
    pub(crate) fn untried(&mut self) -> &mut Self {
        self.attempts.clear();
        self
    }

    /// The first choice failed and the second answered.
    pub(crate) fn fails_over(&mut self) -> &mut Self {
        self.untried().tried("bedrock").failing(503).tried("vertex").ends_after(550).served_by("vertex")
    }

    /// The breaker is open: straight to the second choice.
    pub(crate) fn avoids_first_choice(&mut self) -> &mut Self {
        self.untried().tried("vertex").served_by("vertex")
    }

    pub(crate) fn served_by(&mut self, provider: &str) -> &mut Self {
        self.client.served_by = Some(provider.into());
        self
    }

    /// A clean error.
    pub(crate) fn refused(&mut self, status: u16) -> &mut Self {
        self.ended(ClientOutcome::Http);
        self.client.status = Some(status);
        self.client.error_type = Some("overloaded".into());
        self.client.retry_after_s = Some(5);
        self
    }

    /// Some other end, without an answer.
    pub(crate) fn ended(&mut self, outcome: ClientOutcome) -> &mut Self {
        self.client.outcome = outcome;
        self.client.served_by = None;
        self.client.tokens = 0;
        self
    }

    /// Streamed, with its first token after 100 ms.
    pub(crate) fn streamed(&mut self) -> &mut Self {
        self.client.streamed = true;
        self.client.first_us = Some(self.client.sched_us + 100 * MILLI);
        self.client.gap_max_us = Some(50 * MILLI);
        for attempt in &mut self.attempts {
            attempt.streamed = true;
        }
        self
    }

    /// Control traffic on a provider.
    pub(crate) fn pinned_to(&mut self, provider: &str) -> &mut Self {
        self.client.pinned = Some(provider.into());
        self.untried().tried(provider).served_by(provider)
    }
}

fn applied(effect: &str) -> AppliedFault {
    AppliedFault {
        rule: "outage".into(),
        window: 0,
        draw: 7,
        effect: effect.into(),
        parameters: Default::default(),
    }
}
