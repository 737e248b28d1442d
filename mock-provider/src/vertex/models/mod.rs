//! Which models there are: those of publishers, the project's own, and where the project's own are deployed.

pub(in crate::vertex) mod endpoints;
pub(in crate::vertex) mod garden;
pub(in crate::vertex) mod own;
