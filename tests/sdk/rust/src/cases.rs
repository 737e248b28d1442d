//! The list of cases: each runs as a task of its own, and a panic in it is its failure.

use std::future::Future;
use std::io::Write;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

const COLUMN: &str = "aws-sdk-rust";

/// A cell of docs/conformance.md for a call.
pub fn call(call: &str, variant: &str) -> Value {
    json!({ "column": COLUMN, "call": call, "variant": variant })
}

/// A cell for an error, and what the SDK reports it as.
pub fn error(name: &str, raises: &str) -> Value {
    json!({ "column": COLUMN, "error": name, "raises": raises })
}

/// All cases, running from the moment they are added.
#[derive(Default)]
pub struct Cases(Vec<(String, Vec<Value>, JoinHandle<()>)>);

impl Cases {
    /// Starts a case that fills these cells.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        cells: Vec<Value>,
        body: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.push((name.into(), cells, tokio::spawn(body)));
    }

    /// Waits for every case, writes down how it ended, and counts the failures.
    pub async fn run(self, records: &str) -> usize {
        let mut file = std::fs::File::create(records).expect("the file of records");
        let mut failed = 0;
        for (name, cells, task) in self.0 {
            let outcome = if task.await.is_ok() { "passed" } else { "failed" };
            failed += usize::from(outcome == "failed");
            println!("{outcome} {name}");
            for mut cell in cells {
                cell["outcome"] = outcome.into();
                cell["test"] = format!("rust: {name}").into();
                writeln!(file, "{cell}").expect("the file of records");
            }
        }
        println!("{failed} failed");
        failed
    }
}
