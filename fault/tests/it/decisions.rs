//! Decisions are a pure function of seed, rule, window, identity and attempt.

use crate::fault::{Chance, FaultFile, Identity, Rule};
use proptest::prelude::*;
use serde::Deserialize;
use std::time::Duration;
use world::{Domain, Seed};

#[derive(Deserialize)]
struct File {
    faults: Vec<FaultFile>,
}

fn rule(text: &str) -> Rule {
    let file: File = toml::from_str(&format!("[[faults]]\n{text}")).expect(text);
    crate::fault::plan(&file.faults, &[]).expect(text).remove(0)
}

fn rule_of_share(share: f64) -> Rule {
    rule(&format!(
        "share = '{share}%'\nmix = [{{ error = 503, weight = 6 }}, {{ error = 429, weight = 2 }}, {{ cut = '3 events:reset' }}]"
    ))
}

fn identities(seed: u64, count: u64) -> impl Iterator<Item = Identity> {
    let domain: Domain = Seed(seed).domain("who");
    (0..count).map(move |number| Identity { number: domain.hash_n(number), attempt: (number % 3) as u32 })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn raising_a_share_only_adds_faults(seed: u64, low in 0.0..100.0_f64, more in 0.0..100.0_f64) {
        let (small, large) = (rule_of_share(low), rule_of_share((low + more).min(100.0)));
        let chance = Chance::of(Seed(seed));
        for who in identities(seed, 500) {
            let decide = |rule: &Rule| chance.decide(rule, 0, Duration::ZERO, who, 0).map(|verdict| verdict.entry);
            if let Some(entry) = decide(&small) {
                prop_assert_eq!(decide(&large), Some(entry));
            }
        }
    }

    #[test]
    fn a_ramp_only_takes_faults_away(seed: u64, seconds in 0_u64..60) {
        let whole = rule("share = '50%'\nerror = 503");
        let ramped = rule("share = '50%'\nramp = '1m'\nerror = 503");
        let chance = Chance::of(Seed(seed));
        for who in identities(seed, 200) {
            let since = Duration::from_secs(seconds);
            if chance.decide(&ramped, 0, since, who, 0).is_some() {
                prop_assert!(chance.decide(&whole, 0, since, who, 0).is_some());
            }
        }
    }
}

#[test]
fn shares_and_weights_come_out_right() {
    let rule = rule_of_share(50.0);
    let chance = Chance::of(Seed(3));
    let mut counts = [0_u32; 3];
    for who in identities(3, 90_000) {
        if let Some(verdict) = chance.decide(&rule, 0, Duration::ZERO, who, 0) {
            counts[verdict.entry] += 1;
        }
    }
    let total: u32 = counts.iter().sum();
    assert!((44_400..45_600).contains(&total), "{counts:?}");
    for (count, weight) in counts.into_iter().zip([6, 2, 1]) {
        let expected = f64::from(total) * f64::from(weight) / 9.0;
        assert!((f64::from(count) - expected).abs() < 5.0 * expected.sqrt(), "{counts:?}");
    }
}

#[test]
fn rule_window_identity_and_attempt_all_count() {
    let chance = Chance::of(Seed(1));
    let who = Identity { number: 5, attempt: 0 };
    let draw = chance.draw("a", 0, who);
    assert_eq!(draw, Chance::of(Seed(1)).draw("a", 0, who));
    for other in [
        Chance::of(Seed(2)).draw("a", 0, who),
        chance.draw("b", 0, who),
        chance.draw("a", 1, who),
        chance.draw("a", 0, Identity { number: 6, ..who }),
        chance.draw("a", 0, Identity { attempt: 1, ..who }),
    ] {
        assert_ne!(draw, other);
    }
}

/// A decision is part of what a version promises: a changed value breaks every recorded run.
#[test]
fn decisions_do_not_change_between_versions() {
    let chance = Chance::of(Seed(7));
    let who = Identity { number: 0x0123_4567_89ab_cdef, attempt: 2 };
    assert_eq!(chance.draw("faults[0]", 1, who), GOLDEN, "{:#018x}", chance.draw("faults[0]", 1, who));
}

const GOLDEN: u64 = 0x791f_57cc_f91b_1e40;
