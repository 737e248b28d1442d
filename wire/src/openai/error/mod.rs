//! Errors of the OpenAI dialect: the body, and the named cases with the service's own words.

mod body;
mod case;

pub use body::ErrorDetail;
pub use case::{Case, Particulars};
