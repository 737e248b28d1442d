//! The token endpoint: a form in, a token or an error out.

use std::borrow::Cow;

use bytes::Bytes;
use form_urlencoded::{Serializer, parse};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::json::{self, Text};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const REFRESH_TOKEN: &str = "refresh_token";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What a client shows to get a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenRequest<'a> {
    /// A service account: a signed statement.
    JwtBearer {
        /// A JWT.
        assertion: Cow<'a, str>,
    },
    /// A user: a token that lives long.
    RefreshToken {
        /// The application.
        client_id: Cow<'a, str>,
        /// Its secret.
        client_secret: Cow<'a, str>,
        /// The long-lived token.
        refresh_token: Cow<'a, str>,
        /// Fewer rights than the token has.
        scope: Option<Cow<'a, str>>,
    },
    /// A workload elsewhere: somebody else's token.
    TokenExchange {
        /// The token.
        subject_token: Cow<'a, str>,
        /// Its kind.
        subject_token_type: Cow<'a, str>,
        /// For whom the new one is.
        audience: Option<Cow<'a, str>>,
        /// What it may do.
        scope: Option<Cow<'a, str>>,
    },
}

/// Why a form is no request for a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenRequestError {
    /// Another or no way to get one.
    #[error("unsupported grant type {0:?}")]
    GrantType(String),
    /// A field that this way needs.
    #[error("missing required parameter: {0}")]
    Missing(&'static str),
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse<'a> {
    /// `ya29.…`, though nothing promises that form.
    #[serde(borrow)]
    pub access_token: Text<'a>,
    /// Seconds; clients refresh 225 seconds before.
    pub expires_in: u32,
    /// `Bearer`.
    pub token_type: Text<'a>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Text<'a>>,
    /// Who the caller is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Text<'a>>,
}

/// Why there is no token. Clients try again on `internal_failure`, `server_error` and `temporarily_unavailable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenError<'a> {
    /// `invalid_grant`, `invalid_client`, `unauthorized_client`, `invalid_scope`, …
    #[serde(borrow)]
    pub error: Text<'a>,
    /// For a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<Text<'a>>,
}

impl<'a> TokenRequest<'a> {
    /// Reads a form, `application/x-www-form-urlencoded`; unknown fields are ignored.
    ///
    /// # Errors
    /// When the grant type is another, or a field is missing.
    pub fn parse(form: &'a [u8]) -> Result<Self, TokenRequestError> {
        let field =
            |name: &str| parse(form).find(|(key, value)| key == name && !value.is_empty()).map(|pair| pair.1);
        let required = |name| field(name).ok_or(TokenRequestError::Missing(name));
        match &*required("grant_type")? {
            JWT_BEARER => Ok(TokenRequest::JwtBearer { assertion: required("assertion")? }),
            REFRESH_TOKEN => Ok(TokenRequest::RefreshToken {
                client_id: required("client_id")?,
                client_secret: required("client_secret")?,
                refresh_token: required("refresh_token")?,
                scope: field("scope"),
            }),
            TOKEN_EXCHANGE => Ok(TokenRequest::TokenExchange {
                subject_token: required("subject_token")?,
                subject_token_type: required("subject_token_type")?,
                audience: field("audience"),
                scope: field("scope"),
            }),
            other => Err(TokenRequestError::GrantType(other.to_owned())),
        }
    }

    /// The form.
    pub fn to_form(&self) -> String {
        let mut form = Serializer::new(String::new());
        match self {
            TokenRequest::JwtBearer { assertion } => {
                form.append_pair("grant_type", JWT_BEARER).append_pair("assertion", assertion);
            }
            TokenRequest::RefreshToken { client_id, client_secret, refresh_token, scope } => {
                form.append_pair("grant_type", REFRESH_TOKEN)
                    .append_pair("client_id", client_id)
                    .append_pair("client_secret", client_secret)
                    .append_pair("refresh_token", refresh_token)
                    .extend_pairs(scope.iter().map(|scope| ("scope", scope)));
            }
            TokenRequest::TokenExchange { subject_token, subject_token_type, audience, scope } => {
                form.append_pair("grant_type", TOKEN_EXCHANGE)
                    .append_pair("subject_token", subject_token)
                    .append_pair("subject_token_type", subject_token_type)
                    .extend_pairs(audience.iter().map(|audience| ("audience", audience)))
                    .extend_pairs(scope.iter().map(|scope| ("scope", scope)));
            }
        }
        form.finish()
    }
}

impl TokenRequestError {
    /// The answer of the endpoint; its status is 400.
    pub fn answer(&self) -> TokenError<'static> {
        match self {
            TokenRequestError::GrantType(grant) => TokenError {
                error: "unsupported_grant_type".into(),
                error_description: Some(format!("Invalid grant_type: {grant}").into()),
            },
            TokenRequestError::Missing(field) => TokenError {
                error: "invalid_request".into(),
                error_description: Some(format!("Missing required parameter: {field}").into()),
            },
        }
    }
}

impl<'a> TokenResponse<'a> {
    /// A bearer token that lives `expires_in` seconds.
    pub fn bearer(access_token: impl Into<Text<'a>>, expires_in: u32) -> Self {
        TokenResponse {
            access_token: access_token.into(),
            expires_in,
            token_type: "Bearer".into(),
            scope: None,
            id_token: None,
        }
    }

    /// Reads an answer with status 200.
    ///
    /// # Errors
    /// When it is not JSON or has no token.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The answer's body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl<'a> TokenError<'a> {
    /// An error and its description.
    pub fn new(error: &'a str, description: &'a str) -> Self {
        TokenError { error: error.into(), error_description: Some(description.into()) }
    }

    /// The signature is not the account's; its status is 400.
    pub fn invalid_signature() -> TokenError<'static> {
        TokenError::new("invalid_grant", "Invalid JWT Signature.")
    }

    /// The status of an answer that says this: 401 where the application is not known, else 400.
    pub fn status(&self) -> u16 {
        if matches!(&*self.error, "invalid_client" | "unauthorized_client") { 401 } else { 400 }
    }

    /// Reads an answer with another status than 200.
    ///
    /// # Errors
    /// When it is not JSON or names no error.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The answer's body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Whether google-auth tries again for this error, whatever the status.
    pub fn is_retried(&self) -> bool {
        matches!(&*self.error, "internal_failure" | "server_error" | "temporarily_unavailable")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_to_a_token_is_read_and_written_back() {
        let jwt = TokenRequest::JwtBearer { assertion: "a.b-c.d_e".into() };
        let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b-c.d_e";
        assert_eq!(jwt.to_form(), form);
        let user = TokenRequest::RefreshToken {
            client_id: "i".into(),
            client_secret: "s&=".into(),
            refresh_token: "1//r".into(),
            scope: Some("a b".into()),
        };
        let exchange = TokenRequest::TokenExchange {
            subject_token: "t".into(),
            subject_token_type: "urn:ietf:params:oauth:token-type:jwt".into(),
            audience: Some("//iam".into()),
            scope: None,
        };
        for request in [jwt, user, exchange] {
            assert_eq!(TokenRequest::parse(request.to_form().as_bytes()), Ok(request.clone()));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (form, error) in [
            ("", TokenRequestError::Missing("grant_type")),
            ("grant_type=refresh_token&client_id=i", TokenRequestError::Missing("client_secret")),
            ("grant_type=password", TokenRequestError::GrantType("password".to_owned())),
        ] {
            assert_eq!(TokenRequest::parse(form.as_bytes()), Err(error), "{form}");
        }
        let answer = TokenRequestError::Missing("assertion").answer();
        assert_eq!(
            answer.to_bytes(),
            r#"{"error":"invalid_request","error_description":"Missing required parameter: assertion"}"#
        );
    }

    #[test]
    fn answers_are_the_services_byte_by_byte() {
        let token = TokenResponse::bearer("ya29.mock", 3599);
        let body = r#"{"access_token":"ya29.mock","expires_in":3599,"token_type":"Bearer"}"#;
        assert_eq!(token.to_bytes(), body);
        assert_eq!(TokenResponse::parse(body.as_bytes()).unwrap(), token);
        let error = TokenError::invalid_signature();
        let body = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
        assert_eq!(error.to_bytes(), body);
        assert_eq!(TokenError::parse(body.as_bytes()).unwrap(), error);
        assert!(!error.is_retried());
        assert!(TokenError::parse(br#"{"error":"server_error"}"#).unwrap().is_retried());
    }

    proptest! {
        #[test]
        fn no_form_panics(form in any::<Vec<u8>>()) {
            let _ = TokenRequest::parse(&form);
        }
    }
}
