//! The metadata server of a virtual machine, as google-auth asks it. Request and answer both carry
//! `Metadata-Flavor: Google`; without it the server refuses with 403.

use std::borrow::Cow;

use bytes::Bytes;
use form_urlencoded::parse;
use serde::{Deserialize, Serialize};

use crate::json;

/// The header of every request and every answer.
pub const FLAVOR_HEADER: &str = "metadata-flavor";
/// Its value.
pub const FLAVOR_VALUE: &str = "Google";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataPath<'a> {
    /// `/`: whether there is such a server.
    Ping,
    /// The project's id, as text.
    ProjectId,
    /// The project's number, as text.
    ProjectNumber,
    /// The domain of the service, as text.
    UniverseDomain,
    /// Who the machine is: a [`ServiceAccount`].
    ServiceAccount {
        /// `default` or an e-mail address.
        account: Cow<'a, str>,
    },
    /// A token: a [`TokenResponse`](super::TokenResponse).
    Token {
        /// `default` or an e-mail address.
        account: Cow<'a, str>,
        /// What it shall be able to do; everything the machine may when empty.
        scopes: Vec<String>,
    },
}

/// The identity of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccount {
    /// Other names of the account.
    pub aliases: Vec<String>,
    /// Its address.
    pub email: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl<'a> MetadataPath<'a> {
    /// Reads a path and its query; `None` when the server has nothing there.
    pub fn parse(path: &'a str, query: &str) -> Option<Self> {
        if path.is_empty() || path == "/" {
            return Some(MetadataPath::Ping);
        }
        match path.strip_prefix("/computeMetadata/v1/")? {
            "project/project-id" => Some(MetadataPath::ProjectId),
            "project/numeric-project-id" => Some(MetadataPath::ProjectNumber),
            "universe/universe-domain" | "universe/universe_domain" => Some(MetadataPath::UniverseDomain),
            instance => Self::parse_account(instance.strip_prefix("instance/service-accounts/")?, query),
        }
    }

    fn parse_account(rest: &'a str, query: &str) -> Option<Self> {
        let (account, leaf) = rest.split_once('/')?;
        let account = percent_encoding::percent_decode_str(account).decode_utf8().ok()?;
        match leaf {
            _ if account.is_empty() => None,
            "" => Some(MetadataPath::ServiceAccount { account }),
            "token" => Some(MetadataPath::Token { account, scopes: scopes(query) }),
            _ => None,
        }
    }
}

fn scopes(query: &str) -> Vec<String> {
    let all = parse(query.as_bytes()).find(|(key, _)| key == "scopes").map(|pair| pair.1).unwrap_or_default();
    all.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

impl ServiceAccount {
    /// The machine's own account, which may use all of the cloud.
    pub fn default_of(email: &str) -> Self {
        ServiceAccount {
            aliases: vec!["default".to_owned()],
            email: email.to_owned(),
            scopes: vec!["https://www.googleapis.com/auth/cloud-platform".to_owned()],
        }
    }

    /// The answer's body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_known() {
        let token = |account: &'static str, scopes: &[&str]| MetadataPath::Token {
            account: account.into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        let account = "instance/service-accounts";
        for (path, query, expected) in [
            ("project/project-id".to_owned(), "", MetadataPath::ProjectId),
            ("project/numeric-project-id".to_owned(), "", MetadataPath::ProjectNumber),
            ("universe/universe-domain".to_owned(), "", MetadataPath::UniverseDomain),
            (
                format!("{account}/default/"),
                "recursive=true",
                MetadataPath::ServiceAccount { account: "default".into() },
            ),
            (format!("{account}/default/token"), "", token("default", &[])),
            (format!("{account}/a%40b.c/token"), "scopes=x%2Cy", token("a@b.c", &["x", "y"])),
        ] {
            let path = format!("/computeMetadata/v1/{path}");
            assert_eq!(MetadataPath::parse(&path, query), Some(expected), "{path}");
        }
        assert_eq!(MetadataPath::parse("/", ""), Some(MetadataPath::Ping));
        for path in
            ["/x", "/computeMetadata/v1/instance/service-accounts//token", "/computeMetadata/v1/instance/id"]
        {
            assert_eq!(MetadataPath::parse(path, ""), None, "{path}");
        }
    }

    #[test]
    fn the_account_has_what_google_auth_reads() {
        assert_eq!(
            ServiceAccount::default_of("mock@p.iam").to_bytes(),
            r#"{"aliases":["default"],"email":"mock@p.iam","scopes":["https://www.googleapis.com/auth/cloud-platform"]}"#
        );
    }
}
