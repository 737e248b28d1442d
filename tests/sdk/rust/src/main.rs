//! The AWS SDK for Rust as it ships, against a mock of Amazon Bedrock: what `tests/run sdk` runs.
//!
//! Each case runs by itself; what it proves is written as lines of JSON into `$BROWNOUT_RECORDS`, in the form that
//! `tests/sdk/support/recording.py` describes. Ends with 1 when a case failed.

mod cases;
mod client;
mod converse;
mod errors;
mod invoke;
mod nonce;
mod speech;

use std::process::ExitCode;

use cases::Cases;

/// A variable that `against_mock.py` sets.
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: this is run by tests/run sdk"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut cases = Cases::default();
    converse::cases(&mut cases);
    invoke::cases(&mut cases);
    errors::cases(&mut cases);
    speech::cases(&mut cases);
    let failed = cases.run(&setting("BROWNOUT_RECORDS")).await;
    ExitCode::from(u8::from(failed > 0))
}
