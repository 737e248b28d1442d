//! The fault vocabulary: which request, when, how many, what happens, and what is recorded.
//!
//! Five things are kept apart:
//!
//! * **selection** ([`selection`]): which requests a rule concerns, and how many of those;
//! * **schedule** ([`schedule`]): the windows in which it is in force;
//! * **decision** ([`decision`]): a pure function of seed, rule, window, identity and attempt;
//! * **effect** ([`effect`]): what happens, one file each;
//! * **record**: what was delivered and what became of the fault ([`Tally`]), for the attempt log.
//!
//! [`grammar`] reads rules from a file and effects from one line; [`layer`] puts a decided effect around
//! whatever answers; [`wish`] is how a request asks for one itself. What stands before or behind the layer is nobody's business here.

mod answer;
pub mod asked;
pub mod decision;
pub mod effect;
mod family;
pub mod grammar;
pub mod layer;
pub mod provider_error;
pub mod rule;
mod rules;
pub mod schedule;
pub mod selection;
pub mod wish;

pub use answer::{Account, By, Ending, Fate, Position, PositionError, Tally};
pub use asked::{Asked, Kind};
pub use decision::{Chance, Decision, Identity};
pub use effect::Effect;
pub use family::Family;
pub use grammar::{FaultFile, plan, spec};
pub use rule::Rule;
pub use rules::{OVERRIDE, Rules};
