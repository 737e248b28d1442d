//! Sessions in virtual time: what is said, when, and how they end.

mod client;
mod limits;
mod refusals;
mod turns;
