//! No quota admits more than its capacity, in any stretch of time.

use std::cell::RefCell;
use std::time::Duration;

use brownout_quota::{Limits, Pools, anthropic, bedrock, openai, vertex};
use proptest::prelude::*;
use vertex::{DEFAULT_BURST, PoolLimits};
use world::{Instant, World};

use crate::support::{
    Admitted, Ask, DAY, MINUTE, SECOND, asks, check_bucket, check_bucket_of, check_left, check_windows,
    in_virtual_time, play,
};

const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

fn one(_: &Ask) -> u64 {
    1
}

fn prompt(ask: &Ask) -> u64 {
    ask.prompt
}

/// What it costs when an output token costs `burndown`, but for what goes beyond its reservation.
fn bedrock_cost(burndown: u32) -> impl Fn(&Ask) -> u64 {
    move |ask| {
        let used = ask.prompt + ask.output * u64::from(burndown);
        if ask.is_cancelled { 0 } else { used.min(ask.prompt + ask.max_tokens) }
    }
}

async fn play_bedrock(
    world: &World,
    quotas: &[bedrock::Quota],
    burndown: u32,
    asks: &[Ask],
    place: impl Fn(&Ask) -> (usize, &'static str),
) -> Admitted {
    let model = bedrock::Model { id: "m", burndown, max_output_tokens: 4_000 };
    let admit = |ask: &Ask| {
        let (mock, region) = place(ask);
        let demand =
            bedrock::Demand { input: ask.prompt, max_tokens: Some(ask.max_tokens), ..Default::default() };
        quotas[mock].admit(region, model, demand).map_err(|_| None)
    };
    let end = |reservation: bedrock::Reservation, ask: &Ask| {
        if !ask.is_cancelled {
            reservation.settle(bedrock::Usage { input: ask.prompt, cache_write: 0, output: ask.output });
        }
    };
    play(world, asks, admit, end).await
}

proptest! {
    #[test]
    fn of_bedrock(
        tokens in 1_u64..20_000,
        per_day in 1_u64..200_000,
        requests in 1_u64..60,
        burndown in prop_oneof![Just(1_u32), Just(5)],
        asks in asks(3_000, 6_000),
    ) {
        in_virtual_time(|world| async move {
            let limits = bedrock::Limits {
                requests_per_minute: Some(requests),
                tokens_per_minute: Some(tokens),
                tokens_per_day: Some(per_day),
                ..Default::default()
            };
            let quota = bedrock::Quota::new(limits, *world.clock());
            let region = |ask: &Ask| (0, REGIONS[ask.owner]);
            let admitted = play_bedrock(&world, &[quota], burndown, &asks, region).await;
            for owner in 0..REGIONS.len() {
                let own = admitted.iter().filter(|(_, ask)| ask.owner == owner).copied().collect();
                check_bucket(&own, one, requests, MINUTE);
                check_bucket(&own, bedrock_cost(burndown), tokens, MINUTE);
                check_bucket(&own, bedrock_cost(burndown), per_day, DAY);
            }
        });
    }

    #[test]
    fn of_a_pool_with_a_name(tokens in 1_u64..20_000, requests in 1_u64..60, asks in asks(3_000, 6_000)) {
        in_virtual_time(|world| async move {
            let limits = bedrock::Limits {
                requests_per_minute: Some(requests),
                tokens_per_minute: Some(tokens),
                ..Default::default()
            };
            let limits = Limits { bedrock: limits, pool: Some("account".to_owned()), ..Default::default() };
            let pools = Pools::default();
            let mocks = [0, 1, 2].map(|_| pools.bedrock(&limits, *world.clock()));
            let mock_and_region = |ask: &Ask| (ask.owner, REGIONS[ask.owner]);
            let admitted = play_bedrock(&world, &mocks, 1, &asks, mock_and_region).await;
            check_bucket(&admitted, one, requests, MINUTE);
            check_bucket(&admitted, bedrock_cost(1), tokens, MINUTE);
        });
    }

    #[test]
    fn of_anthropic(
        requests in 1_u64..60,
        input in 1_u64..20_000,
        output in 1_u64..10_000,
        asks in asks(3_000, 6_000),
    ) {
        in_virtual_time(|world| async move {
            let limits = anthropic::Limits {
                requests_per_minute: Some(requests),
                input_tokens_per_minute: Some(input),
                output_tokens_per_minute: Some(output),
                count_cache_reads: false,
            };
            let quota = anthropic::Quota::new(limits, *world.clock());
            let produced = RefCell::new(Vec::new());
            let admit = |ask: &Ask| {
                let admission = quota.admit("claude-haiku-4-5", ask.of_anthropic()).map_err(|_| None)?;
                check_left(&produced.borrow(), world.clock().now(), 1, output, MINUTE);
                Ok(admission)
            };
            let end = |mut admission: anthropic::Admission, ask: &Ask| {
                let tokens = if ask.is_cancelled { 0 } else { ask.output };
                admission.produced(tokens);
                produced.borrow_mut().push((world.clock().now(), tokens));
            };
            let admitted = play(&world, &asks, admit, end).await;
            check_bucket(&admitted, one, requests, MINUTE);
            check_bucket(&admitted, prompt, input, MINUTE);
        });
    }

    #[test]
    fn of_openai(
        requests in 1_u64..60,
        per_day in 1_u64..80,
        tokens in 1_u64..20_000,
        tokens_per_day in 1_u64..200_000,
        asks in asks(3_000, 3_000),
    ) {
        in_virtual_time(|world| async move {
            let limits = openai::Limits {
                requests_per_minute: Some(requests),
                requests_per_day: Some(per_day),
                tokens_per_minute: Some(tokens),
                tokens_per_day: Some(tokens_per_day),
                project_requests_per_minute: Some(requests / 2),
                project_tokens_per_minute: Some(tokens / 2),
                images_per_minute: Some(requests),
                default_max_tokens: None,
            };
            let quota = openai::Quota::new(limits, *world.clock());
            let pictures = |ask: &Ask| ask.owner as u64;
            let admit = |ask: &Ask| {
                let demand = openai::Demand { images: pictures(ask), ..ask.of_openai() };
                quota.admit("gpt-4o", demand).map_err(|_| None)
            };
            let admitted = play(&world, &asks, admit, |_, _| ()).await;
            let larger = |ask: &Ask| ask.prompt.max(ask.max_tokens);
            check_bucket(&admitted, one, requests / 2, MINUTE);
            check_bucket(&admitted, one, per_day, DAY);
            check_bucket(&admitted, larger, tokens / 2, MINUTE);
            check_bucket(&admitted, larger, tokens_per_day, DAY);
            check_bucket(&admitted, pictures, requests, MINUTE);
        });
    }

    #[test]
    fn of_azure(
        tokens in 1_u64..20_000,
        evaluation in prop_oneof![Just(SECOND), Just(10 * SECOND)],
        asks in asks(3_000, 3_000),
    ) {
        in_virtual_time(|world| async move {
            let limits =
                openai::azure::Limits { tokens_per_minute: Some(tokens), evaluation, ..Default::default() };
            let requests = limits.requests_per_period().expect("they follow from the tokens");
            let quota = openai::azure::Quota::new(limits, *world.clock());
            let admit = |ask: &Ask| quota.admit("gpt-4o", ask.of_openai()).map_err(|_| None);
            let admitted = play(&world, &asks, admit, |_, _| ()).await;
            check_windows(&admitted, one, requests, evaluation);
            check_windows(&admitted, |ask| ask.prompt + ask.max_tokens, tokens, MINUTE);
        });
    }

    #[test]
    fn of_a_vertex_project(
        requests in 0_u64..40,
        input in 0_u64..20_000,
        output in 1_u64..5_000,
        asks in asks(3_000, 3_000),
    ) {
        in_virtual_time(|world| async move {
            let limits = vertex::Limits {
                requests_per_minute: Some(requests),
                input_tokens_per_minute: Some(input),
                output_tokens_per_minute: Some(output),
                shared_pool: None,
            };
            let quota = vertex::Quota::new(limits, *world.clock());
            let generated = RefCell::new(Vec::new());
            let admit = |ask: &Ask| {
                let admission = quota.admit(SCOPE, ask.prompt, 0.0).map_err(|_| None)?;
                let now = world.clock().now();
                let before: u64 = generated
                    .borrow()
                    .iter()
                    .filter(|(at, _)| minute_of(*at) == minute_of(now))
                    .map(|(_, tokens)| tokens)
                    .sum();
                assert!(before < output, "{before} of {output} output tokens were used up in this minute");
                Ok(admission)
            };
            let end = |admission: vertex::Admission, ask: &Ask| {
                generated.borrow_mut().push((world.clock().now(), ask.output));
                admission.settle(ask.output);
            };
            let admitted = play(&world, &asks, admit, end).await;
            check_windows(&admitted, one, requests, MINUTE);
            check_windows(&admitted, prompt, input, MINUTE);
        });
    }

    #[test]
    fn of_vertex_in_a_pool_that_is_full(
        tokens_per_minute in 600_u64..200_000,
        spike in 1.0_f64..20.0,
        draws in 0.0_f64..0.5,
        asks in asks(3_000, 3_000),
    ) {
        in_virtual_time(|world| async move {
            // Between 1.0 and 1.5 only what has priority is served, and not all of that.
            let load = vec![(Duration::ZERO, 1.1)];
            let pool = PoolLimits { tokens_per_minute, burst: DEFAULT_BURST, spike: Some(spike), load };
            let limits = vertex::Limits { shared_pool: Some(pool), ..Default::default() };
            let quota = vertex::Quota::new(limits, *world.clock());
            let admit = |ask: &Ask| quota.admit(SCOPE, ask.prompt, draws).map_err(|_| None);
            let admitted = play(&world, &asks, admit, |admission, ask| admission.settle(ask.output)).await;
            let burst = tokens_per_minute / 12;
            check_bucket_of(burst, &admitted, prompt, tokens_per_minute, MINUTE);
            let in_a_second = (tokens_per_minute as f64 / 60.0 * spike).ceil() as u64;
            check_windows(&admitted, prompt, in_a_second, SECOND);
        });
    }
}

const SCOPE: vertex::Scope<'_> =
    vertex::Scope { project: "p", location: "us-central1", base_model: "anthropic-claude-sonnet-4-5" };

fn minute_of(instant: Instant) -> u64 {
    instant.as_micros() / 60_000_000
}
