//! `[target]`: somebody's own gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use loadgen::Target;
use notation::{DurationText, Problems};
use serde::Deserialize;
use world::BaseUrl;

/// The section as written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetFile {
    /// Its base URL.
    pub url: Option<String>,
    /// The environment variable that holds the key of every request.
    pub key_env: Option<String>,
    /// A file with one `TENANT KEY` a line.
    pub keys_file: Option<String>,
    /// What it calls the models: `chat`, `embeddings`.
    pub models: IndexMap<String, String>,
    /// What it calls a model that is served by one provider alone, by provider: for control traffic.
    pub pinned: IndexMap<String, String>,
    /// Headers added to every request.
    pub headers: IndexMap<String, String>,
    /// The response header in which it names the provider that served.
    pub served_by: Option<String>,
    /// The process to watch.
    pub pid: Option<u32>,
    /// Where the proxy listens for it, by provider: what it is configured with as the providers' base URLs.
    pub proxy: IndexMap<String, String>,
    /// What it says that it does.
    pub policy: Option<TargetPolicyFile>,
}

/// `[target.policy]`: gates that need a policy are advisory where none is declared.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetPolicyFile {
    /// Tries again on the same target before going on to the next.
    pub retries: Option<u32>,
    /// The providers behind `chat`, in their order.
    pub order: Vec<String>,
    /// How long a provider that failed is left alone at most.
    pub cooldown: Option<DurationText>,
    /// How long an answer may take at most.
    pub deadline: Option<DurationText>,
    /// Whether it has a circuit breaker.
    pub breaker: Option<bool>,
}

/// A checked target.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// Where it is.
    pub url: BaseUrl,
    /// The environment variable with its key.
    pub key_env: Option<String>,
    /// The file with its tenants' keys.
    pub keys_file: Option<String>,
    /// Its model names by kind.
    pub models: BTreeMap<String, String>,
    /// Its pinned model names by provider.
    pub pinned: BTreeMap<String, String>,
    /// Headers to add.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// The header that names the provider.
    pub served_by: Option<http::HeaderName>,
    /// The process to watch.
    pub pid: Option<u32>,
    /// Listen addresses of the proxy by provider.
    pub proxy: BTreeMap<String, String>,
    /// The declared policy.
    pub policy: Option<TargetPolicy>,
}

/// A declared policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetPolicy {
    /// Same-target retries.
    pub retries: u32,
    /// Providers in order.
    pub order: Vec<String>,
    /// Longest cooldown; none without a breaker.
    pub cooldown: Option<Duration>,
    /// Longest answer.
    pub deadline: Option<Duration>,
}

/// How long a declared breaker stays open at most when the file does not say.
const COOLDOWN: Duration = Duration::from_secs(60);

impl TargetFile {
    /// A target of which nothing but the URL is known.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..Self::default() }
    }

    /// The providers that the section names, each with its key.
    pub(super) fn providers(&self) -> impl Iterator<Item = (String, &str)> {
        let pinned = self.pinned.keys().map(|name| (format!("pinned.{name}"), name.as_str()));
        let routes = self.proxy.keys().map(|name| (format!("proxy.{name}"), name.as_str()));
        let order = self.policy.iter().flat_map(|policy| &policy.order);
        pinned.chain(routes).chain(order.map(|name| ("policy.order".to_owned(), name.as_str())))
    }

    /// Checks the section.
    ///
    /// # Errors
    /// Every problem, with paths under the section.
    pub fn plan(&self) -> Result<TargetPlan, Problems> {
        let mut problems = Problems::new();
        let url = self.url.as_deref().unwrap_or_default().parse::<BaseUrl>();
        if let Err(error) = &url {
            problems.add("url", error.to_string(), "a URL such as `http://127.0.0.1:4000`");
        }
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let header = name.parse().ok().zip(value.parse().ok());
            if header.is_none() {
                problems.add(
                    format!("headers.{name}"),
                    "is no header",
                    "a header name and a value of plain text",
                );
            }
            header
        });
        let headers = headers.collect();
        let served_by = self.served_by.as_deref().and_then(|name| {
            let header = name.parse().ok();
            if header.is_none() {
                problems.add(
                    "served_by",
                    format!("`{name}` is no header name"),
                    "such as `x-litellm-model-id`",
                );
            }
            header
        });
        let owned =
            |map: &IndexMap<String, String>| map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let Ok(url) = url else { return Err(problems) };
        problems.into_result(TargetPlan {
            url,
            key_env: self.key_env.clone(),
            keys_file: self.keys_file.clone(),
            models: owned(&self.models),
            pinned: owned(&self.pinned),
            headers,
            served_by,
            pid: self.pid,
            proxy: owned(&self.proxy),
            policy: self.policy.as_ref().map(TargetPolicyFile::plan),
        })
    }
}

/// A key of the target that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The environment has no such variable.
    #[error(
        "target.key_env: the environment has no `{0}` (accepted: the name of a variable that holds the key)"
    )]
    Environment(String),
    /// The file cannot be read.
    #[error(
        "target.keys_file: cannot read {path}: {cause} (accepted: a file with `TENANT KEY` on each line)"
    )]
    File {
        /// The file.
        path: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// A line that names no tenant and key.
    #[error("{path}:{line}: not `TENANT KEY`")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
    },
}

impl TargetPlan {
    /// Where the load goes and under whose keys, which are read now.
    ///
    /// # Errors
    /// Keys that are named but not there.
    pub fn resolve(&self) -> Result<Target, KeyError> {
        let mut target = Target::new(self.url.clone());
        if let Some(name) = &self.key_env {
            let key = world::environment(name).ok_or_else(|| KeyError::Environment(name.clone()))?;
            target.key = Some(key);
        }
        if let Some(path) = &self.keys_file {
            target.keys = read_keys(path)?;
        }
        target.headers.clone_from(&self.headers);
        if let Some(header) = &self.served_by {
            target.served_by.clone_from(header);
        }
        Ok(target)
    }
}

fn read_keys(path: &str) -> Result<BTreeMap<String, String>, KeyError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| KeyError::File { path: path.to_owned(), cause })?;
    let is_comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let lines = text.lines().enumerate().filter(|(_, line)| !is_comment(line));
    lines
        .map(|(n, line)| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [tenant, key] => Ok((tenant.to_owned(), key.to_owned())),
            _ => Err(KeyError::Line { path: path.to_owned(), line: n + 1 }),
        })
        .collect()
}

impl TargetPolicyFile {
    fn plan(&self) -> TargetPolicy {
        let has_breaker = self.breaker.unwrap_or(self.cooldown.is_some());
        TargetPolicy {
            retries: self.retries.unwrap_or(0),
            order: self.order.clone(),
            cooldown: has_breaker.then(|| self.cooldown.map_or(COOLDOWN, Duration::from)),
            deadline: self.deadline.map(Duration::from),
        }
    }
}
