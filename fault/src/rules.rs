//! The rules of one route, ready to decide.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use world::{Draws, Instant, Seed};

use crate::asked::Asked;
use crate::decision::{Chance, Decision, Identity, Verdict};
use crate::effect::Effect;
use crate::rule::Rule;
use crate::schedule::Window;
use crate::selection::Extent;

/// The name, in records, of a rule that a request brings itself.
pub const OVERRIDE: &str = "override";

/// The rules that concern one provider. The first in file order that hits a request is the one that acts.
#[derive(Debug)]
pub struct Rules {
    chance: Chance,
    on_requests: Vec<Armed>,
    on_connections: Vec<Armed>,
}

/// A rule and how many requests it has seen: those that it concerns and that no rule before it hit.
#[derive(Debug)]
struct Armed {
    rule: Arc<Rule>,
    arrivals: Mutex<Arrived>,
}

/// Requests that a rule concerned in the present window.
#[derive(Debug, Default)]
struct Arrived {
    window: u32,
    count: u64,
}

impl Armed {
    fn new(rule: &Arc<Rule>) -> Self {
        Self { rule: Arc::clone(rule), arrivals: Mutex::default() }
    }

    /// The ordinal of this arrival in its window, from 1; 0 for rules that do not go by order.
    fn arrive(&self, window: u32) -> u64 {
        if !matches!(self.rule.extent, Extent::Arrivals(_)) {
            return 0;
        }
        let mut arrived = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if arrived.window != window {
            *arrived = Arrived { window, count: 0 };
        }
        arrived.count += 1;
        arrived.count
    }

    fn decide(
        &self,
        chance: &Chance,
        now: Instant,
        window: Window,
        who: Identity,
        arrival: u64,
    ) -> Option<Decision> {
        let since = now.saturating_since(window.opens);
        let verdict = chance.decide(&self.rule, window.index, since, who, arrival)?;
        let arrival = (arrival > 0).then_some(arrival);
        Some(Decision { rule: Arc::clone(&self.rule), window, verdict, arrival, at: now })
    }
}

impl Rules {
    /// Those of `rules` that concern `provider`, with the chance of `seed`.
    #[must_use]
    pub fn of_provider(rules: &[Arc<Rule>], provider: &str, seed: Seed) -> Self {
        let concerned = rules.iter().filter(|rule| rule.selection.concerns(provider));
        let (connections, requests): (Vec<_>, Vec<_>) = concerned.partition(|rule| rule.is_before_request());
        Self {
            chance: Chance::of(seed),
            on_requests: requests.into_iter().map(Armed::new).collect(),
            on_connections: connections.into_iter().map(Armed::new).collect(),
        }
    }

    /// Whether there is nothing to decide, ever.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.on_requests.is_empty() && self.on_connections.is_empty()
    }

    /// Decides about a request.
    #[must_use]
    pub fn decide(
        &self,
        now: Instant,
        asked: &Asked<'_>,
        headers: &HeaderMap,
        who: Identity,
    ) -> Option<Decision> {
        self.on_requests.iter().find_map(|armed| {
            let window = armed.rule.schedule.window_at(now)?;
            armed.rule.selection.matches(asked, headers).then_some(())?;
            let arrival = armed.arrive(window.index);
            armed.decide(&self.chance, now, window, who, arrival)
        })
    }

    /// A decision that a request itself asks for: this effect, whatever the rules say.
    #[must_use]
    pub fn force(&self, now: Instant, effect: Effect, who: Identity) -> Decision {
        let rule = Rule::always(OVERRIDE, effect);
        let window = Window { index: 0, opens: Instant::ZERO, closes: None };
        let draw = self.chance.draw(OVERRIDE, 0, who);
        let verdict = Verdict { draw, entry: 0, draws: Draws::from_hash(draw) };
        Decision { rule: Arc::new(rule), window, verdict, arrival: None, at: now }
    }

    /// Decides about a connection when it has been accepted, before its requests are read. Its ordinal at the listener is
    /// its identity; by order it is counted in each window, as requests are.
    #[must_use]
    pub fn decide_connection(&self, now: Instant, ordinal: u64) -> Option<Decision> {
        let who = Identity { number: ordinal, attempt: 0 };
        self.on_connections.iter().find_map(|armed| {
            let window = armed.rule.schedule.window_at(now)?;
            let arrival = armed.arrive(window.index);
            armed.decide(&self.chance, now, window, who, arrival)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Family, asked, spec};
    use http::{Method, Uri};
    use std::time::Duration;

    use crate::schedule::Schedule;
    use crate::selection::Arrivals;

    /// Which of `count` arrivals at each of these seconds are hit.
    fn hits(rules: &[Arc<Rule>], seconds: &[u64], count: u64) -> Vec<Vec<u64>> {
        let rules = Rules::of_provider(rules, "p", Seed(1));
        let uri: Uri = "/model/m/converse".parse().expect("a path");
        let asked = asked::read(Family::Bedrock, &Method::POST, &uri, b"");
        let at = |second: u64| {
            let hit = |number: &u64| {
                let who = Identity { number: *number, attempt: 0 };
                rules.decide(Instant::from_secs(second), &asked, &HeaderMap::new(), who).is_some()
            };
            (1..=count).filter(hit).collect()
        };
        seconds.iter().copied().map(at).collect()
    }

    fn rule(name: &str, extent: Extent, schedule: Schedule) -> Arc<Rule> {
        let effect = spec::parse("error=503", Family::Bedrock).expect("a spec");
        Arc::new(Rule { extent, schedule, ..Rule::always(name, effect) })
    }

    #[test]
    fn order_is_counted_anew_in_every_window() {
        let schedule = Schedule {
            first: Instant::from_secs(10),
            length: Some(Duration::from_secs(5)),
            every: Some(Duration::from_secs(10)),
            times: Some(2),
            expires: None,
        };
        let rules = [rule("a", Extent::Arrivals(Arrivals::First(2)), schedule)];
        assert_eq!(hits(&rules, &[0, 10, 20, 30], 4), [vec![], vec![1, 2], vec![1, 2], vec![]]);
    }

    #[test]
    fn connections_are_counted_anew_in_every_window() {
        let schedule = Schedule {
            first: Instant::from_secs(10),
            length: Some(Duration::from_secs(5)),
            every: Some(Duration::from_secs(10)),
            times: Some(2),
            expires: None,
        };
        let effect = spec::parse("reset=before-request", Family::Bedrock).expect("a spec");
        let extent = Extent::Arrivals(Arrivals::First(2));
        let rule = Arc::new(Rule { extent, schedule, ..Rule::always("a", effect) });
        let rules = Rules::of_provider(&[rule], "p", Seed(1));
        let hit = |second, ordinal| rules.decide_connection(Instant::from_secs(second), ordinal).is_some();
        let accepted = [0, 0, 0, 10, 10, 10, 20, 20, 20, 30];
        let hits: Vec<bool> = (0..).zip(accepted).map(|(ordinal, second)| hit(second, ordinal)).collect();
        assert_eq!(hits, [false, false, false, true, true, false, true, true, false, false]);
    }

    #[test]
    fn a_rule_counts_what_the_rules_before_it_spared() {
        let of = |name: &str, arrivals| rule(name, Extent::Arrivals(arrivals), Schedule::ALWAYS);
        let rules = [of("a", Arrivals::First(2)), of("b", Arrivals::Every(3))];
        assert_eq!(hits(&rules, &[0], 9), [vec![1, 2, 5, 8]]);
    }
}
