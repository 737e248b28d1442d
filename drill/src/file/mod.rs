//! The drill file: what the user wrote, checked and turned into a plan.

mod document;

pub use document::{Document, FileErrors, OverrideError};
