//! What people write: `[[faults]]` in a file, and the one-line specs of headers, paths and flags.

mod effect_keys;
mod fault_file;
pub mod spec;
mod value;

pub use effect_keys::{EffectFile, FaultFile};
pub use fault_file::{ArrivalsFile, Provider, WhenFile, plan};
pub use value::Refused;
pub(crate) use value::Short;
