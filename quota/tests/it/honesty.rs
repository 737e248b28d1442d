//! What the headers tell is true: what is left is admitted, one token more is not, and after the time of the reset
//! all of it is there.

use brownout_quota::openai::{self, Standing, azure};
use brownout_quota::{Level, anthropic};
use proptest::prelude::*;
use world::World;

use crate::support::{Ask, asks, in_virtual_time, play};

const HAIKU: &str = "claude-haiku-4-5";
const TOKENS: u64 = 10_000;

proptest! {
    #[test]
    fn of_anthropic(asks in asks(10_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = anthropic::Limits {
                requests_per_minute: Some(1_000_000),
                input_tokens_per_minute: Some(TOKENS),
                output_tokens_per_minute: Some(5_000),
                count_cache_reads: false,
            };
            let quota = anthropic::Quota::new(limits, *world.clock());
            let admit = |input| quota.admit(HAIKU, anthropic::Demand { input, ..Default::default() });
            let end = |mut admission: anthropic::Admission, ask: &Ask| admission.produced(ask.output);
            play(&world, &asks, |ask| admit(ask.prompt).map_err(|_| None), end).await;
            let reset_of = |level: Option<Level>| level.unwrap_or_default().reset;
            let is_dry = |standing: &anthropic::Standing| standing.output_tokens.is_some_and(|left| left.remaining == 0);
            if is_dry(&quota.standing(HAIKU)) {
                let refusal = admit(0).expect_err("no output is left");
                assert_eq!(refusal.limit, anthropic::Limit::OutputTokens);
                world.clock().sleep(refusal.retry_after).await;
            }
            let left = quota.standing(HAIKU).input_tokens.unwrap_or_default().remaining;
            assert_eq!(admit(left + 1).expect_err("more than is left").limit, anthropic::Limit::InputTokens);
            let mut last = admit(left).expect("it is left");
            last.produced(last.standing().output_tokens.unwrap_or_default().remaining);
            assert!(is_dry(&quota.standing(HAIKU)), "as much was left as was told");
            world.clock().sleep(reset_of(quota.standing(HAIKU).tokens())).await;
            let whole = quota.standing(HAIKU).tokens().map(|level| level.remaining);
            assert_eq!(whole, Some(TOKENS + 5_000));
        });
    }

    #[test]
    fn of_openai(asks in asks(5_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = openai::Limits {
                requests_per_minute: Some(1_000_000),
                tokens_per_minute: Some(TOKENS),
                ..Default::default()
            };
            let quota = openai::Quota::new(limits, *world.clock());
            let admit = |tokens| quota.admit("gpt-4o", demand(tokens)).map_err(|refusal| Box::new(refusal.standing));
            play(&world, &asks, |ask| admit(ask.prompt).map_err(|_| None), |_, _| ()).await;
            check_tokens(&world, admit).await;
        });
    }

    #[test]
    fn of_azure(asks in asks(5_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = azure::Limits {
                tokens_per_minute: Some(TOKENS),
                requests_per_minute: Some(1_000_000),
                ..Default::default()
            };
            let quota = azure::Quota::new(limits, *world.clock());
            let admit = |tokens| quota.admit("gpt-4o", demand(tokens)).map_err(|refusal| Box::new(refusal.standing));
            play(&world, &asks, |ask| admit(ask.prompt + ask.max_tokens).map_err(|_| None), |_, _| ()).await;
            check_tokens(&world, admit).await;
        });
    }
}

/// Holds the tokens that OpenAI or Azure tells against what `admit` takes.
async fn check_tokens(world: &World, admit: impl Fn(u64) -> Result<Standing, Box<Standing>>) {
    let told = |standing: Standing| standing.tokens.unwrap_or_default();
    let left = told(admit(0).unwrap_or_else(|refused| *refused)).remaining;
    assert!(admit(left + 1).is_err());
    let last = admit(left).expect("it is left");
    world.clock().sleep(told(last).reset).await;
    assert!(admit(TOKENS).is_ok());
}

fn demand(tokens: u64) -> openai::Demand {
    openai::Demand { prompt: tokens, max_tokens: Some(0), ..Default::default() }
}
