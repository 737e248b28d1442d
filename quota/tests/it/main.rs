//! Properties of quotas, under random arrivals, sizes, lengths, settlements and cancellations.
//!
//! Figures worked out by hand stand beside the code that they are of.

mod admission;
mod honesty;
mod support;
mod waiting;
