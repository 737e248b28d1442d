//! What a model would do: the length and text of an answer, and when each token of it is ready.
//!
//! Knows no provider. Everything is a pure function of the seed and of who asks; only [`paced`] and
//! [`date`] look at the clock.

pub(crate) mod ask;
pub(crate) mod compose;
pub(crate) mod date;
pub(crate) mod embedding;
pub(crate) mod encoding;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod latency;
pub(crate) mod length;
pub(crate) mod paced;
pub(crate) mod pacers;
pub(crate) mod prompt;
pub(crate) mod recording;
pub(crate) mod reply;
pub(crate) mod scheduler;
mod schema;
pub(crate) mod text;
pub(crate) mod tokens;

pub use latency::{LatencyLaw, Prompt, SlowMode, Timing};
pub use length::AnswerLaw;
pub use recording::{LineProblem, Order, Recording};
pub use scheduler::SchedulerLaw;
pub use tokens::count as count_tokens;
