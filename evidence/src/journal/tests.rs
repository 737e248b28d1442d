//! Order, filtering and failures of a journal.

use super::*;
use crate::Nonce;
use crate::log::LogReader;
use crate::record::{AttemptOutcome, ClientOutcome, ClosedBy};
use std::path::PathBuf;

#[derive(Default)]
struct Seen(Vec<String>);

impl Observe for Seen {
    fn client(&mut self, record: &ClientRecord) {
        self.0.push(format!("{} client {}", record.t_us, record.request));
    }

    fn attempt(&mut self, record: &AttemptRecord) {
        self.0.push(format!("{} attempt {}.{}", record.t_us, record.identity, record.attempt));
    }

    fn fault(&mut self, record: &FaultRecord) {
        self.0.push(format!("{} fault {}", record.t_us, record.rule));
    }
}

fn client(t_us: u64, request: u64) -> ClientRecord {
    ClientRecord {
        t_us,
        request,
        nonce: Some(Nonce::new(request)),
        attempt: 0,
        kind: "chat".into(),
        class: None,
        tenant: "t".into(),
        model: "chat".into(),
        streamed: false,
        pinned: None,
        deliberate: None,
        phase: "main".into(),
        sched_us: 0,
        sent_us: Some(0),
        first_us: None,
        end_us: t_us,
        outcome: ClientOutcome::Ok,
        status: Some(200),
        error_type: None,
        retry_after_s: None,
        tokens: 3,
        gap_max_us: None,
        events: None,
        bytes: 10,
        served_by: None,
        served_model: None,
        dimension: None,
    }
}

fn attempt(t_us: u64, id: u64, ordinal: u32, outcome: AttemptOutcome) -> AttemptRecord {
    AttemptRecord {
        t_us,
        provider: "bedrock".into(),
        request_id: None,
        nonce: Some(Nonce::new(id)),
        identity: id,
        attempt: ordinal,
        operation: "converse".into(),
        model: "m".into(),
        streamed: false,
        in_us: 0,
        first_us: None,
        out_us: t_us,
        status: Some(200),
        outcome,
        fault: None,
        fault_not_applied: None,
        events: 0,
        tokens: 3,
        tokens_planned: None,
        bytes: 10,
        complete: true,
        closed_by: ClosedBy::Upstream,
    }
}

fn observed() -> (Arc<Mutex<Seen>>, JournalBuilder) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let builder = Journal::builder().observer(Box::new(Arc::clone(&seen)));
    (seen, builder)
}

#[test]
fn one_instant_is_ordered_whatever_the_order_of_arrival() {
    let (seen, builder) = observed();
    let journal = builder.virtual_time();
    journal.client(client(5, 2));
    journal.attempt(attempt(5, 9, 1, AttemptOutcome::Ok));
    journal.client(client(5, 1));
    journal.attempt(attempt(5, 9, 0, AttemptOutcome::Ok));
    assert!(lock(&seen).0.is_empty(), "the instant is not over");
    journal.client(client(6, 3));
    assert_eq!(lock(&seen).0, ["5 attempt 9.0", "5 attempt 9.1", "5 client 1", "5 client 2"]);
    journal.finish().expect("nothing to write");
    assert_eq!(lock(&seen).0.last().map(String::as_str), Some("6 client 3"));
}

#[test]
fn in_real_time_races_are_put_right() {
    let (seen, builder) = observed();
    let journal = builder.real_time();
    journal.client(client(70, 3));
    journal.client(client(50, 1));
    journal.client(client(60, 2));
    assert!(lock(&seen).0.is_empty());
    journal.write_before(65);
    assert_eq!(lock(&seen).0, ["50 client 1", "60 client 2"]);
    journal.finish().expect("nothing to write");
    assert_eq!(lock(&seen).0.len(), 3);
}

fn notable_logs(feed: impl FnOnce(&Journal)) -> (Vec<ClientRecord>, Vec<AttemptRecord>) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let [clients, attempts]: [PathBuf; 2] =
        ["client.ndjson", "attempts.ndjson.zst"].map(|name| dir.path().join(name));
    let journal = Journal::builder()
        .client_log(&clients)
        .and_then(|builder| builder.attempt_log(&attempts))
        .expect("created")
        .evidence(Evidence::Notable)
        .virtual_time();
    feed(&journal);
    journal.finish().expect("written");
    (read(&clients), read(&attempts))
}

fn read<R: Line>(path: &Path) -> Vec<R> {
    LogReader::open(path).expect("opened").map(|record| record.expect("whole")).collect()
}

#[test]
fn notable_keeps_failures_the_faulted_and_the_same_hundredth_of_both_logs() {
    let (clients, attempts) = notable_logs(|journal| {
        for id in 0..20_000 {
            journal.attempt(attempt(id, id, 0, AttemptOutcome::Ok));
            journal.client(client(id, id));
        }
    });
    let ids = |client: &ClientRecord| client.request;
    assert!((120..280).contains(&clients.len()), "{}", clients.len());
    assert_eq!(
        clients.iter().map(ids).collect::<Vec<_>>(),
        attempts.iter().map(|a| a.identity).collect::<Vec<_>>()
    );

    let (clients, attempts) = notable_logs(|journal| {
        for id in 0..50 {
            journal.attempt(attempt(id, id, 0, AttemptOutcome::Reset));
            journal.client(client(id, id));
        }
    });
    assert_eq!((clients.len(), attempts.len()), (50, 50), "a saved request is kept with its failed attempt");
}

#[test]
fn the_judge_sees_what_the_logs_leave_out() {
    let (seen, builder) = observed();
    let journal = builder.evidence(Evidence::Notable).virtual_time();
    (0..1000).for_each(|id| journal.client(client(id, id)));
    journal.finish().expect("nothing to write");
    assert_eq!(lock(&seen).0.len(), 1000);
}

#[test]
fn a_record_reads_back_and_keeps_its_field_order() {
    let record = attempt(7, 0xabc, 1, AttemptOutcome::UpstreamFailed);
    let text = serde_json::to_string(&record).expect("serialized");
    assert_eq!(
        text,
        r#"{"t_us":7,"provider":"bedrock","nonce":"bo-0000000000000abc","identity":"0000000000000abc","attempt":1,"operation":"converse","model":"m","streamed":false,"in_us":0,"out_us":7,"status":200,"outcome":"upstream_failed","events":0,"tokens":3,"bytes":10,"complete":true,"closed_by":"upstream"}"#
    );
    assert_eq!(serde_json::from_str::<AttemptRecord>(&text).expect("parsed"), record);
}
