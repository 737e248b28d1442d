//! What a run leaves behind: the records of its logs, the file format that they share, the names
//! that let two logs be joined, and the histograms that sum them up.
//!
//! - [`nonce`]: the name of a request inside its own prompt, and the token texts made from it
//! - [`record`]: one type per log, `client`, `attempt`, `fault`, `sample`, `ledger`
//! - [`journal`]: the one place that parts hand records to; it orders, filters, writes, and shows them
//! - [`log`]: a log file, written and read, `.ndjson` or `.ndjson.zst`
//! - [`histogram`]: latency distributions of fixed size
//!
//! Every time is an integer of microseconds since the run began. There is no float in a log.

pub mod histogram;
pub mod journal;
pub mod log;
pub mod nonce;
pub mod record;

pub use journal::{Journal, Observe};
pub use nonce::Nonce;
pub use record::{AttemptRecord, ClientRecord, FaultRecord, LedgerRecord, Name, Record, SampleRecord};
