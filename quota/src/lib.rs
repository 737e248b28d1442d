//! Each provider's rate-limit accounting, on the world's clock.
//!
//! Every provider counts in its own way, and the differences decide how an overload spreads:
//!
//! * [`bedrock`] reserves the input and the *allowed* output when a request arrives and settles when the
//!   answer is complete, so that a large `max_tokens` holds quota that is never used;
//! * [`vertex`] counts fixed one-minute windows per project, or shares one pool among all customers,
//!   which may be short although one's own use is low;
//! * [`openai`] counts the prompt and the allowed answer when a request arrives, refused requests as well,
//!   and corrects nothing; [`openai::azure`] does so in fixed minutes, and requests in periods of seconds;
//! * [`anthropic`] counts input and output apart, holds `max_tokens` and corrects it at the end.
//!
//! Each is a [`Rule`]; [`Quota`] is the same for all of them. [`Pools`] makes the quotas of a run; several mocks, models and regions may draw on one that has a name.
//!
//! This crate knows nothing of HTTP: it says *admitted* or *refused, by which limit*; who asks finds the
//! provider's words for it. A limit that is not set admits everything and costs nothing.

mod accounts;
pub mod anthropic;
pub mod bedrock;
mod bucket;
mod file;
mod level;
pub mod openai;
mod pools;
mod taken;
pub mod vertex;
mod window;

pub use accounts::{Quota, Rule};
pub use file::{LoadPointFile, Provider, QuotaFile, SharedPoolFile};
pub use level::{Level, whole_seconds};
pub use pools::{Limits, Pools};
