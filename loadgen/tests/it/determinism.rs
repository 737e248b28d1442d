//! A run in virtual time is a pure function of its seed.

use std::time::Duration;

use evidence::record::ClientRecord;

use crate::support::{Scripted, drive, good, good_stream, json, paced, plan_of};

const LOAD: &str = r#"
arrivals = { gamma = { rate = "100/s", cv = 2.0 } }
mix = { chat = 70, embeddings = 25, models = 5 }
streaming = "40%"
control = { "bedrock/*" = "5/s" }
invalid = "2%"
unknown_keys = "2%"
aborts = { share = "5%", within = "200ms" }
retries = { times = 2 }
timeout = "2s"
"#;

fn run(seed: u64) -> Vec<ClientRecord> {
    let plan = plan_of(LOAD, seed, "20s");
    let (summary, records) = drive(&plan, |asked| async move {
        let mood = asked.nonce.map_or(0, |nonce| nonce.id().wrapping_add(u64::from(nonce.retry())) % 10);
        asked.world.clock().sleep(Duration::from_micros(1_000 + mood * 777)).await;
        match mood {
            0..=5 => good(&asked),
            6 => refused(),
            _ if asked.streamed => {
                Ok(paced(&asked, good_stream(asked.nonce, 8), Duration::from_millis(30), mood == 9))
            }
            _ => good(&asked),
        }
    });
    assert_eq!(summary.completed, summary.sent);
    assert_eq!(summary.tries, records.len() as u64);
    records
}

fn refused() -> Scripted {
    let mut response = json(br#"{"error":{"message":"busy","type":"overloaded"}}"#.to_vec());
    *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    Ok(response)
}

#[test]
fn the_same_seed_writes_the_same_log() {
    let (first, second) = (run(7), run(7));
    assert!(first.len() > 2_000, "{}", first.len());
    assert!(first == second);
    assert!(first != run(8));
    assert!(first.is_sorted_by_key(|record| (record.t_us, record.request, record.attempt)));
}
