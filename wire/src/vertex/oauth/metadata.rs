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
    /// The machine's number, as text.
    InstanceId,
    /// Where it stands, as text: `projects/{number}/zones/{zone}`.
    Zone,
    /// The accounts that it may use, as text or, recursively, as JSON.
    ServiceAccounts {
        /// Whether their members are told too.
        is_recursive: bool,
    },
    /// Who the machine is: a [`ServiceAccount`], or the names of its members.
    ServiceAccount {
        /// `default` or an e-mail address.
        account: Cow<'a, str>,
        /// Whether its members are told too.
        is_recursive: bool,
    },
    /// One member of a service account, as text.
    AccountMember {
        /// `default` or an e-mail address.
        account: Cow<'a, str>,
        /// `aliases`, `email` or `scopes`.
        member: AccountMember,
    },
    /// A statement of who the machine is, for one reader: a JWT, as text.
    Identity {
        /// `default` or an e-mail address.
        account: Cow<'a, str>,
        /// For whom it is.
        audience: String,
    },
    /// A token: a [`TokenResponse`](super::TokenResponse).
    Token {
        /// `default` or an e-mail address.
        account: Cow<'a, str>,
        /// What it shall be able to do; everything the machine may when empty.
        scopes: Vec<String>,
    },
}

/// What is told of a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountMember {
    /// Its other names, a line each.
    Aliases,
    /// Its address.
    Email,
    /// What it may do, a line each.
    Scopes,
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
            "instance/id" => Some(MetadataPath::InstanceId),
            "instance/zone" => Some(MetadataPath::Zone),
            "instance/service-accounts/" => {
                Some(MetadataPath::ServiceAccounts { is_recursive: is_recursive(query) })
            }
            instance => Self::parse_account(instance.strip_prefix("instance/service-accounts/")?, query),
        }
    }

    fn parse_account(rest: &'a str, query: &str) -> Option<Self> {
        let (account, leaf) = rest.split_once('/')?;
        let account = percent_encoding::percent_decode_str(account).decode_utf8().ok()?;
        let member = |account, member| Some(MetadataPath::AccountMember { account, member });
        match leaf {
            _ if account.is_empty() => None,
            "" => Some(MetadataPath::ServiceAccount { account, is_recursive: is_recursive(query) }),
            "token" => Some(MetadataPath::Token { account, scopes: scopes(query) }),
            "aliases" => member(account, AccountMember::Aliases),
            "email" => member(account, AccountMember::Email),
            "scopes" => member(account, AccountMember::Scopes),
            "identity" => Some(MetadataPath::Identity { account, audience: value(query, "audience")? }),
            _ => None,
        }
    }
}

fn scopes(query: &str) -> Vec<String> {
    let all = value(query, "scopes").unwrap_or_default();
    all.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn is_recursive(query: &str) -> bool {
    value(query, "recursive").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn value(query: &str, name: &str) -> Option<String> {
    parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
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
                MetadataPath::ServiceAccount { account: "default".into(), is_recursive: true },
            ),
            (
                format!("{account}/a@b.c/"),
                "",
                MetadataPath::ServiceAccount { account: "a@b.c".into(), is_recursive: false },
            ),
            (format!("{account}/"), "", MetadataPath::ServiceAccounts { is_recursive: false }),
            (
                format!("{account}/default/email"),
                "",
                MetadataPath::AccountMember { account: "default".into(), member: AccountMember::Email },
            ),
            (
                format!("{account}/default/identity"),
                "audience=http%3A%2F%2Fx&format=full",
                MetadataPath::Identity { account: "default".into(), audience: "http://x".into() },
            ),
            ("instance/zone".to_owned(), "", MetadataPath::Zone),
            (format!("{account}/default/token"), "", token("default", &[])),
            (format!("{account}/a%40b.c/token"), "scopes=x%2Cy", token("a@b.c", &["x", "y"])),
        ] {
            let path = format!("/computeMetadata/v1/{path}");
            assert_eq!(MetadataPath::parse(&path, query), Some(expected), "{path}");
        }
        assert_eq!(MetadataPath::parse("/", ""), Some(MetadataPath::Ping));
        for path in [
            "/x",
            "/computeMetadata/v1/instance/service-accounts//token",
            "/computeMetadata/v1/instance/name",
        ] {
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
