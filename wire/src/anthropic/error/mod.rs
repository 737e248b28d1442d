//! Errors of the Anthropic dialect: the body, and the named cases with the service's own words.

mod body;
mod case;

pub use body::{Details, ErrorBody, ErrorDetail, ErrorType};
pub use case::{Case, Particulars};
