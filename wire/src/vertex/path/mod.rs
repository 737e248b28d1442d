//! Where a request goes: the path says model, project, place and operation; the query says how streams are framed.

mod host;
mod operation;
mod query;
mod verb;

pub use host::{host, location_of_host};
pub use operation::{ApiVersion, Operation, Path, PathError, Scope};
pub use query::{Alt, PageQuery, Query};
pub use verb::Verb;
