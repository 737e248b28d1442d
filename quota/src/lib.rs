//! Each provider's rate-limit accounting, on the world's clock.
//!
//! Every provider counts in its own way, and the differences decide how an overload spreads:
//!
//! * [`bedrock`] reserves the input and the *allowed* output when a request arrives and settles when the
//!   answer is complete, so that a large `max_tokens` holds quota that is never used;
//! * [`vertex`] counts fixed one-minute windows per project, or shares one pool among all customers,
//!   which may be short although one's own use is low.
//!
//! This crate knows nothing of HTTP: it says *admitted* or *refused, by which limit*; who asks finds the
//! provider's words for it. A limit that is not set admits everything and costs nothing.

pub mod bedrock;
mod bucket;
mod file;
pub mod vertex;
mod window;

pub use file::{LoadPointFile, QuotaFile, SharedPoolFile};
