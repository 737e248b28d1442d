//! Who obeys a `retry-after` is admitted, by every provider that sends one.

use std::time::Duration;

use brownout_quota::openai::azure;
use brownout_quota::{anthropic, openai, whole_seconds};
use proptest::prelude::*;

use crate::support::{Ask, SECOND, asks, in_virtual_time, play};

/// The wait as told: to the microsecond, or in the whole seconds of the header.
fn told(wait: Duration, in_seconds: bool) -> Option<Duration> {
    Some(if in_seconds { Duration::from_secs(whole_seconds(wait)) } else { wait })
}

proptest! {
    #[test]
    fn by_anthropic(requests in 1_u64..60, in_seconds in any::<bool>(), asks in asks(10_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = anthropic::Limits {
                requests_per_minute: Some(requests),
                input_tokens_per_minute: Some(10_000),
                output_tokens_per_minute: Some(5_000),
                count_cache_reads: false,
            };
            let quota = anthropic::Quota::new(limits, *world.clock());
            let admit = |ask: &Ask| {
                let admission = quota.admit("claude-haiku-4-5", ask.of_anthropic());
                // What others produce while one waits is not foreseen, so all is produced at once.
                admission
                    .map(|mut admission| admission.produced(ask.output))
                    .map_err(|refusal| told(refusal.retry_after, in_seconds))
            };
            let admitted = play(&world, &asks, admit, |(), _| ()).await;
            assert_eq!(admitted.len(), asks.len());
        });
    }

    #[test]
    fn by_openai(
        requests in 1_u64..60,
        per_day in 1_u64..60,
        in_seconds in any::<bool>(),
        asks in asks(5_000, 5_000),
    ) {
        in_virtual_time(|world| async move {
            let limits = openai::Limits {
                requests_per_minute: Some(requests),
                requests_per_day: Some(per_day),
                tokens_per_minute: Some(10_000),
                tokens_per_day: Some(per_day * 5_000),
                project_requests_per_minute: Some(requests),
                project_tokens_per_minute: Some(7_000),
                ..Default::default()
            };
            let quota = openai::Quota::new(limits, *world.clock());
            let admit = |ask: &Ask| {
                let admission = quota.admit("gpt-4o", ask.of_openai());
                admission.map_err(|refusal| told(refusal.retry_after, in_seconds))
            };
            let admitted = play(&world, &asks, admit, |_, _| ()).await;
            assert_eq!(admitted.len(), asks.len());
        });
    }

    #[test]
    fn by_azure(
        evaluation in prop_oneof![Just(SECOND), Just(10 * SECOND)],
        in_seconds in any::<bool>(),
        asks in asks(5_000, 5_000),
    ) {
        in_virtual_time(|world| async move {
            let limits = azure::Limits { tokens_per_minute: Some(10_000), evaluation, ..Default::default() };
            let quota = azure::Quota::new(limits, *world.clock());
            let admit = |ask: &Ask| {
                let admission = quota.admit("gpt-4o", ask.of_openai());
                admission.map_err(|refusal| told(refusal.retry_after, in_seconds))
            };
            let admitted = play(&world, &asks, admit, |_, _| ()).await;
            assert_eq!(admitted.len(), asks.len());
        });
    }
}
