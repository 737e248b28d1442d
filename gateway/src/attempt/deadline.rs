//! Time limits of one attempt, which grow with the work that was asked for.

use std::time::Duration;

use crate::plan::DeadlinePolicy;

/// A time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// How long.
    pub(crate) after: Duration,
    /// Whether the length of the request made it longer. Passing such a limit says more about the request
    /// than about the provider, and does not count against the provider.
    pub(crate) is_scaled: bool,
}

/// What of a request decides how long it may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Tokens of the prompt, estimated.
    pub(crate) prompt_tokens: u32,
    /// Tokens that the answer may have; none when the request does not say.
    pub(crate) output_tokens: Option<u32>,
}

/// The limit until the first content of a stream.
#[must_use]
pub(crate) fn first_content(policy: &DeadlinePolicy, work: Work) -> Option<Limit> {
    let base = policy.first_content?;
    let added = policy.per_prompt_token.saturating_mul(work.prompt_tokens);
    Some(Limit { after: base.saturating_add(added), is_scaled: added > base })
}

/// The limit of a whole answer.
#[must_use]
pub(crate) fn answer(policy: &DeadlinePolicy, work: Work) -> Option<Limit> {
    let least = policy.answer_min?;
    let first = first_content(policy, work).map_or(Duration::ZERO, |limit| limit.after);
    let tokens = work.output_tokens.unwrap_or(policy.output_tokens_assumed);
    let needed = first.saturating_add(policy.per_output_token.saturating_mul(tokens));
    Some(Limit { after: needed.max(least), is_scaled: needed > least })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prompt_tokens: u32, output_tokens: u32, first_ms: u128, answer_ms: u128) {
        let policy = DeadlinePolicy::default();
        let work = Work { prompt_tokens, output_tokens: Some(output_tokens) };
        let millis = |limit: Option<Limit>| limit.map(|limit| limit.after.as_millis());
        assert_eq!(millis(first_content(&policy, work)), Some(first_ms));
        assert_eq!(millis(answer(&policy, work)), Some(answer_ms));
    }

    #[test]
    fn limits_grow_with_the_work() {
        check(0, 0, 10_000, 30_000);
        check(100, 64, 10_100, 30_000);
        check(100, 132, 10_100, 30_000);
        check(100, 133, 10_100, 30_050);
        check(180_000, 4_000, 190_000, 790_000);
    }

    #[test]
    fn long_work_is_told_from_a_slow_provider() {
        let policy = DeadlinePolicy::default();
        let scaled = |prompt_tokens, output_tokens| {
            let work = Work { prompt_tokens, output_tokens: Some(output_tokens) };
            (first_content(&policy, work).map(|l| l.is_scaled), answer(&policy, work).map(|l| l.is_scaled))
        };
        assert_eq!(scaled(100, 64), (Some(false), Some(false)));
        assert_eq!(scaled(100, 4_000), (Some(false), Some(true)));
        assert_eq!(scaled(180_000, 64), (Some(true), Some(true)));
    }

    #[test]
    fn an_absent_limit_is_none() {
        let policy = DeadlinePolicy { first_content: None, answer_min: None, ..DeadlinePolicy::default() };
        assert_eq!((first_content(&policy, Work::default()), answer(&policy, Work::default())), (None, None));
    }
}
