//! G1: whether the generator did what the plan said; otherwise the run says nothing about the target.

use super::finding::Evaluation;
use crate::demand::Quantity;
use crate::observed::RunFacts;

/// The least part of the schedule that has to be sent, in parts per million.
const OFFERED_PPM: i64 = 990_000;

/// Sent over scheduled decides, and so do the send lag and the generator's own CPU. Requests kept back at
/// the in-flight cap are the target's doing and count as offered.
pub(crate) fn evaluate(facts: &RunFacts) -> Evaluation {
    let load = &facts.load;
    let offered = (load.sent + load.dropped_at_cap).min(load.scheduled);
    let Some(share) = Quantity::share(offered, load.scheduled) else {
        return Evaluation::not_judged("nothing was scheduled");
    };
    let is_prompt = load.send_lag_p99_us <= load.send_lag_limit_us;
    let has_room = load.cpu_saturated != Some(true);
    let detail = format!(
        "{offered} of {} offered, send lag p99 {} (limit {}){}",
        load.scheduled,
        Quantity::micros(load.send_lag_p99_us),
        Quantity::micros(load.send_lag_limit_us),
        if has_room { "" } else { ", its CPU was saturated" },
    );
    let mut evaluation = Evaluation::measured(share, detail);
    evaluation.holds = Some(share.micro >= OFFERED_PPM && is_prompt && has_room);
    evaluation
}

#[cfg(test)]
mod tests;
