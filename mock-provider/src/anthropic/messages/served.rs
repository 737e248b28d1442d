//! The service's own tools: which of them an answer uses, how often, and what they bring.
//!
//! A model that is given such tools uses each of them once before it answers; the last turn of the user may ask for
//! more by `brownout:server-tools=N`. After ten uses the service pauses the turn, and goes on with it when it is
//! given the turn back. What is found or run is made up; it takes no time, and no tokens but those of the call.

use serde::Serialize;
use wire::anthropic::messages::{
    CodeExecutionResult, Container, Content, ContentBlock, MessagesRequest, ResponseBlock, Role,
    ServerToolResult, ServerToolUsage, Tool, ToolChoiceType, ToolResultError, WebSearchResult,
};
use wire::anthropic::rate_limit_headers::rfc3339;
use wire::json::Raw;
use world::Draws;

use super::found::{self, Found};
use crate::anthropic::id;
use crate::engine::reply::ToolCall;

/// Uses in one request after which a turn is paused: the service's documented default.
const USES_MAX: u32 = 10;
const HINT: &str = "brownout:server-tools=";
/// How long a container is kept: documented.
const CONTAINER_KEPT_S: u64 = 30 * 86_400;

/// What an answer has of the service's own tools.
#[derive(Debug, Default)]
pub(super) struct Served {
    pub(super) uses: Vec<Use>,
    /// Whether the turn ends before the answer, to be continued.
    pub(super) is_paused: bool,
    pub(super) container: Option<Container<'static>>,
    searches: u32,
}

/// One use of a tool.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) call: ToolCall,
    kind: Kind,
    /// In JSON.
    result: String,
    /// What a search has found first.
    pub(super) found: Option<Found>,
}

/// A tool that the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    WebSearch,
    /// Python, of the first version.
    Code,
    /// A shell, of later ones.
    Bash,
}

impl Kind {
    /// The tool of this kind that the mock runs, if there is one.
    pub(super) fn of(tool: &Tool<'_>) -> Option<Self> {
        let kind = tool.r#type.as_deref()?;
        if kind.starts_with("web_search_") {
            Some(Self::WebSearch)
        } else if kind == "code_execution_20250522" {
            Some(Self::Code)
        } else {
            kind.starts_with("code_execution_").then_some(Self::Bash)
        }
    }
}

impl Served {
    /// What is used in answering `request` in at most `allowed` tokens, of which one at least is left to the answer.
    pub(super) fn plan(
        request: &MessagesRequest<'_>,
        allowed: u32,
        now_unix_s: u64,
        draws: &mut Draws,
    ) -> Self {
        let tools = usable(request);
        if tools.is_empty() {
            return Self::default();
        }
        let done = uses_so_far(request);
        let wanted = wanted(request).unwrap_or(tools.len() as u32).saturating_sub(done);
        let mut served = Self::default();
        let mut left = allowed;
        for ordinal in 0..wanted.min(USES_MAX) {
            let (tool, kind) = tools[(done + ordinal) as usize % tools.len()];
            let one = served.use_of(tool, kind, draws);
            if one.call.tokens() >= left {
                return served;
            }
            left -= one.call.tokens();
            let is_refused = kind == Kind::WebSearch && one.found.is_none();
            served.searches += u32::from(kind == Kind::WebSearch && !is_refused);
            served.uses.push(one);
            if is_refused {
                return served;
            }
        }
        served.is_paused = wanted > USES_MAX;
        served.enter_container(request, now_unix_s, draws);
        served
    }

    /// Tokens of the calls.
    pub(super) fn tokens(&self) -> u32 {
        self.uses.iter().map(|one| one.call.tokens()).sum()
    }

    /// What is told of it where the cost is told; nothing where nothing was used.
    pub(super) fn usage(&self) -> Option<ServerToolUsage> {
        let usage = ServerToolUsage { web_search_requests: self.searches, web_fetch_requests: 0 };
        (!self.uses.is_empty()).then_some(usage)
    }

    fn use_of(&self, tool: &Tool<'_>, kind: Kind, draws: &mut Draws) -> Use {
        let id_bits = (draws.next_u64(), draws.next_u64());
        let call = |name: &str, key: &str, value: String| {
            ToolCall::new(id_bits, name, serde_json::json!({ key: value }).to_string())
        };
        let (one, other) = (draws.below(90) + 10, draws.below(90) + 10);
        let stdout = format!("{}\n", one * other);
        match kind {
            Kind::WebSearch => {
                let call = call("web_search", "query", found::query(draws));
                let allows = tool.max_uses.is_none_or(|most| i64::from(self.searches) < most);
                let found = if allows { found::search(tool, draws) } else { Vec::new() };
                let result = if found.is_empty() {
                    json(&ToolResultError::web_search("max_uses_exceeded"))
                } else {
                    json(&found.iter().map(Found::told).collect::<Vec<WebSearchResult<'_>>>())
                };
                Use { call, kind, result, found: found.into_iter().next() }
            }
            Kind::Code => {
                let call = call("code_execution", "code", format!("print({one} * {other})"));
                Use { call, kind, result: json(&CodeExecutionResult::of_code(&stdout)), found: None }
            }
            Kind::Bash => {
                let call = call("bash_code_execution", "command", format!("echo $(({one} * {other}))"));
                Use { call, kind, result: json(&CodeExecutionResult::of_command(&stdout)), found: None }
            }
        }
    }

    /// Code runs in the container that the request names, or in one of its own.
    fn enter_container(&mut self, request: &MessagesRequest<'_>, now_unix_s: u64, draws: &mut Draws) {
        if self.uses.iter().all(|one| one.kind == Kind::WebSearch) {
            return;
        }
        let named = request.container.and_then(|container| container.read::<String>().ok());
        let id = named.unwrap_or_else(|| id::of("container_01", (draws.next_u64(), draws.next_u64())));
        let expires_at = rfc3339(now_unix_s + CONTAINER_KEPT_S);
        self.container = Some(Container { id: id.into(), expires_at: expires_at.into() });
    }
}

impl Use {
    /// Its result as a block, for the use of that id.
    pub(super) fn result<'r>(&'r self, id: &'r str) -> ResponseBlock<'r> {
        let content = Raw::parse(&self.result).unwrap_or_else(|_| Raw::empty_object());
        let result = ServerToolResult::new(id, content);
        match self.kind {
            Kind::WebSearch => ResponseBlock::WebSearchToolResult(result),
            Kind::Code => ResponseBlock::CodeExecutionToolResult(result),
            Kind::Bash => ResponseBlock::BashCodeExecutionToolResult(result),
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The service's tools that the model may use here.
fn usable<'r, 'b>(request: &'r MessagesRequest<'b>) -> Vec<(&'r Tool<'b>, Kind)> {
    let tools = request.tools.iter().filter_map(|tool| Some((tool, Kind::of(tool)?)));
    match &request.tool_choice {
        _ if super::ask::answers_tool(request) => Vec::new(),
        Some(choice) if choice.r#type == ToolChoiceType::None => Vec::new(),
        Some(choice) if choice.r#type == ToolChoiceType::Tool => {
            tools.filter(|(tool, _)| choice.name.as_ref() == Some(&tool.name)).collect()
        }
        _ => tools.collect(),
    }
}

/// How often tools were used in a turn that is given back to be continued.
fn uses_so_far(request: &MessagesRequest<'_>) -> u32 {
    let last = request.messages.last().filter(|last| last.role == Role::Assistant);
    let Some(Content::Blocks(blocks)) = last.map(|last| &last.content) else { return 0 };
    blocks.iter().filter(|block| matches!(block, ContentBlock::ServerToolUse { .. })).count() as u32
}

/// How often the last turn of the user asks for.
fn wanted(request: &MessagesRequest<'_>) -> Option<u32> {
    let texts = request.last_user_message().into_iter().flat_map(|message| message.content.texts());
    texts.filter_map(|text| text.split_once(HINT)).find_map(|(_, rest)| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: &str = r#"{"type":"web_search_20250305","name":"web_search"}"#;
    const BASH: &str = r#"{"type":"code_execution_20250825","name":"code_execution"}"#;

    fn planned(tools: &str, text: &str, more: &str, allowed: u32) -> Served {
        let body =
            format!(r#"{{"tools":[{tools}],"messages":[{{"role":"user","content":"{text}"}}{more}]}}"#);
        let request = MessagesRequest::parse(body.as_bytes()).expect(&body);
        Served::plan(&request, allowed, 1_767_225_600, &mut Draws::from_hash(7))
    }

    fn counts(served: &Served) -> (usize, u32, bool) {
        (served.uses.len(), served.searches, served.is_paused)
    }

    #[test]
    fn each_tool_is_used_once() {
        let both = format!("{SEARCH},{BASH}");
        let served = planned(&both, "hi", "", 4_096);
        assert_eq!(counts(&served), (2, 1, false));
        let names: Vec<&str> = served.uses.iter().map(|one| &*one.call.name).collect();
        assert_eq!(names, ["web_search", "bash_code_execution"]);
        let container = served.container.expect("code ran");
        assert!(container.id.starts_with("container_01"), "{}", container.id);
        assert_eq!(container.expires_at, "2026-01-31T00:00:00Z");
        assert_eq!(counts(&planned("", "hi", "", 4_096)), (0, 0, false));
    }

    #[test]
    fn a_turn_of_more_than_ten_uses_is_paused_and_goes_on() {
        let ask = "brownout:server-tools=12, please";
        assert_eq!(counts(&planned(SEARCH, ask, "", 4_096)), (10, 10, true));
        assert_eq!(counts(&planned(SEARCH, &ask.replace("12", "10"), "", 4_096)), (10, 10, false));
        let used = r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#;
        let back = format!(r#",{{"role":"assistant","content":[{}]}}"#, [used; 10].join(","));
        assert_eq!(counts(&planned(SEARCH, ask, &back, 4_096)), (2, 2, false));
    }

    #[test]
    fn a_search_too_many_is_an_error_and_the_last() {
        let limited = SEARCH.replace('}', r#","max_uses":2}"#);
        let served = planned(&limited, "brownout:server-tools=5", "", 4_096);
        assert_eq!(counts(&served), (3, 2, false));
        assert_eq!(
            served.uses[2].result,
            r#"{"type":"web_search_tool_result_error","error_code":"max_uses_exceeded"}"#
        );
    }

    #[test]
    fn a_token_at_least_is_left_to_the_answer() {
        let one = planned(SEARCH, "hi", "", 4_096).tokens();
        assert_eq!(planned(SEARCH, "hi", "", one + 1).uses.len(), 1);
        assert_eq!(planned(SEARCH, "hi", "", one).uses.len(), 0);
    }
}
