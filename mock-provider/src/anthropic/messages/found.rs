//! What a search of the web finds: made-up pages of no real place, but within the domains that are allowed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wire::anthropic::messages::{Citation, Tool, WebSearchResult};
use world::Draws;

use crate::engine::text::{Text, WORDS};

/// Pages that a search finds.
const PAGES: usize = 3;
/// Tokens of what is cited of a page; the service cites 150 characters at the most.
const CITED_TOKENS: u32 = 18;
const MONTHS: [&str; 6] = ["January", "March", "May", "July", "September", "November"];

/// A page.
#[derive(Debug, Clone)]
pub(super) struct Found {
    url: String,
    title: String,
    page_age: Option<String>,
    encrypted_content: String,
    encrypted_index: String,
    text: String,
}

impl Found {
    /// As a search tells it.
    pub(super) fn told(&self) -> WebSearchResult<'_> {
        let page_age = self.page_age.as_deref();
        WebSearchResult::new(&self.title, &self.url, &self.encrypted_content, page_age)
    }

    /// As an answer cites it.
    pub(super) fn cited(&self) -> Citation<'static> {
        Citation::WebSearchResultLocation {
            cited_text: self.text.clone().into(),
            url: self.url.clone().into(),
            title: Some(self.title.clone().into()),
            encrypted_index: self.encrypted_index.clone().into(),
        }
    }
}

/// What is searched for.
pub(super) fn query(draws: &mut Draws) -> String {
    [word(draws), word(draws), word(draws)].join(" ")
}

/// What a search by `tool` finds.
pub(super) fn search(tool: &Tool<'_>, draws: &mut Draws) -> Vec<Found> {
    (0..PAGES).map(|_| page(tool, draws)).collect()
}

fn page(tool: &Tool<'_>, draws: &mut Draws) -> Found {
    let (one, other) = (word(draws), word(draws));
    let page_age = (draws.below(3) > 0).then(|| {
        let month = MONTHS[draws.below(MONTHS.len() as u64) as usize];
        format!("{month} {}, 2025", draws.below(28) + 1)
    });
    let mut text = String::new();
    Text::words(draws.next_u64(), CITED_TOKENS, true).write_all(&mut text);
    Found {
        url: format!("https://{}/{one}-{other}", domain(tool, draws)),
        title: format!("The {one} and the {other}"),
        page_age,
        encrypted_content: sealed(24, draws),
        encrypted_index: sealed(12, draws),
        text,
    }
}

/// One of the allowed domains, or any that is not blocked.
fn domain(tool: &Tool<'_>, draws: &mut Draws) -> String {
    if !tool.allowed_domains.is_empty() {
        let drawn = draws.below(tool.allowed_domains.len() as u64) as usize;
        return tool.allowed_domains[drawn].to_string();
    }
    let is_blocked = |host: &String| tool.blocked_domains.iter().any(|blocked| host.ends_with(&**blocked));
    let start = draws.below(WORDS.len() as u64) as usize;
    let hosts = WORDS.iter().cycle().skip(start).take(WORDS.len()).map(|word| format!("{word}.example"));
    hosts.into_iter().find(|host| !is_blocked(host)).unwrap_or_else(|| "example.invalid".to_owned())
}

fn word(draws: &mut Draws) -> &'static str {
    WORDS[draws.below(WORDS.len() as u64) as usize]
}

/// Something that only the service can read: any bytes will do.
fn sealed(words: usize, draws: &mut Draws) -> String {
    let bytes: Vec<u8> = (0..words).flat_map(|_| draws.next_u64().to_be_bytes()).collect();
    format!("E{}", BASE64_STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(more: &str) -> Vec<String> {
        let tool = format!(r#"{{"type":"web_search_20250305","name":"web_search"{more}}}"#);
        let tool: Tool<'_> = serde_json::from_str(&tool).expect("a tool");
        (0..40).flat_map(|seed| search(&tool, &mut Draws::from_hash(seed))).map(|found| found.url).collect()
    }

    #[test]
    fn pages_are_where_they_may_be() {
        let allowed = urls(r#","allowed_domains":["docs.rs","a.example/b"]"#);
        assert!(
            allowed.iter().all(|url| {
                url.starts_with("https://docs.rs/") || url.starts_with("https://a.example/b/")
            }),
            "{allowed:?}"
        );
        let some = urls("");
        assert!(some.iter().any(|url| url.contains("bridge.example")), "{some:?}");
        let blocked = urls(r#","blocked_domains":["bridge.example","ship.example"]"#);
        assert!(!blocked.iter().any(|url| url.contains("bridge.example") || url.contains("ship.example")));
    }

    #[test]
    fn what_is_cited_is_short() {
        let tool = r#"{"type":"web_search_20250305","name":"web_search"}"#;
        let tool: Tool<'_> = serde_json::from_str(tool).expect("a tool");
        for seed in 0..40 {
            for found in search(&tool, &mut Draws::from_hash(seed)) {
                let cited = found.cited();
                let text = cited.cited_text().expect("words");
                assert!((1..=150).contains(&text.len()), "{text}");
            }
        }
    }
}
