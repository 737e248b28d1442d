//! Errors of Vertex AI: Google's error object, its details, and the named cases with the service's own words.

mod case;
mod detail;
mod headers;
mod payload;
mod place;
mod reasons;
mod status;
mod words;

pub use case::{Case, Particulars};
pub use detail::{Detail, FieldViolation, HelpLink, QuotaViolation};
pub use headers::RESPONSE_HEADERS;
pub use status::{Code, ErrorReason, Status, Wrapping};
