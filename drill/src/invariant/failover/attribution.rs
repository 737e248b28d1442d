//! F8, that the gateway names the provider that really answered; F9, that an alias for embeddings stays
//! one model.

use super::super::finding::Evaluation;
use super::tally::Tally;
use crate::demand::Quantity;

pub(super) fn attribution(tally: &Tally) -> Evaluation {
    let right = tally.attributed - tally.misattributed.count;
    let detail = format!("{right} of {} good answers name the provider that gave them", tally.attributed);
    let why_not = "no good answer names a provider and has an attempt";
    Evaluation::from_ratio(Quantity::share(right, tally.attributed), detail, why_not)
        .breach(tally.misattributed.first_us, tally.misattributed.named.clone())
}

pub(super) fn embedding_stability(tally: &Tally) -> Evaluation {
    if tally.embedded == 0 {
        return Evaluation::not_judged("no embeddings");
    }
    let detail =
        format!("of {} embeddings differ in model or dimension from their alias's first", tally.embedded);
    Evaluation::measured(Quantity::count(tally.unstable.count), detail)
        .breach(tally.unstable.first_us, tally.unstable.named.clone())
}
