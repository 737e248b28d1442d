//! Answers on their way downstream: what passes is counted, what an effect asks for is done.

mod acting;
mod body;
pub(crate) mod events;
mod position;
mod steps;
mod surgeon;
mod tally;

pub(crate) use body::{Answer, Treatment};
pub(crate) use position::Progress;
pub use position::{Position, PositionError};
pub use steps::By;
pub(crate) use steps::{Step, Steps};
pub(crate) use surgeon::{Surgeon, TOO_SHORT};
pub use tally::{Account, Ending, Fate, Tally};
