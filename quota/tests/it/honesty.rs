//! What the headers tell is true: what is left is admitted, one token more is not, and after the time of the reset
//! all of it is there.

use brownout_quota::openai::azure;
use brownout_quota::{Level, anthropic, openai};
use proptest::prelude::*;

use crate::support::{Ask, asks, in_virtual_time, play};

proptest! {
    #[test]
    fn of_anthropic(asks in asks(10_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = anthropic::Limits {
                requests_per_minute: Some(1_000_000),
                input_tokens_per_minute: Some(10_000),
                output_tokens_per_minute: Some(5_000),
                count_cache_reads: false,
            };
            let quota = anthropic::Quota::new(limits, *world.clock());
            let admit = |input: u64, max_tokens: u64| {
                let demand = anthropic::Demand { input, max_tokens, ..Default::default() };
                quota.admit("claude-haiku-4-5", demand)
            };
            let admit_ask = |ask: &Ask| admit(ask.prompt, ask.max_tokens).map_err(|_| None);
            let end = |admission: anthropic::Admission, ask: &Ask| admission.settle(ask.output);
            play(&world, &asks, admit_ask, end).await;
            let standing = quota.standing("claude-haiku-4-5");
            let [input, output] = [standing.input_tokens, standing.output_tokens].map(Option::unwrap_or_default);
            let refused = |input, output| admit(input, output).expect_err("more than is left").limit;
            assert_eq!(refused(input.remaining + 1, 0), anthropic::Limit::InputTokens);
            assert_eq!(refused(0, output.remaining + 1), anthropic::Limit::OutputTokens);
            let last = admit(input.remaining, output.remaining).expect("it is left");
            world.clock().sleep(last.standing().tokens().unwrap_or_default().reset).await;
            let whole = quota.standing("claude-haiku-4-5").tokens().map(|level| level.remaining);
            assert_eq!(whole, Some(15_000));
        });
    }

    #[test]
    fn of_openai(asks in asks(5_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = openai::Limits {
                requests_per_minute: Some(1_000_000),
                tokens_per_minute: Some(10_000),
                ..Default::default()
            };
            let quota = openai::Quota::new(limits, *world.clock());
            let admit = |tokens| quota.admit("gpt-4o", demand(tokens));
            play(&world, &asks, |ask| admit(ask.prompt).map_err(|_| None), |_, _| ()).await;
            let left = admit(0).unwrap_or_else(|refusal| refusal.standing).tokens;
            let Level { remaining, .. } = left.unwrap_or_default();
            assert!(admit(remaining + 1).is_err());
            let reset = admit(remaining).expect("it is left").tokens.unwrap_or_default().reset;
            world.clock().sleep(reset).await;
            assert!(admit(10_000).is_ok());
        });
    }

    #[test]
    fn of_azure(asks in asks(5_000, 5_000)) {
        in_virtual_time(|world| async move {
            let limits = azure::Limits {
                tokens_per_minute: Some(10_000),
                requests_per_minute: Some(1_000_000),
                ..Default::default()
            };
            let quota = azure::Quota::new(limits, *world.clock());
            let admit = |tokens| quota.admit("gpt-4o", demand(tokens));
            play(&world, &asks, |ask| admit(ask.prompt + ask.max_tokens).map_err(|_| None), |_, _| ()).await;
            let left = admit(0).unwrap_or_else(|refusal| refusal.standing).tokens;
            let Level { remaining, .. } = left.unwrap_or_default();
            assert!(admit(remaining + 1).is_err());
            let reset = admit(remaining).expect("it is left").tokens.unwrap_or_default().reset;
            world.clock().sleep(reset).await;
            assert!(admit(10_000).is_ok());
        });
    }
}

fn demand(tokens: u64) -> openai::Demand {
    openai::Demand { prompt: tokens, max_tokens: Some(0), more_choices: 0 }
}
