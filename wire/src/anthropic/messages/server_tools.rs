//! What the service's own tools bring, as it stands in the blocks of their results.

use serde::Serialize;

use crate::json::{Raw, Text};

/// What a use of one of the service's own tools has brought, in requests and answers alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerToolResult<'a> {
    /// Which use.
    pub tool_use_id: Text<'a>,
    /// By the kind of tool; of an error its code.
    pub content: Raw<'a>,
    /// Where the cache ends; in requests alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<Raw<'a>>,
}

impl<'a> ServerToolResult<'a> {
    /// What the use of that id has brought.
    pub fn new(tool_use_id: impl Into<Text<'a>>, content: Raw<'a>) -> Self {
        Self { tool_use_id: tool_use_id.into(), content, cache_control: None }
    }
}

/// A page that a search of the web has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WebSearchResult<'a> {
    r#type: &'static str,
    /// What it is called.
    pub title: &'a str,
    /// Where it is.
    pub url: &'a str,
    /// What stands there, which only the service can read and wants back.
    pub encrypted_content: &'a str,
    /// When it last changed, in words.
    pub page_age: Option<&'a str>,
}

impl<'a> WebSearchResult<'a> {
    /// A page.
    pub fn new(title: &'a str, url: &'a str, encrypted_content: &'a str, page_age: Option<&'a str>) -> Self {
        Self { r#type: "web_search_result", title, url, encrypted_content, page_age }
    }
}

/// A tool that did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ToolResultError {
    r#type: &'static str,
    /// Why, such as `max_uses_exceeded`.
    pub error_code: &'static str,
}

impl ToolResultError {
    /// A search that did not work.
    pub fn web_search(error_code: &'static str) -> Self {
        Self { r#type: "web_search_tool_result_error", error_code }
    }
}

/// What became of code. No file of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CodeExecutionResult<'a> {
    r#type: &'static str,
    /// What it wrote.
    pub stdout: &'a str,
    /// What it wrote of errors.
    pub stderr: &'a str,
    /// How it ended.
    pub return_code: i32,
    /// Files, of which there are none.
    content: [(); 0],
}

impl<'a> CodeExecutionResult<'a> {
    /// Python that ended well and wrote this.
    pub fn of_code(stdout: &'a str) -> Self {
        Self::ended_well("code_execution_result", stdout)
    }

    /// A command that ended well and wrote this.
    pub fn of_command(stdout: &'a str) -> Self {
        Self::ended_well("bash_code_execution_result", stdout)
    }

    fn ended_well(r#type: &'static str, stdout: &'a str) -> Self {
        Self { r#type, stdout, stderr: "", return_code: 0, content: [] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn results_are_the_services_byte_by_byte() {
        let page = WebSearchResult::new("A", "https://a.example/", "Eq", None);
        assert_eq!(
            json::to_bytes(&page),
            r#"{"type":"web_search_result","title":"A","url":"https://a.example/","encrypted_content":"Eq","page_age":null}"#
        );
        assert_eq!(
            json::to_bytes(&ToolResultError::web_search("max_uses_exceeded")),
            r#"{"type":"web_search_tool_result_error","error_code":"max_uses_exceeded"}"#
        );
        for (result, kind) in [
            (CodeExecutionResult::of_code("4\n"), "code_execution_result"),
            (CodeExecutionResult::of_command("4\n"), "bash_code_execution_result"),
        ] {
            let expected =
                format!(r#"{{"type":"{kind}","stdout":"4\n","stderr":"","return_code":0,"content":[]}}"#);
            assert_eq!(json::to_bytes(&result), expected);
        }
    }
}
