//! Checking `tenants`: who sends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use notation::{Problems, Rate};

use crate::plan::{LoadFile, Pace, Tenant, TenantFile};

/// Keys that one entry may stand for.
const COUNT_MAX: u32 = 100_000;

/// Each is a stream of arrivals of its own.
const RATES_MAX: usize = 1_000;

/// Those who share the main stream, and those with one of their own.
#[derive(Default)]
pub(super) struct Senders {
    shared: Vec<(Arc<Tenant>, u32)>,
    pub(super) with_rate: Vec<Sender>,
}

/// A tenant with a rate of its own.
pub(super) struct Sender {
    pub(super) tenant: Arc<Tenant>,
    pub(super) rate: Rate,
    pub(super) from: Option<Duration>,
    pub(super) until: Option<Duration>,
}

impl Senders {
    pub(super) fn check(file: &LoadFile) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut senders = Self::default();
        let mut names = BTreeSet::new();
        for (index, entry) in file.tenants.iter().enumerate() {
            let mut found = Problems::new();
            check_entry(entry, &mut found);
            for tenant in numbered(entry) {
                if !names.insert(Arc::clone(&tenant.name)) {
                    found.add("name", format!("`{}` is there twice", tenant.name), "another name");
                    break;
                }
                senders.add(tenant, entry);
            }
            problems.merge_under(&format!("tenants[{index}]"), found);
        }
        if file.arrivals.is_none() && file.users.is_none() && senders.with_rate.is_empty() {
            let accepted = "`arrivals = { poisson = \"200/s\" }`, `users`, or tenants with a `rate`";
            problems.add("arrivals", "nothing would be sent", accepted);
        }
        if senders.with_rate.len() > RATES_MAX {
            problems.add("tenants", "too many have a rate of their own", format!("at most {RATES_MAX}"));
        }
        if file.arrivals.is_some() && !file.tenants.is_empty() && senders.shared.is_empty() {
            let accepted = "a tenant without `rate`, or no `arrivals` rate";
            problems.add(
                "tenants",
                "all have a rate of their own, so that nobody sends `arrivals`",
                accepted,
            );
        }
        problems.into_result(senders)
    }

    fn add(&mut self, tenant: Arc<Tenant>, entry: &TenantFile) {
        match entry.rate {
            None => self.shared.push((tenant, entry.weight.unwrap_or(1))),
            Some(rate) => self.with_rate.push(Sender {
                tenant,
                rate,
                from: entry.from.map(Duration::from),
                until: entry.until.map(Duration::from),
            }),
        }
    }

    /// Who sends the main stream: those declared, or one key for each user of a pace, or one for all.
    pub(super) fn of_pace(&self, pace: &Pace) -> (Vec<Arc<Tenant>>, Vec<u32>) {
        match pace {
            Pace::Users { users, .. } => self.of_users(*users),
            Pace::Rate { .. } if self.shared.is_empty() => {
                (vec![Arc::new(Tenant::named("default"))], vec![1])
            }
            Pace::Rate { .. } => self.shared.iter().cloned().unzip(),
        }
    }

    /// The keys of this many users: those declared, in turn, or one each.
    pub(super) fn of_users(&self, users: u32) -> (Vec<Arc<Tenant>>, Vec<u32>) {
        if !self.shared.is_empty() {
            return self.shared.iter().cloned().unzip();
        }
        (1..=users).map(|user| (Arc::new(Tenant::named(&format!("user-{user}"))), 1)).unzip()
    }
}

fn check_entry(entry: &TenantFile, problems: &mut Problems) {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if entry.name.is_empty() || !entry.name.bytes().all(is_name) {
        problems.add("name", "is no name", "letters, digits, `-`, `_` and `.`");
    }
    if entry
        .key
        .as_ref()
        .is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        problems.add("key", "cannot stand in a header", "printable ASCII without spaces");
    }
    if entry.count.is_some_and(|count| count == 0 || count > COUNT_MAX) {
        problems.add("count", "is no number of tenants", format!("1 to {COUNT_MAX}"));
    }
    if entry.weight.is_some() && entry.rate.is_some() {
        problems.add("weight", "has no meaning beside `rate`", "one of the two");
    }
    if entry.weight == Some(0) {
        problems.add("weight", "is nothing", "a number from 1");
    }
    if entry.rate.is_none() && (entry.from.is_some() || entry.until.is_some()) {
        problems.add("from", "only a tenant with a `rate` begins and ends", "a `rate`");
    }
    if let (Some(from), Some(until)) = (entry.from, entry.until)
        && from >= until
    {
        problems.add("until", "is not after `from`", "a later time");
    }
}

/// The tenants that an entry stands for.
fn numbered(entry: &TenantFile) -> impl Iterator<Item = Arc<Tenant>> {
    let count = entry.count.unwrap_or(1).min(COUNT_MAX);
    let suffix = move |number: u32| if count > 1 { format!("-{number}") } else { String::new() };
    (1..=count).map(move |number| {
        let named = Tenant::named(&format!("{}{}", entry.name, suffix(number)));
        let key = entry.key.as_ref().map_or(named.key, |key| format!("{key}{}", suffix(number)));
        Arc::new(Tenant { name: named.name, key })
    })
}
