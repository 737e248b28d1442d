//! Where clients get their access tokens: the OAuth token endpoint and the metadata server.

mod assertion;
mod metadata;
mod token;

pub use assertion::Claims;
pub use metadata::{AccountMember, FLAVOR_HEADER, FLAVOR_VALUE, MetadataPath, ServiceAccount};
pub use token::{TokenError, TokenRequest, TokenRequestError, TokenResponse};
