//! The breaker's timeline, to the microsecond.

use super::*;

const SECOND: u64 = 1_000_000;

fn at(us: u64) -> Instant {
    Instant::from_micros(us)
}

/// Without jitter, so that the numbers are exact.
fn breaker() -> Breaker {
    Breaker::new(BreakerPolicy { open_jitter_percent: 0, ..BreakerPolicy::default() }, 0)
}

fn feed(breaker: &mut Breaker, from_us: u64, results: &[bool]) {
    for (n, result) in results.iter().enumerate() {
        let now = at(from_us + n as u64);
        let permit = breaker.admit(now, 0).expect("closed");
        breaker.record(now, permit, *result);
    }
}

fn opened_at(us: u64) -> Breaker {
    let mut breaker = breaker();
    feed(&mut breaker, us - 19, &[false; 20]);
    assert_eq!(breaker.state(at(us)), BreakerState::Open);
    breaker
}

#[test]
fn opens_at_thirty_percent_of_at_least_twenty() {
    let mut healthy = breaker();
    feed(&mut healthy, 0, &[false; 19]);
    assert_eq!(healthy.state(at(19)), BreakerState::Closed, "19 samples are too few");

    let mut at_limit = breaker();
    feed(&mut at_limit, 0, &[[true; 14].as_slice(), &[false; 5]].concat());
    assert_eq!(at_limit.state(at(19)), BreakerState::Closed);
    feed(&mut at_limit, 19, &[false]);
    assert_eq!(at_limit.state(at(20)), BreakerState::Open, "6 of 20 is 30 %");
}

#[test]
fn half_opens_after_five_seconds_and_sends_one_probe_each_half_second() {
    let mut breaker = opened_at(SECOND);
    assert_eq!(breaker.admit(at(6 * SECOND - 1), 0), Err(Blocked { until: at(6 * SECOND) }));
    assert!(breaker.admit(at(6 * SECOND), 0).is_ok());
    assert_eq!(breaker.state(at(6 * SECOND)), BreakerState::HalfOpen);
    assert_eq!(breaker.admit(at(6 * SECOND), 0), Err(Blocked { until: at(6_500_000) }));
    assert!(breaker.admit(at(6_500_000), 0).is_ok());
}

#[test]
fn doubles_its_stay_while_probes_fail_up_to_the_cap() {
    let mut breaker = opened_at(SECOND);
    let mut now = SECOND;
    for stay in [5, 10, 20, 20] {
        now += stay * SECOND;
        assert!(breaker.admit(at(now - 1), 0).is_err(), "before {stay} s");
        let permit = breaker.admit(at(now), 0).expect("a probe");
        breaker.record(at(now), permit, false);
    }
    assert_eq!(breaker.opened(), 5);
}

#[test]
fn ramps_linearly_and_forgets_its_streak_at_the_end() {
    let mut breaker = opened_at(SECOND);
    let permit = breaker.admit(at(6 * SECOND), 0).expect("a probe");
    breaker.record(at(6 * SECOND), permit, true);
    assert_eq!(breaker.state(at(6 * SECOND)), BreakerState::Ramping);
    for (seconds, share) in [(0, 100_000), (5, 550_000), (9, 910_000)] {
        assert_eq!(breaker.share_ppm(Duration::from_secs(seconds)), share);
    }
    let passed = |breaker: &mut Breaker, us| {
        (0..10_000).filter(|n| breaker.admit(at(us), world::splitmix64(*n)).is_ok()).count()
    };
    let (early, late) = (passed(&mut breaker, 6 * SECOND), passed(&mut breaker, 11 * SECOND));
    assert!((900..1_100).contains(&early), "10 %: {early}");
    assert!((5_350..5_650).contains(&late), "55 %: {late}");
    assert_eq!(breaker.state(at(16 * SECOND)), BreakerState::Closed);
    assert_eq!(breaker.streak, 0);
}

#[test]
fn failures_during_the_ramp_open_it_for_longer() {
    let mut breaker = opened_at(SECOND);
    let permit = breaker.admit(at(6 * SECOND), 0).expect("a probe");
    breaker.record(at(6 * SECOND), permit, true);
    for n in 0..20 {
        breaker.blame(at(7 * SECOND + n), false);
    }
    assert!(breaker.admit(at(17 * SECOND), 0).is_err());
    assert!(breaker.admit(at(17 * SECOND + 19), 0).is_ok(), "10 s after 7 s");
}

#[test]
fn results_from_before_the_opening_are_not_booked() {
    let mut breaker = breaker();
    let late = breaker.admit(at(0), 0).expect("closed");
    feed(&mut breaker, 1, &[false; 20]);
    let probe = breaker.admit(at(6 * SECOND), 0).expect("a probe");
    breaker.record(at(6 * SECOND), late, true);
    assert_eq!(breaker.state(at(6 * SECOND)), BreakerState::HalfOpen, "an old success is no probe");
    breaker.record(at(6 * SECOND), probe, true);
    assert_eq!(breaker.state(at(6 * SECOND)), BreakerState::Ramping);
}

#[test]
fn jitter_stays_within_its_share() {
    for salt in 0..200 {
        let mut breaker = Breaker::new(BreakerPolicy::default(), world::splitmix64(salt));
        feed(&mut breaker, 0, &[false; 20]);
        let until = breaker.admit(at(20), 0).expect_err("open").until.as_micros() - 19;
        assert!((4 * SECOND..=6 * SECOND).contains(&until), "{until}");
    }
}

#[test]
fn one_that_never_half_opens_stays_open() {
    let mut breaker = Breaker::new(BreakerPolicy { half_opens: false, ..BreakerPolicy::default() }, 0);
    feed(&mut breaker, 0, &[false; 20]);
    assert_eq!(breaker.state(Instant::from_secs(86_400)), BreakerState::Open);
}

#[test]
fn without_a_ramp_everything_returns_at_once() {
    let mut breaker =
        Breaker::new(BreakerPolicy { ramp: None, open_jitter_percent: 0, ..BreakerPolicy::default() }, 0);
    feed(&mut breaker, 0, &[false; 20]);
    let permit = breaker.admit(at(6 * SECOND), 0).expect("a probe");
    breaker.record(at(6 * SECOND), permit, true);
    assert!((0..1_000).all(|n| breaker.admit(at(6 * SECOND), world::splitmix64(n)).is_ok()));
}
