//! The outside world, real or virtual, behind the same types.
//!
//! This is the only crate with sockets, pipes, clocks, timers, threads and chance. A part of Brownout gets
//! a [`World`] and asks it for everything that is not a pure function. Two worlds exist:
//!
//! * the **real** one: TCP on loopback, the machine's clock, a multi-threaded runtime;
//! * the **virtual** one: everything in one process and one thread, names instead of addresses, pipes
//!   instead of sockets, and a clock that jumps to the next timer as soon as nothing is left to do. The
//!   same HTTP bytes flow, so a 45-minute drill runs in seconds and two runs are identical.
//!
//! A program cannot tell which world it is in except by [`World::is_virtual`]; one test suite runs
//! against both.
#![expect(
    clippy::disallowed_methods,
    reason = "this crate is the one that may touch the clock, sockets and threads"
)]

mod chance;
pub mod http;
mod net;
mod process;
mod runtime;
mod time;
pub mod tls;

pub use chance::{Domain, Draws, Law, Seed, splitmix64};
pub use net::{
    Address, BaseUrl, BaseUrlError, Connection, ConnectionHandle, Listener, Network, RECEIVE_WINDOW,
};
pub use process::{ChildError, ChildProcess, ProcessUsage, end_with_parent, own_program, process_usage};
pub use runtime::{
    Interrupts, Pacer, Stopwatch, Task, TaskError, World, descriptor_limit, environment, interrupted,
    own_cpu, own_memory_peak, run_real, run_virtual, watch_interrupt,
};
pub use time::{Clock, Elapsed, HyperTimer, Instant, Sleep, Timeout, VIRTUAL_EPOCH_UNIX_S};
