//! The load generator against scripted servers, mostly in virtual time.

extern crate brownout_loadgen as loadgen;

mod closed_loop;
mod determinism;
mod in_flight;
mod outcomes;
mod plan;
mod preflight;
mod problems;
mod real;
mod retries;
mod stall;
mod support;
