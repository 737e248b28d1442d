//! Which models there are: those of publishers, and the project's own.

pub(in crate::vertex) mod garden;
pub(in crate::vertex) mod own;
