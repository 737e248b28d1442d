//! The rules in force: those of the file, and those that somebody has set while the mock runs.
//!
//! A rule that was set by hand expires, so that a suite that ends without clearing up leaves no outage behind.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use fault::grammar::Provider;
use fault::{Asked, Decision, Family, FaultFile, Identity, Rule, Rules};
use http::HeaderMap;
use notation::{Problems, format_duration};
use serde_json::{Value, json};
use world::{Instant, Seed};

/// How long a rule that was set by hand holds when it does not say.
pub(crate) const TTL: Duration = Duration::from_secs(300);
/// Rules that may be set by hand at once.
const SET_MAX: usize = 100;

/// All rules of a mock, in the order in which they are asked.
#[derive(Debug)]
pub(crate) struct Faults {
    provider: String,
    seed: Seed,
    in_force: RwLock<Vec<Live>>,
}

/// One rule, with its own count of arrivals.
#[derive(Debug)]
struct Live {
    name: String,
    rules: Rules,
    /// Whose errors it can word; a request of another family passes it by.
    families: Vec<Family>,
    expires: Option<Instant>,
    described: Value,
    is_of_file: bool,
}

/// Why a rule is not set.
#[derive(Debug)]
pub(crate) enum NotSet {
    /// It makes no sense.
    Wrong(Problems),
    /// Its name is a rule's of the file.
    Taken(String),
    /// There are too many.
    TooMany,
}

impl Faults {
    /// Those rules of a file that concern `provider`.
    pub(crate) fn new(files: &[FaultFile], provider: &str, seed: Seed) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut in_force: Vec<Live> = Vec::new();
        let concerns = |file: &FaultFile| file.provider().is_none_or(|name| name == provider);
        for (index, file) in files.iter().enumerate().filter(|(_, file)| concerns(file)) {
            let planned = problems.take(&format!("[{index}]"), plan(file, index, provider));
            let Some((rule, families)) = planned else { continue };
            if in_force.iter().any(|live| *live.name == *rule.name) {
                let message = format!("`{}` is taken", rule.name);
                problems.add(format!("[{index}].name"), message, "another name");
            }
            in_force.push(Live::of(rule, families, provider, seed, true));
        }
        let faults = Self { provider: provider.to_owned(), seed, in_force: RwLock::new(in_force) };
        problems.into_result(faults)
    }

    /// Decides about a request of `family`.
    pub(crate) fn decide(
        &self,
        now: Instant,
        (family, asked): (Family, &Asked<'_>),
        headers: &HeaderMap,
        who: Identity,
    ) -> Option<Decision> {
        let in_force = self.read();
        let mut concerned = in_force.iter().filter(|live| live.families.contains(&family));
        concerned.find_map(|live| live.rules.decide(now, asked, headers, who))
    }

    /// Decides about a connection, before anything of it is read.
    pub(crate) fn decide_connection(&self, now: Instant, ordinal: u64) -> Option<Decision> {
        self.read().iter().find_map(|live| live.rules.decide_connection(now, ordinal))
    }

    /// Puts a rule in force from now on, in place of one of that name. Returns what it is.
    pub(crate) fn set(&self, file: &FaultFile, now: Instant) -> Result<Value, NotSet> {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        in_force.retain(|live| live.is_in_force(now));
        let by_hand = in_force.iter().filter(|live| !live.is_of_file).count();
        let (mut rule, families) = plan(file, by_hand, &self.provider).map_err(NotSet::Wrong)?;
        let same = in_force.iter().position(|live| *live.name == *rule.name);
        if same.is_some_and(|place| in_force[place].is_of_file) {
            return Err(NotSet::Taken(rule.name.to_string()));
        }
        if same.is_none() && by_hand >= SET_MAX {
            return Err(NotSet::TooMany);
        }
        // As written, its times count from the start of a run; set by hand, from now.
        let ttl = rule.schedule.expires.map_or(TTL, Instant::as_duration);
        rule.schedule.first = now + rule.schedule.first.as_duration();
        rule.schedule.expires = Some(now + ttl);
        let live = Live::of(rule, families, &self.provider, self.seed, false);
        let told = live.tell(now);
        match same {
            Some(place) => in_force[place] = live,
            None => in_force.push(live),
        }
        Ok(told)
    }

    /// Takes back what was set by hand; one rule, or all. Returns how many.
    pub(crate) fn clear(&self, name: Option<&str>) -> usize {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        let before = in_force.len();
        in_force.retain(|live| live.is_of_file || name.is_some_and(|name| name != live.name));
        before - in_force.len()
    }

    /// Every rule that is in force or will be.
    pub(crate) fn list(&self, now: Instant) -> Vec<Value> {
        self.read().iter().filter(|live| live.is_in_force(now)).map(|live| live.tell(now)).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self, now: Instant) -> usize {
        self.read().iter().filter(|live| live.is_in_force(now)).count()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<Live>> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks a rule against every API that the mock speaks: an error that one of them has will do.
fn plan(file: &FaultFile, index: usize, name: &str) -> Result<(Rule, Vec<Family>), Problems> {
    let mut planned = None;
    let mut families = Vec::new();
    let mut problems = None;
    for family in Family::ALL {
        match file.plan(index, &[Provider { name, family }]) {
            Ok(rule) => {
                families.push(family);
                planned.get_or_insert(rule);
            }
            Err(found) => drop(problems.get_or_insert(found)),
        }
    }
    planned.map(|rule| (rule, families)).ok_or_else(|| problems.unwrap_or_default())
}

impl Live {
    fn of(rule: Rule, families: Vec<Family>, provider: &str, seed: Seed, is_of_file: bool) -> Self {
        let effects: Vec<Value> = rule
            .mix
            .iter()
            .map(|entry| {
                let parameters: serde_json::Map<String, Value> = entry
                    .effect
                    .parameters()
                    .into_iter()
                    .map(|(key, text)| (key.into(), text.into()))
                    .collect();
                json!({ "effect": entry.effect.name(), "weight": entry.weight, "parameters": parameters })
            })
            .collect();
        let described = json!({
            "name": *rule.name,
            "of": if is_of_file { "file" } else { "control" },
            "extent": rule.extent.describe(),
            "effects": effects,
            "surfaces": families.iter().map(|family| family.as_str()).collect::<Vec<_>>(),
        });
        Self {
            name: rule.name.to_string(),
            expires: rule.schedule.expires,
            rules: Rules::of_provider(&[rule.into()], provider, seed),
            families,
            described,
            is_of_file,
        }
    }

    fn is_in_force(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn tell(&self, now: Instant) -> Value {
        let mut told = self.described.clone();
        if let Some(expires) = self.expires {
            told["expires_in"] = format_duration(expires.saturating_since(now)).into();
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> FaultFile {
        serde_json::from_str(text).expect("a rule")
    }

    fn faults(files: &[&str]) -> Result<Faults, Problems> {
        let files: Vec<_> = files.iter().map(|text| file(text)).collect();
        Faults::new(&files, "mock", Seed(1))
    }

    fn hits(faults: &Faults, family: Family, seconds: u64) -> bool {
        let uri: http::Uri = "/model/m/converse".parse().expect("a path");
        let asked = fault::asked::read(family, &http::Method::POST, &uri, b"");
        let who = Identity { number: 1, attempt: 0 };
        faults.decide(Instant::from_secs(seconds), (family, &asked), &HeaderMap::new(), who).is_some()
    }

    #[test]
    fn a_rule_set_by_hand_holds_until_it_expires_or_is_cleared() {
        let faults = faults(&[]).expect("none");
        faults.set(&file(r#"{"name":"a","error":503,"ttl":"10s"}"#), Instant::from_secs(100)).expect("set");
        let at = [99, 100, 109, 110].map(|second| hits(&faults, Family::Bedrock, second));
        assert_eq!(at, [false, true, true, false]);
        let told = faults.set(&file(r#"{"error":503}"#), Instant::from_secs(200)).expect("set");
        assert_eq!((told["name"].as_str(), told["expires_in"].as_str()), (Some("faults[0]"), Some("5m")));
        assert_eq!((faults.clear(Some("nobody")), faults.clear(None)), (0, 1));
        assert!(!hits(&faults, Family::Bedrock, 200));
    }

    #[test]
    fn a_rule_of_the_same_name_takes_its_place() {
        let faults =
            faults(&[r#"{"name":"fixed","latency":"1s","requests":{"exactly":[999]}}"#]).expect("one");
        let set = |text: &str| faults.set(&file(text), Instant::ZERO);
        set(r#"{"name":"a","error":503}"#).expect("set");
        set(r#"{"name":"a","error":429}"#).expect("replaced");
        assert_eq!(faults.count(Instant::ZERO), 2);
        assert!(matches!(set(r#"{"name":"fixed","error":503}"#), Err(NotSet::Taken(_))));
        assert_eq!(faults.clear(None), 1, "a file's rule stays");
    }

    #[test]
    fn an_error_that_one_api_has_concerns_that_api_alone() {
        let faults = faults(&[r#"{"error":"ThrottlingException"}"#]).expect("Bedrock has it");
        assert!(hits(&faults, Family::Bedrock, 1));
        assert!(!hits(&faults, Family::Vertex, 1));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let problems =
            faults(&[r#"{"error":"nothing-of-the-kind"}"#, r#"{"share":"50%"}"#]).expect_err("two");
        let paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["[0].error", "[1]"]);
    }
}
