//! The last requests that were answered, in a ring, and which of them somebody asks for.

use std::collections::VecDeque;
use std::sync::Arc;

use evidence::Nonce;
use evidence::record::{AppliedFault, AttemptOutcome};
use serde::Serialize;

/// One request, as it ended. Times in microseconds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// From 1, in the order in which requests ended.
    pub(crate) id: u64,
    /// When it had arrived, in milliseconds of Unix time.
    pub(crate) unix_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) surface: Option<&'static str>,
    pub(crate) operation: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) model: Box<str>,
    pub(crate) method: Box<str>,
    pub(crate) path: Box<str>,
    pub(crate) protocol: &'static str,
    /// The ordinal of its connection.
    pub(crate) connection: u64,
    pub(crate) streamed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<Nonce>,
    /// How often the same request had come before.
    pub(crate) attempt: u32,
    /// None when no head was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    pub(crate) outcome: AttemptOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Arc<AppliedFault>>,
    /// Why the fault could not be, if it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault_not_applied: Option<Arc<str>>,
    /// Tokens of the whole answer, delivered or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_tokens: Option<u32>,
    /// Bytes of the body that went out.
    pub(crate) bytes: u64,
    /// From its arrival to the first byte of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_us: Option<u64>,
    /// From its arrival to its end.
    pub(crate) duration_us: u64,
}

/// The last so many requests.
#[derive(Debug)]
pub(crate) struct Journal {
    ring: VecDeque<Entry>,
    capacity: usize,
    next_id: u64,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { ring: VecDeque::new(), capacity, next_id: 1 }
    }

    /// Adds an entry, under the next id.
    pub(crate) fn push(&mut self, entry: Entry) {
        let id = self.next_id;
        self.next_id += 1;
        if self.capacity == 0 {
            return;
        }
        if self.ring.len() >= self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(Entry { id, ..entry });
    }

    pub(crate) fn clear(&mut self) {
        self.ring.clear();
    }

    pub(crate) fn find(&self, id: u64) -> Option<&Entry> {
        // Ids are without gaps within the ring.
        let first = self.ring.front()?.id;
        self.ring.get(usize::try_from(id.checked_sub(first)?).ok()?)
    }

    /// The last entries that `filter` lets through, in order, and how many there are of them in all.
    pub(crate) fn select(&self, filter: &Filter) -> (Vec<&Entry>, usize) {
        let mut found: Vec<&Entry> = self.ring.iter().filter(|entry| filter.passes(entry)).collect();
        let all = found.len();
        let surplus = all.saturating_sub(filter.limit);
        (found.split_off(surplus), all)
    }
}

/// Which entries somebody asks for. All that is given must hold.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    surface: Option<String>,
    operation: Option<String>,
    model: Option<String>,
    status: Option<StatusFilter>,
    outcome: Option<String>,
    fault: Option<String>,
    nonce: Option<String>,
    after: Option<u64>,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusFilter {
    One(u16),
    /// `4` for 400 to 499.
    Class(u16),
    None,
}

const LIMIT: usize = 100;

/// A filter that asks for nothing that exists: what is wrong, and what would be accepted.
pub(crate) type Wrong = (String, &'static str);

impl Filter {
    /// Reads a query.
    pub(crate) fn parse(query: &str) -> Result<Self, Wrong> {
        let mut filter = Self {
            surface: None,
            operation: None,
            model: None,
            status: None,
            outcome: None,
            fault: None,
            nonce: None,
            after: None,
            limit: LIMIT,
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            filter.set(&key, value.into_owned())?;
        }
        Ok(filter)
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), Wrong> {
        match key {
            "surface" => self.surface = Some(value),
            "operation" => self.operation = Some(value),
            "model" => self.model = Some(value),
            "outcome" => self.outcome = Some(value),
            "fault" => self.fault = Some(value),
            "nonce" => self.nonce = Some(value),
            "status" => self.status = Some(StatusFilter::parse(&value)?),
            "after" => self.after = Some(number(key, &value)?),
            "limit" => self.limit = usize::try_from(number(key, &value)?).unwrap_or(usize::MAX),
            _ => {
                let accepted = "surface, operation, model, status, outcome, fault, nonce, after, limit";
                return Err((format!("there is no filter `{key}`"), accepted));
            }
        }
        Ok(())
    }

    fn passes(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        is(&self.surface, entry.surface.unwrap_or_default())
            && is(&self.operation, entry.operation)
            && is(&self.model, &entry.model)
            && is(&self.outcome, entry.outcome.as_str())
            && self.status.is_none_or(|wanted| wanted.passes(entry.status))
            && self.fault.as_deref().is_none_or(|wanted| is_fault(entry, wanted))
            && self.nonce.as_deref().is_none_or(|wanted| is_nonce(entry, wanted))
            && self.after.is_none_or(|after| entry.id > after)
    }
}

/// `any`, `none`, a rule's name or an effect's.
fn is_fault(entry: &Entry, wanted: &str) -> bool {
    match (&entry.fault, wanted) {
        (None, wanted) => wanted == "none",
        (Some(_), "any") => true,
        (Some(fault), wanted) => &*fault.rule == wanted || &*fault.effect == wanted,
    }
}

/// All tries of a nonce, or one: `bo-….2`.
fn is_nonce(entry: &Entry, wanted: &str) -> bool {
    let Some(nonce) = entry.nonce else { return false };
    let text = nonce.to_string();
    text == wanted || text.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

impl StatusFilter {
    fn parse(text: &str) -> Result<Self, Wrong> {
        let class = text.strip_suffix("xx").and_then(|class| class.parse().ok());
        match (text, class, text.parse()) {
            ("none", ..) => Ok(Self::None),
            (_, Some(class @ 1..=5), _) => Ok(Self::Class(class)),
            (_, _, Ok(status @ 100..=599)) => Ok(Self::One(status)),
            _ => {
                Err((format!("`{text}` is no status"), "a status such as 429, a class such as 4xx, or none"))
            }
        }
    }

    fn passes(self, status: Option<u16>) -> bool {
        match self {
            Self::One(wanted) => status == Some(wanted),
            Self::Class(class) => status.is_some_and(|status| status / 100 == class),
            Self::None => status.is_none(),
        }
    }
}

fn number(key: &str, text: &str) -> Result<u64, Wrong> {
    text.parse().map_err(|_| (format!("{key}: `{text}` is no number"), "a whole number from 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(status: Option<u16>, nonce: Option<&str>) -> Entry {
        let fault = status.is_none().then(|| {
            Arc::new(AppliedFault {
                rule: "outage".into(),
                window: 0,
                draw: 1,
                effect: "reset".into(),
                parameters: std::collections::BTreeMap::new(),
            })
        });
        Entry {
            id: 0,
            unix_ms: 0,
            surface: Some("bedrock"),
            operation: "converse",
            model: "m".into(),
            method: "POST".into(),
            path: "/".into(),
            protocol: "HTTP/1.1",
            connection: 0,
            streamed: false,
            nonce: nonce.map(|nonce| nonce.parse().expect("a nonce")),
            attempt: 0,
            status,
            outcome: AttemptOutcome::Ok,
            fault,
            fault_not_applied: None,
            output_tokens: None,
            bytes: 0,
            first_us: None,
            duration_us: 0,
        }
    }

    fn journal() -> Journal {
        let mut journal = Journal::new(3);
        for (status, nonce) in [
            (Some(200), None),
            (Some(429), Some("bo-0000000000000001")),
            (None, Some("bo-0000000000000001.1")),
            (Some(503), Some("bo-0000000000000002")),
        ] {
            journal.push(entry(status, nonce));
        }
        journal
    }

    fn ids(query: &str) -> Vec<u64> {
        let journal = journal();
        let (found, _) = journal.select(&Filter::parse(query).expect("a filter"));
        found.iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn the_ring_keeps_the_last_and_their_ids() {
        assert_eq!(ids(""), [2, 3, 4]);
        let mut journal = journal();
        assert_eq!((journal.find(1).is_none(), journal.find(3).map(|entry| entry.id)), (true, Some(3)));
        journal.clear();
        journal.push(entry(None, None));
        assert_eq!(journal.find(5).map(|entry| entry.id), Some(5), "ids are not used twice");
    }

    #[test]
    fn filters_are_all_to_hold() {
        for (query, expected) in [
            ("status=429", vec![2]),
            ("status=5xx", vec![4]),
            ("status=none", vec![3]),
            ("fault=any", vec![3]),
            ("fault=none", vec![2, 4]),
            ("fault=outage&surface=bedrock", vec![3]),
            ("fault=reset&surface=vertex", vec![]),
            ("nonce=bo-0000000000000001", vec![2, 3]),
            ("nonce=bo-0000000000000001.1", vec![3]),
            ("limit=1", vec![4]),
            ("after=3", vec![4]),
        ] {
            assert_eq!(ids(query), expected, "{query}");
        }
        for query in ["statu=4", "status=6xx", "status=999", "limit=-1"] {
            assert!(Filter::parse(query).is_err(), "{query}");
        }
    }
}
