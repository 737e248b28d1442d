//! Where clients get their access tokens: the OAuth token endpoint and the metadata server.

mod metadata;
mod token;

pub use metadata::{FLAVOR_HEADER, FLAVOR_VALUE, MetadataPath, ServiceAccount};
pub use token::{TokenError, TokenRequest, TokenRequestError, TokenResponse};
