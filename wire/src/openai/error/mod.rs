//! Errors of the OpenAI dialect: the body, and the named cases with the service's own words.

mod azure;
mod body;
mod case;

pub use azure::AzureCase;
pub use body::ErrorDetail;
pub use case::{Case, Particulars};
