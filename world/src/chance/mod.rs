//! Chance that is not chance: every draw is a keyed hash of the root seed, the name of its use and the
//! identity of what it decides. See `docs/determinism.md`.

mod law;
mod seed;

pub use law::Law;
pub use seed::{Domain, Draws, Seed, splitmix64};
