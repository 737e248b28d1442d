//! F5: after the fault, how soon traffic is back on the provider that was the first choice.

use super::super::finding::Evaluation;
use super::F1_WINDOW_US;
use super::tally::Tally;
use crate::demand::{Expectation, FaultWindow, Policy, Quantity, Span, Weight};
use crate::invariant::Case;
use crate::observed::sliding;

/// How much of its quiet share the provider has to have again, in percent.
const BACK_PERCENT: u64 = 90;

/// How the return went after one window.
enum Return {
    After(u64),
    Never,
    /// The next fault or the end of the run came too soon to tell.
    Unknown,
}

pub(super) fn fail_back(tally: &Tally, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
    let patience_us = u64::try_from(expectation.threshold.limit.micro).unwrap_or(0);
    let mut worst: Option<(u64, &FaultWindow)> = None;
    let mut never = false;
    let mut detail = Vec::new();
    let failures = case.plan.failures().map(|(_, window)| window);
    for window in failures.filter(|window| tally.is_primary_of_any(case.plan, &window.provider)) {
        let (took_us, is_never) = match return_after(tally, case, window, patience_us) {
            Return::Unknown => continue,
            Return::After(us) => (us, false),
            Return::Never => {
                (case.plan.quiet_until(window.span.to_us).saturating_sub(window.span.to_us), true)
            }
        };
        never |= is_never;
        let text = if is_never { "never".to_owned() } else { Quantity::micros(took_us).to_string() };
        detail.push(format!("after {window} {text}"));
        if worst.is_none_or(|(worst_us, _)| took_us > worst_us) {
            worst = Some((took_us, window));
        }
    }
    let Some((took_us, window)) = worst else {
        return Evaluation::not_judged(
            "no fault on a first choice with enough quiet time before and after it",
        );
    };
    let mut evaluation = Evaluation::measured(Quantity::micros(took_us), detail.join(", "))
        .breach(Some(window.span.to_us), Vec::new())
        .theory("the breaker's longest pause with its jitter, its ramp, and 10 s");
    if never {
        (evaluation.never, evaluation.holds) = (true, Some(false));
    } else if case.plan.policy.as_ref().and_then(Policy::fail_back_bound_us).is_none() {
        evaluation = evaluation.weighing(Weight::Advisory);
    }
    evaluation
}

/// Attempts on a window's provider and on all, before the window.
fn quiet_share(tally: &Tally, case: &Case<'_>, window: &FaultWindow) -> (u64, u64) {
    let count = |span: Span| (tally.attempts_between(&window.provider, span), tally.attempts_in(span));
    let (own, all) = count(case.plan.quiet_before(window.span.from_us));
    let (first_own, first_all) = count(case.plan.baseline());
    // A provider that has not come back from an earlier fault is not to be measured by that. Load changes too, hence half.
    let never_came_back = 2 * own * first_all < all * first_own;
    if never_came_back { (first_own, first_all) } else { (own, all) }
}

fn return_after(tally: &Tally, case: &Case<'_>, window: &FaultWindow, patience_us: u64) -> Return {
    let (quiet_own, quiet_all) = quiet_share(tally, case, window);
    let off_us = window.span.to_us;
    let is_hit_again = case.plan.is_faulted_at(off_us);
    if quiet_own == 0 || is_hit_again {
        return Return::Unknown;
    }
    let until_us = case.plan.quiet_until(off_us);
    let is_back = |start: &u64| {
        let span = Span { from_us: *start, to_us: start + F1_WINDOW_US };
        let (own, all) = (tally.attempts_between(&window.provider, span), tally.attempts_in(span));
        all > 0 && own * quiet_all * 100 >= all * quiet_own * BACK_PERCENT
    };
    match sliding(off_us, until_us, F1_WINDOW_US).find(is_back) {
        Some(start) => Return::After(start - off_us),
        None if until_us.saturating_sub(off_us) < patience_us + F1_WINDOW_US => Return::Unknown,
        None => Return::Never,
    }
}
