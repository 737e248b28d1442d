//! The binary as a user has it: what it prints, what it leaves, how it exits.
//!
//! Drills are shortened so that a debug build runs each in seconds of virtual time. Runs in real time have
//! generous limits on the generator's own lateness, since tests share their machine.

mod bad_input;
mod evidence_lost;
mod help;
mod interrupted;
mod mock_alone;
mod mock_input;
mod output;
mod partial_commands;
mod real_time;
mod starting;
mod support;
mod weaknesses;
