//! The line of the client log that a try leaves.

use std::time::Duration;

use evidence::record::{ClientOutcome, ClientRecord, Name};
use world::Instant;

use crate::client::{Answer, nonce_of_try};
use crate::plan::Planned;

/// The record of try `attempt`, emitted `now`. Every try of a request carries the request's own intended
/// send time.
pub(super) fn record_of(planned: &Planned, attempt: u32, answer: &Answer, now: Instant) -> ClientRecord {
    ClientRecord {
        nonce: nonce_of_try(planned, attempt),
        attempt,
        sent_us: Some(answer.sent.as_micros()),
        first_us: answer.first.map(Instant::as_micros),
        end_us: answer.end.as_micros(),
        outcome: answer.outcome,
        status: answer.status,
        error_type: answer.error_type.clone(),
        retry_after_s: answer.retry_after.map(whole_seconds),
        tokens: answer.tokens,
        gap_max_us: answer.gap_max.map(|gap| u64::try_from(gap.as_micros()).unwrap_or(u64::MAX)),
        events: answer.events,
        bytes: answer.bytes,
        served_by: answer.served_by.clone(),
        served_model: answer.served_model.clone(),
        dimension: answer.dimension,
        ..blank(planned, now)
    }
}

/// The record of an arrival that was never sent, because too many requests waited for answers.
pub(super) fn record_of_dropped(planned: &Planned, now: Instant) -> ClientRecord {
    blank(planned, now)
}

fn blank(planned: &Planned, now: Instant) -> ClientRecord {
    let class_says_more = planned.class.name != planned.class.kind_name;
    ClientRecord {
        t_us: now.as_micros(),
        request: planned.ordinal,
        nonce: planned.nonce,
        attempt: 0,
        kind: Name::clone(&planned.class.kind_name),
        class: class_says_more.then(|| Name::clone(&planned.class.name)),
        tenant: Name::clone(&planned.tenant.name),
        model: Name::clone(&planned.model),
        streamed: planned.streamed,
        pinned: planned.pinned.clone(),
        deliberate: planned.deliberate,
        phase: Name::clone(&planned.phase),
        sched_us: planned.due.as_micros(),
        sent_us: None,
        first_us: None,
        end_us: now.as_micros(),
        outcome: ClientOutcome::Conn,
        status: None,
        error_type: None,
        retry_after_s: None,
        tokens: 0,
        gap_max_us: None,
        events: None,
        bytes: 0,
        served_by: None,
        served_model: None,
        dimension: None,
    }
}

/// Rounded up: a client that comes a moment early is refused again.
fn whole_seconds(pause: Duration) -> u32 {
    let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
