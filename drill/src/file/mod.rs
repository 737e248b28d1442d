//! The drill file: what the user wrote, checked and turned into a plan.
//!
//! ```text
//! drill file ─▶ Document ─▶ profile, --set ─▶ sections: each part's own …File ─▶ DrillPlan
//! ```
//!
//! Every step reports all its problems with file, line and key, and nothing is started before the whole
//! is sound.

mod catalog;
mod document;
mod drill;
mod expect;
mod profile;
mod target;

pub use catalog::{OpenError, open, shipped};
pub use document::{Document, FileErrors, OverrideError};
pub use drill::{Changes, DrillPlan, EvidenceKept, ProviderPlan, refuse_unknown_keys};
pub(crate) use expect::key_of;
pub use expect::read as read_expectations;
pub use profile::Profile;
pub use target::{KeyError, TargetFile, TargetPlan, TargetPolicy, TargetPolicyFile};
