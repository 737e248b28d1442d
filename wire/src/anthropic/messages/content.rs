//! What a caller says: a string, or a list of blocks.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::citation::CitationsConfig;
use super::server_tools::ServerToolResult;
use crate::json::{Raw, Text};

/// What a message, an instruction or a tool's result says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<'a> {
    /// The short form: one text.
    Text(Text<'a>),
    /// The long form.
    Blocks(Vec<ContentBlock<'a>>),
}

/// One block of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[serde(try_from = "BlockFields<'a>", bound(deserialize = "'de: 'a"))]
pub enum ContentBlock<'a> {
    /// A text.
    Text {
        /// The text.
        text: Text<'a>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// A picture.
    Image {
        /// In place, by address or by id.
        source: Raw<'a>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// A document.
    Document {
        /// In place, by address or by id.
        source: Raw<'a>,
        /// What it is called.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Text<'a>>,
        /// What the model is told of it, which is not cited.
        #[serde(skip_serializing_if = "Option::is_none")]
        context: Option<Text<'a>>,
        /// Whether the answer cites it.
        #[serde(skip_serializing_if = "Option::is_none")]
        citations: Option<CitationsConfig>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// Something found, to be cited.
    SearchResult {
        /// Where it was found.
        source: Text<'a>,
        /// What it is called.
        title: Text<'a>,
        /// What is said there.
        content: Content<'a>,
        /// Whether the answer cites it.
        #[serde(skip_serializing_if = "Option::is_none")]
        citations: Option<CitationsConfig>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// An earlier call of a tool by the model.
    ToolUse {
        /// `toolu_…`; the result names it again.
        id: Text<'a>,
        /// Which tool.
        name: Text<'a>,
        /// A JSON object.
        input: Raw<'a>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// What the tool answered.
    ToolResult {
        /// Which call.
        tool_use_id: Text<'a>,
        /// The answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content<'a>>,
        /// Whether it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// An earlier use of one of the service's own tools.
    ServerToolUse {
        /// `srvtoolu_…`; the result names it again.
        id: Text<'a>,
        /// Which tool.
        name: Text<'a>,
        /// A JSON object.
        input: Raw<'a>,
        /// Where the cache ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Raw<'a>>,
    },
    /// What a search of the web found: a list, or an error.
    WebSearchToolResult(ServerToolResult<'a>),
    /// What became of code.
    CodeExecutionToolResult(ServerToolResult<'a>),
    /// What became of a command.
    BashCodeExecutionToolResult(ServerToolResult<'a>),
    /// An earlier thought of the model.
    Thinking {
        /// The thought.
        thinking: Text<'a>,
        /// That it is the model's own.
        signature: Text<'a>,
    },
    /// An earlier thought that the caller may not read.
    RedactedThinking {
        /// The thought, encrypted.
        data: Text<'a>,
    },
}

impl<'a> Content<'a> {
    /// Every text of the content, in order; texts inside results of tools are not among them.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, blocks): (Option<&Text<'a>>, &[ContentBlock<'a>]) = match self {
            Content::Text(text) => (Some(text), &[]),
            Content::Blocks(blocks) => (None, blocks),
        };
        text.map(Text::as_str).into_iter().chain(blocks.iter().filter_map(ContentBlock::text))
    }
}

impl<'a> From<&'a str> for Content<'a> {
    fn from(text: &'a str) -> Self {
        Content::Text(text.into())
    }
}

impl From<String> for Content<'_> {
    fn from(text: String) -> Self {
        Content::Text(text.into())
    }
}

impl<'a> ContentBlock<'a> {
    /// A block that is a text.
    pub fn of_text(text: impl Into<Text<'a>>) -> Self {
        ContentBlock::Text { text: text.into(), cache_control: None }
    }

    /// The text, when the block is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            ContentBlock::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The mark that the cache ends here, if there is one.
    pub fn cache_control(&self) -> Option<&Raw<'a>> {
        match self {
            ContentBlock::Text { cache_control, .. }
            | ContentBlock::Image { cache_control, .. }
            | ContentBlock::Document { cache_control, .. }
            | ContentBlock::SearchResult { cache_control, .. }
            | ContentBlock::ToolUse { cache_control, .. }
            | ContentBlock::ToolResult { cache_control, .. }
            | ContentBlock::ServerToolUse { cache_control, .. } => cache_control.as_ref(),
            ContentBlock::WebSearchToolResult(result)
            | ContentBlock::CodeExecutionToolResult(result)
            | ContentBlock::BashCodeExecutionToolResult(result) => result.cache_control.as_ref(),
            ContentBlock::Thinking { .. } | ContentBlock::RedactedThinking { .. } => None,
        }
    }
}

// Serde's tagged enums copy every value aside before they read it; the flat form reads in place.
#[derive(Deserialize)]
struct BlockFields<'a> {
    r#type: BlockType,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    cache_control: Option<Raw<'a>>,
    #[serde(default)]
    source: Option<Raw<'a>>,
    #[serde(default)]
    title: Option<Text<'a>>,
    #[serde(default)]
    context: Option<Text<'a>>,
    #[serde(default)]
    citations: Option<Raw<'a>>,
    #[serde(default)]
    id: Option<Text<'a>>,
    #[serde(default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    input: Option<Raw<'a>>,
    #[serde(default)]
    tool_use_id: Option<Text<'a>>,
    // What it is depends on the kind of the block, which may stand behind it.
    #[serde(default)]
    content: Option<Raw<'a>>,
    #[serde(default)]
    is_error: Option<bool>,
    #[serde(default)]
    thinking: Option<Text<'a>>,
    #[serde(default)]
    signature: Option<Text<'a>>,
    #[serde(default)]
    data: Option<Text<'a>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BlockType {
    Text,
    Image,
    Document,
    SearchResult,
    ToolUse,
    ToolResult,
    ServerToolUse,
    WebSearchToolResult,
    CodeExecutionToolResult,
    BashCodeExecutionToolResult,
    Thinking,
    RedactedThinking,
}

impl<'a> TryFrom<BlockFields<'a>> for ContentBlock<'a> {
    type Error = serde::de::value::Error;

    fn try_from(fields: BlockFields<'a>) -> Result<Self, Self::Error> {
        let cache_control = fields.cache_control;
        Ok(match fields.r#type {
            BlockType::Text => ContentBlock::Text { text: need("text.text", fields.text)?, cache_control },
            BlockType::Image => {
                ContentBlock::Image { source: need("image.source", fields.source)?, cache_control }
            }
            BlockType::Document => {
                let (title, context) = (fields.title, fields.context);
                let citations = config("document", fields.citations)?;
                let source = need("document.source", fields.source)?;
                ContentBlock::Document { source, title, context, citations, cache_control }
            }
            BlockType::SearchResult => ContentBlock::SearchResult {
                source: found(fields.source)?,
                title: need("search_result.title", fields.title)?,
                content: said(need("search_result.content", fields.content)?)?,
                citations: config("search_result", fields.citations)?,
                cache_control,
            },
            BlockType::ToolUse => ContentBlock::ToolUse {
                id: need("tool_use.id", fields.id)?,
                name: need("tool_use.name", fields.name)?,
                input: need("tool_use.input", fields.input)?,
                cache_control,
            },
            BlockType::ToolResult => ContentBlock::ToolResult {
                tool_use_id: need("tool_result.tool_use_id", fields.tool_use_id)?,
                content: fields.content.map(said).transpose()?,
                is_error: fields.is_error,
                cache_control,
            },
            BlockType::Thinking => ContentBlock::Thinking {
                thinking: need("thinking.thinking", fields.thinking)?,
                signature: need("thinking.signature", fields.signature)?,
            },
            BlockType::RedactedThinking => {
                ContentBlock::RedactedThinking { data: need("redacted_thinking.data", fields.data)? }
            }
            BlockType::ServerToolUse
            | BlockType::WebSearchToolResult
            | BlockType::CodeExecutionToolResult
            | BlockType::BashCodeExecutionToolResult => return served(fields),
        })
    }
}

/// A block of one of the service's own tools.
fn served(fields: BlockFields<'_>) -> Result<ContentBlock<'_>, serde::de::value::Error> {
    let cache_control = fields.cache_control;
    let (use_id, content) = (fields.tool_use_id, fields.content);
    let result = |id, result| {
        let (tool_use_id, content) = (need(id, use_id)?, need(result, content)?);
        Ok(ServerToolResult { tool_use_id, content, cache_control })
    };
    Ok(match fields.r#type {
        BlockType::WebSearchToolResult => ContentBlock::WebSearchToolResult(result(
            "web_search_tool_result.tool_use_id",
            "web_search_tool_result.content",
        )?),
        BlockType::CodeExecutionToolResult => ContentBlock::CodeExecutionToolResult(result(
            "code_execution_tool_result.tool_use_id",
            "code_execution_tool_result.content",
        )?),
        BlockType::BashCodeExecutionToolResult => ContentBlock::BashCodeExecutionToolResult(result(
            "bash_code_execution_tool_result.tool_use_id",
            "bash_code_execution_tool_result.content",
        )?),
        _ => ContentBlock::ServerToolUse {
            id: need("server_tool_use.id", fields.id)?,
            name: need("server_tool_use.name", fields.name)?,
            input: need("server_tool_use.input", fields.input)?,
            cache_control,
        },
    })
}

/// The field, or else that it is missing: named behind the kind of block, as the service names it.
fn need<T>(name: &'static str, field: Option<T>) -> Result<T, serde::de::value::Error> {
    field.ok_or_else(|| serde::de::value::Error::missing_field(name))
}

/// Content within a block.
fn said(content: Raw<'_>) -> Result<Content<'_>, serde::de::value::Error> {
    content.read().map_err(serde::de::value::Error::custom)
}

/// Where something was found, which is an address here and a source of its own kind in a document.
fn found(source: Option<Raw<'_>>) -> Result<Text<'_>, serde::de::value::Error> {
    need("search_result.source", source)?.read().map_err(serde::de::value::Error::custom)
}

fn config(
    kind: &str,
    citations: Option<Raw<'_>>,
) -> Result<Option<CitationsConfig>, serde::de::value::Error> {
    let read = citations.map(|citations| citations.read::<CitationsConfig>()).transpose();
    read.map_err(|error| serde::de::value::Error::custom(format_args!("{kind}.citations: {error}")))
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Content::Text(text) => text.serialize(serializer),
            Content::Blocks(blocks) => blocks.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of content blocks")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, blocks: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(blocks)).map(Content::Blocks)
    }
}
