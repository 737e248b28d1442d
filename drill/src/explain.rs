//! One request's whole life, put together from the logs of a run.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use evidence::log::{LogReader, ReadError};
use evidence::{AttemptRecord, ClientRecord, Nonce};

/// Why a request cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// A log cannot be read.
    #[error("{0}")]
    Log(#[from] ReadError),
    /// No log mentions it.
    #[error("no log in {} mentions {nonce} (accepted: a nonce of that run; `--evidence notable` keeps only some)", folder.display())]
    Unknown {
        /// The folder.
        folder: PathBuf,
        /// The request.
        nonce: Nonce,
    },
}

/// Tells the life of the request `nonce` in the run whose logs are in `folder`.
///
/// # Errors
/// Logs that are missing or broken, or that do not mention the request.
pub fn explain(folder: &Path, nonce: Nonce) -> Result<String, ExplainError> {
    let clients = matching(&folder.join("client.ndjson.zst"), |record: &ClientRecord| {
        record.nonce.is_some_and(|n| n.id() == nonce.id())
    })?;
    let attempts = matching(&folder.join("attempts.ndjson.zst"), |record: &AttemptRecord| {
        record.nonce.is_some_and(|n| n.id() == nonce.id())
    })?;
    if clients.is_empty() && attempts.is_empty() {
        return Err(ExplainError::Unknown { folder: folder.to_owned(), nonce });
    }
    let mut out = format!("{nonce}\n");
    // Writing to a string cannot fail.
    let _ = tell(&mut out, &clients, &attempts);
    Ok(out)
}

fn matching<R: evidence::record::Line>(
    path: &Path,
    is_meant: impl Fn(&R) -> bool,
) -> Result<Vec<R>, ReadError> {
    let mut found = Vec::new();
    for record in LogReader::<R>::open(path)? {
        let record = record?;
        if is_meant(&record) {
            found.push(record);
        }
    }
    Ok(found)
}

/// One line of the story, at its instant.
struct Event {
    t_us: u64,
    /// Among events of one instant: what is caused stands after its cause. The client comes first and last, its attempts
    /// in between, one after the other.
    rank: (usize, u8),
    text: String,
}

/// Where the beginning and the end of a client's story stand among its attempts.
const BEFORE: usize = 0;
const AFTER: usize = usize::MAX;

fn tell(out: &mut String, clients: &[ClientRecord], attempts: &[AttemptRecord]) -> std::fmt::Result {
    let mut events: Vec<Event> = clients.iter().flat_map(client_events).collect();
    let mut in_order: Vec<&AttemptRecord> = attempts.iter().collect();
    in_order.sort_by_key(|attempt| (attempt.in_us, attempt.out_us));
    events.extend((1..).zip(in_order).flat_map(|(place, attempt)| attempt_events(place, attempt)));
    events.sort_by_key(|event| (event.t_us, event.rank));
    let begin = events.first().map_or(0, |event| event.t_us);
    for event in events {
        let since = event.t_us - begin;
        writeln!(out, "  {:>12} +{:>9.3} ms  {}", clock(event.t_us), since as f64 / 1_000.0, event.text)?;
    }
    Ok(())
}

/// An instant of the run as `05:12.345678`.
fn clock(t_us: u64) -> String {
    let seconds = t_us / 1_000_000;
    format!("{:02}:{:02}.{:06}", seconds / 60, seconds % 60, t_us % 1_000_000)
}

fn client_events(record: &ClientRecord) -> Vec<Event> {
    let form = if record.streamed { "streamed" } else { "plain" };
    let mut about = format!("{form} {} for `{}` by tenant {}", record.kind, record.model, record.tenant);
    if let Some(provider) = &record.pinned {
        about.push_str(&format!(", control traffic of {provider}"));
    }
    if let Some(deliberate) = record.deliberate {
        about.push_str(&format!(", bad on purpose ({deliberate:?})"));
    }
    let mut events = vec![Event {
        t_us: record.sched_us,
        rank: (BEFORE, 0),
        text: format!("client: intended, try {}: {about}", record.attempt),
    }];
    if let Some(sent_us) = record.sent_us {
        let lag = sent_us.saturating_sub(record.sched_us);
        events.push(Event { t_us: sent_us, rank: (BEFORE, 1), text: format!("client: sent, {lag} us late") });
    }
    if let Some(first) = record.first_us {
        events.push(Event { t_us: first, rank: (AFTER, 0), text: "client: first token".to_owned() });
    }
    let mut end = match record.sent_us {
        Some(_) => format!("client: ended {}", record.outcome.as_str()),
        None => "client: never sent, because too many requests waited for answers".to_owned(),
    };
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            end.push_str(&format!(", {name} {value}"));
        }
    };
    add("status", record.status.map(|status| status.to_string()));
    add("error", record.error_type.as_ref().map(ToString::to_string));
    add("served by", record.served_by.as_ref().map(ToString::to_string));
    add("tokens", (record.tokens > 0).then(|| record.tokens.to_string()));
    add("bytes", Some(record.bytes.to_string()));
    events.push(Event { t_us: record.end_us, rank: (AFTER, 1), text: end });
    events
}

fn attempt_events(place: usize, record: &AttemptRecord) -> Vec<Event> {
    let name = format!("{} attempt {}", record.provider, record.attempt);
    let mut events = vec![Event {
        t_us: record.in_us,
        rank: (place, 0),
        text: format!("{name}: {} of {}", record.operation, record.model),
    }];
    if let Some(fault) = &record.fault {
        let decided = serde_json::to_string(fault).unwrap_or_default();
        events.push(Event {
            t_us: record.in_us,
            rank: (place, 1),
            text: format!("{name}: fault decided {decided}"),
        });
    }
    if let Some(reason) = &record.fault_not_applied {
        events.push(Event {
            t_us: record.out_us,
            rank: (place, 2),
            text: format!("{name}: fault not applied: {reason}"),
        });
    }
    if let Some(first) = record.first_us {
        events.push(Event { t_us: first, rank: (place, 3), text: format!("{name}: first byte of the body") });
    }
    let status = record.status.map_or_else(|| "no status".to_owned(), |status| format!("status {status}"));
    let ended = format!(
        "{name}: ended {:?}, {status}, {} events, {} tokens, {} bytes, {}, closed by {:?}",
        record.outcome,
        record.events,
        record.tokens,
        record.bytes,
        if record.complete { "complete" } else { "incomplete" },
        record.closed_by
    );
    events.push(Event { t_us: record.out_us, rank: (place, 4), text: ended });
    events
}
