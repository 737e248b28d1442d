//! Cohere Command R and R+. What they call comes whole, after their words.

use std::borrow::Cow;

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::cohere_chat::{Chunk, Request, Response, ToolCall, Turn};
use wire::json::{Raw, Text};

use super::super::target::Target;
use super::cohere_command::reason;
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::{Ask, Tool};
use crate::engine::reply::{Block, Reply};
use crate::engine::tokens;

pub(super) struct CohereChat {
    response_id: String,
    generation_id: String,
    /// The turns until now, each as JSON.
    history: Vec<String>,
}

/// A request, and the schemas of its tools in JSON.
pub(super) struct Asked<'c> {
    request: Request<'c>,
    schemas: Vec<String>,
}

impl Format for CohereChat {
    type Request<'c> = Asked<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Asked<'c>, String> {
        let request = Request::parse(body, target.max_output_tokens())?;
        let schemas =
            request.tools.iter().map(wire::bedrock::invoke::cohere_chat::Tool::json_schema).collect();
        Ok(Asked { request, schemas })
    }

    fn prompt_tokens(Asked { request, schemas }: &Asked<'_>, _: &Target<'_>) -> u64 {
        let turns = request.chat_history.iter().map(|turn| turn.message.as_str());
        let raw = request.documents.iter().chain(&request.tool_results).map(Raw::get);
        let tools = request.tools.iter().flat_map(|tool| [tool.name.as_str(), tool.description.as_str()]);
        let told = request.preamble.as_deref().into_iter().chain(turns).chain(raw).chain(tools);
        told.chain(schemas.iter().map(String::as_str))
            .chain([request.message.as_str()])
            .map(tokens::count)
            .sum()
    }

    fn ask<'r>(Asked { request, schemas }: &'r Asked<'_>, target: &Target<'r>) -> Ask<'r> {
        let asked = request.max_tokens.and_then(|tokens| u32::try_from(tokens).ok());
        let tool = |(tool, schema): (&'r wire::bedrock::invoke::cohere_chat::Tool<'_>, &'r String)| Tool {
            name: Cow::Borrowed(tool.name.as_str()),
            schema: Raw::parse(schema).ok(),
        };
        Ask {
            stops: request.stop_sequences.iter().map(|stop| Cow::Borrowed(stop.as_str())).collect(),
            tools: request.tools.iter().zip(schemas).map(tool).collect(),
            parallel_tools: true,
            answers_tool: !request.tool_results.is_empty(),
            ..Ask::text(target.id.base(), asked.unwrap_or(target.max_output_tokens()))
        }
    }

    fn new(origin: &Origin<'_>, Asked { request, .. }: &Asked<'_>) -> Self {
        let said = Turn { role: "USER".into(), message: request.message.clone(), tool_calls: Vec::new() };
        let turns = request.chat_history.iter().chain([&said]);
        let history = turns.map(|turn| serde_json::to_string(turn).unwrap_or_default()).collect();
        Self { response_id: origin.uuid(0), generation_id: origin.uuid(1), history }
    }

    fn whole(&self, reply: &Reply, _: &Usage) -> Vec<u8> {
        object(&self.response(reply))
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        if moment.is_first() {
            let generation_id = self.generation_id.as_str().into();
            objects.push(object(&Chunk::StreamStart { is_finished: false, generation_id }));
        }
        let text = moment.text();
        if !text.is_empty() {
            objects.push(object(&Chunk::TextGeneration { is_finished: false, text: text.into() }));
        }
        if moment.is_last() {
            let tool_calls = calls(moment.reply);
            if !tool_calls.is_empty() {
                objects.push(object(&Chunk::ToolCallsGeneration { is_finished: false, tool_calls }));
            }
            objects.push(object(&Chunk::StreamEnd {
                is_finished: true,
                finish_reason: reason(moment.reply.stop()),
                response: self.response(moment.reply),
            }));
        }
    }
}

impl CohereChat {
    fn response<'s>(&'s self, reply: &'s Reply) -> Response<'s> {
        let text: Text<'s> = reply.text().into();
        let tool_calls = calls(reply);
        let said = Turn { role: "CHATBOT".into(), message: text.clone(), tool_calls: tool_calls.clone() };
        let before = self.history.iter().filter_map(|turn| serde_json::from_str(turn).ok());
        Response {
            response_id: self.response_id.as_str().into(),
            text,
            generation_id: self.generation_id.as_str().into(),
            chat_history: before.chain([said]).collect(),
            finish_reason: reason(reply.stop()),
            tool_calls,
        }
    }
}

fn calls(reply: &Reply) -> Vec<ToolCall<'_>> {
    let calls = reply.blocks().iter().filter_map(|block| match block {
        Block::ToolCall(call) => Some(call),
        Block::Text(_) | Block::Thinking(_) => None,
    });
    calls
        .map(|call| ToolCall {
            name: call.name.as_str().into(),
            parameters: Raw::parse(&call.arguments).unwrap_or_else(|_| Raw::empty_object()),
        })
        .collect()
}
