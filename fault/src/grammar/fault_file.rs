//! `[[faults]]`: from what is written to a checked rule, with every problem at once.

use std::collections::BTreeSet;

use evidence::Name;
use http::HeaderName;
use notation::{DurationText, Problems, Share};
use serde::Deserialize;
use world::Instant;

use super::effect_keys::{EffectFile, FaultFile};
use crate::Family;
use crate::effect::{Effect, Wanted};
use crate::provider_error::ProviderError;
use crate::rule::{Rule, Weighted};
use crate::schedule::Schedule;
use crate::selection::{Arrivals, Extent, Pattern, Selection};

/// `when = { first = "5m", for = "5m", every = "10m", times = 3 }`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhenFile {
    first: Option<DurationText>,
    r#for: Option<DurationText>,
    every: Option<DurationText>,
    times: Option<u32>,
}

/// `requests = { first = 10 }`, `{ every = 3 }` or `{ exactly = [1, 4] }`: by order of arrival.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArrivalsFile {
    first: Option<u64>,
    every: Option<u64>,
    exactly: Option<Vec<u64>>,
}

/// A provider that rules may name: the name of its route, and whose API it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider<'a> {
    /// The name of its route.
    pub name: &'a str,
    /// Whose API it speaks.
    pub family: Family,
}

/// Checks the rules of a file against the providers that there are.
///
/// # Errors
/// Every problem of every rule, each under `[i]`.
pub fn plan(files: &[FaultFile], providers: &[Provider<'_>]) -> Result<Vec<Rule>, Problems> {
    let mut problems = Problems::new();
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let place = format!("[{index}]");
        if let Some(rule) = problems.take(&place, file.plan(index, providers)) {
            if !names.insert(Name::clone(&rule.name)) {
                problems.add(format!("{place}.name"), format!("`{}` is taken", rule.name), "another name");
            }
            rules.push(rule);
        }
    }
    problems.into_result(rules)
}

impl FaultFile {
    /// The provider that it concerns; all of them when it names none.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The checked rule; it is rule `index` of its file.
    ///
    /// # Errors
    /// Every problem.
    pub fn plan(&self, index: usize, providers: &[Provider<'_>]) -> Result<Rule, Problems> {
        let mut problems = Problems::new();
        let families = self.families(providers, &mut problems);
        let mix = self.mix(&families, &mut problems);
        let rule = Rule {
            name: self.name.clone().unwrap_or_else(|| format!("faults[{index}]")).into(),
            selection: self.selection(&mut problems),
            schedule: self.schedule(&mut problems),
            extent: self.extent(&mut problems),
            mix,
        };
        check_before_request(&rule, &mut problems);
        problems.into_result(rule)
    }

    /// The families of the providers that the rule concerns.
    fn families(&self, providers: &[Provider<'_>], problems: &mut Problems) -> BTreeSet<Family> {
        let wanted =
            |provider: &&Provider<'_>| self.provider.as_deref().is_none_or(|name| name == provider.name);
        let families: BTreeSet<_> = providers.iter().filter(wanted).map(|provider| provider.family).collect();
        if let (Some(name), true) = (&self.provider, families.is_empty()) {
            let known: Vec<_> = providers.iter().map(|provider| provider.name).collect();
            problems.add("provider", format!("there is no provider `{name}`"), known.join(", "));
        }
        families
    }

    fn mix(&self, families: &BTreeSet<Family>, problems: &mut Problems) -> Vec<Weighted> {
        let inline = self.inline();
        match &self.mix {
            None => entry(&inline, "", families, problems).into_iter().collect(),
            Some(_) if !inline.is_empty() => {
                problems.add("mix", "stands beside an effect of its own", "either a mix or one effect");
                Vec::new()
            }
            Some(entries) => {
                if entries.is_empty() {
                    problems.add("mix", "is empty", "at least one effect");
                }
                let planned = entries
                    .iter()
                    .enumerate()
                    .filter_map(|(index, file)| entry(file, &format!("mix[{index}]"), families, problems));
                planned.collect()
            }
        }
    }

    fn selection(&self, problems: &mut Problems) -> Selection {
        Selection {
            provider: self.provider.as_deref().map(Into::into),
            model: self.model.as_deref().map(Pattern::new),
            operation: self.operation.as_deref().map(Pattern::new),
            kind: self.kind,
            streaming: self.streaming,
            tenant: self.tenant.as_deref().map(Into::into),
            header: self.header.as_deref().and_then(|text| header(text, problems)),
        }
    }

    fn schedule(&self, problems: &mut Problems) -> Schedule {
        let expires = self.ttl.map(|ttl| Instant::from(ttl.0));
        let Some(when) = &self.when else { return Schedule { expires, ..Schedule::ALWAYS } };
        when.check(problems);
        Schedule {
            first: when.first.map_or(Instant::ZERO, |first| Instant::from(first.0)),
            length: when.r#for.map(|length| length.0),
            every: when.every.map(|every| every.0),
            times: when.times,
            expires,
        }
    }

    fn extent(&self, problems: &mut Problems) -> Extent {
        let Some(requests) = &self.requests else {
            let ramp = self.ramp.map(|ramp| ramp.0).filter(|ramp| !ramp.is_zero());
            return Extent::Share { share: self.share.unwrap_or(Share::ALL), ramp };
        };
        if self.share.is_some() || self.ramp.is_some() {
            problems.add("requests", "stands beside `share` or `ramp`", "either order or chance");
        }
        Extent::Arrivals(requests.plan(problems).unwrap_or(Arrivals::First(0)))
    }
}

impl WhenFile {
    fn check(&self, problems: &mut Problems) {
        match (self.every, self.r#for) {
            (Some(every), Some(length)) if length > every => {
                problems.add(
                    "when.for",
                    "is longer than `every`: windows would overlap",
                    format!("at most {every}"),
                );
            }
            (Some(_), None) => {
                problems.add(
                    "when.every",
                    "needs `for`",
                    "how long each window lasts, such as `for = \"5m\"`",
                );
            }
            (None, _) if self.times.is_some_and(|times| times > 1) => {
                problems.add("when.times", "needs `every`", "the time from one window to the next");
            }
            _ => {}
        }
        for (key, value) in [("when.every", self.every), ("when.for", self.r#for)] {
            if value.is_some_and(|value| value.0.is_zero()) {
                problems.add(key, "is zero", "a duration above zero");
            }
        }
        if self.times == Some(0) {
            problems.add("when.times", "is zero", "a whole number above zero");
        }
    }
}

impl ArrivalsFile {
    fn plan(&self, problems: &mut Problems) -> Option<Arrivals> {
        let accepted = "one of `first = 10`, `every = 3`, `exactly = [1, 4, 7]`, counted from 1";
        let arrivals = match (self.first, self.every, &self.exactly) {
            (Some(first), None, None) if first > 0 => Arrivals::First(first),
            (None, Some(every), None) if every > 0 => Arrivals::Every(every),
            (None, None, Some(list)) if !list.is_empty() && !list.contains(&0) => {
                let mut list = list.clone();
                list.sort_unstable();
                Arrivals::Exactly(list.into())
            }
            _ => {
                problems.add("requests", "is not one order", accepted);
                return None;
            }
        };
        Some(arrivals)
    }
}

fn entry(
    file: &EffectFile,
    place: &str,
    families: &BTreeSet<Family>,
    problems: &mut Problems,
) -> Option<Weighted> {
    let effect = problems.take(place, file.plan())?;
    let before = problems.as_slice().len();
    match &effect {
        Effect::Error(error) => check_error(&error.wanted, "error", place, families, problems),
        Effect::InBandError(error) => check_error(&error.wanted, "in_band_error", place, families, problems),
        _ => {}
    }
    (problems.as_slice().len() == before).then(|| Weighted { effect, weight: file.weight() })
}

/// An error must be one of every provider that the rule concerns.
fn check_error(
    wanted: &Wanted,
    key: &str,
    place: &str,
    families: &BTreeSet<Family>,
    problems: &mut Problems,
) {
    for family in families.iter().filter(|family| wanted.at(**family).is_none()) {
        let mut names = ProviderError::names(*family);
        names.push("a status from 400 to 599".to_owned());
        let path = if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        problems.add(path, format!("{family} has no error `{}`", wanted.text()), names.join(", "));
    }
}

fn header(text: &str, problems: &mut Problems) -> Option<(HeaderName, Box<str>)> {
    let parsed = text.split_once(':').and_then(|(name, value)| {
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        Some((name, value.trim().into()))
    });
    if parsed.is_none() {
        problems.add("header", format!("`{text}` is no header"), "a name and a value, such as `x-tenant: a`");
    }
    parsed
}

/// Before a request is read, there is nothing of it to select by.
fn check_before_request(rule: &Rule, problems: &mut Problems) {
    if !rule.is_before_request() {
        return;
    }
    if rule.mix.len() > 1 {
        let message = "`reset = \"before-request\"` acts on connections and cannot share a mix";
        problems.add("mix", message, "a rule of its own");
    }
    if rule.selection.reads_the_request() {
        let message =
            "`reset = \"before-request\"` happens before the request is read and cannot select by it";
        problems.add("", message, "provider, when, and share or requests, which then count connections");
    }
}
