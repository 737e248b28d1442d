//! Load: when requests are due, what they say, how they are sent, and what came back.
//!
//! - [`plan`]: the `[load]` section of a drill file, checked into a [`LoadPlan`]; its arrivals are a pure
//!   function of (seed, plan) and can be split among machines
//! - [`target`]: where requests go and under whose keys
//! - [`client`]: one request in the OpenAI dialect, sent and judged: every token of every answer is checked
//! - [`run()`]: the open loop, which sends each arrival when it is due whatever became of the others
//! - [`preflight()`]: a few requests before a run, whose wrong answers make the run worthless
//!
//! Latency counts from the intended send time, so that a stalled target cannot hide its stall by keeping
//! the generator waiting.

pub mod client;
pub mod plan;
mod preflight;
mod progress;
mod run;
pub mod target;

pub use plan::{LoadFile, LoadPlan, Planned};
pub use preflight::{Preflight, PreflightCheck, preflight};
pub use progress::{Progress, Snapshot};
pub use run::{LATE_AFTER, LoadSummary, run};
pub use target::Target;
