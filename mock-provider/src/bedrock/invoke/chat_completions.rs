//! Chat completions: newer Mistral models, DeepSeek, Qwen and gpt-oss.

use std::borrow::Cow;

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::chat_completions::{
    Called, Choice, Completion, Request, Said, ToolCall, ToolChoice as Chosen, Usage as Used,
};
use wire::json::Text;

use super::super::target::Target;
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::{Ask, Tool, ToolChoice};
use crate::engine::reply::{Block, Piece, Reply, Stop};
use crate::engine::tokens;

/// What a message has beside its text: a template's frame. Our assumption.
const MESSAGE_TOKENS: u64 = 4;

pub(super) struct ChatCompletions {
    id: String,
    created: u64,
    model: String,
    /// The next call of a stream.
    calls: u32,
}

impl Format for ChatCompletions {
    type Request<'c> = Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Request<'c>, String> {
        Request::parse(body, target.max_output_tokens())
    }

    fn prompt_tokens(request: &Request<'_>, _: &Target<'_>) -> u64 {
        let messages = request.messages.iter().map(|message| MESSAGE_TOKENS + tokens::count(&message.text()));
        let tool = |tool: &wire::bedrock::invoke::chat_completions::Tool<'_>| {
            let schema = tool.function.parameters.map_or(0, |schema| tokens::count(schema.get()));
            tokens::count(&tool.function.name) + schema
        };
        messages.chain(request.tools.iter().map(tool)).sum()
    }

    fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>) -> Ask<'r> {
        let asked = request.max_tokens.and_then(|tokens| u32::try_from(tokens).ok());
        let stops = request.stop.iter().flat_map(|stop| &stop.0);
        let tool = |tool: &'r wire::bedrock::invoke::chat_completions::Tool<'_>| Tool {
            name: Cow::Borrowed(tool.function.name.as_str()),
            schema: tool.function.parameters,
        };
        Ask {
            stops: stops.map(|stop| Cow::Borrowed(stop.as_str())).collect(),
            tools: request.tools.iter().map(tool).collect(),
            choice: match request.choice() {
                Chosen::Auto => ToolChoice::Auto,
                Chosen::None => ToolChoice::None,
                Chosen::Any => ToolChoice::Any,
                Chosen::Named(name) => ToolChoice::Named(Cow::Owned(name)),
            },
            answers_tool: request.answers_tools(),
            ..Ask::text(target.id.base(), asked.unwrap_or(target.max_output_tokens()))
        }
    }

    fn new(origin: &Origin<'_>, _: &Request<'_>) -> Self {
        Self {
            id: origin.uuid(0),
            created: origin.engine.clock.unix_micros() / 1_000_000,
            model: origin.target.id.base().to_owned(),
            calls: 0,
        }
    }

    fn whole(&self, reply: &Reply, usage: &Usage) -> Vec<u8> {
        let mut message = Said { role: Some("assistant".into()), ..Said::default() };
        for block in reply.blocks() {
            let mut out = String::new();
            match block {
                Block::Text(text) => {
                    text.write_all(&mut out);
                    message.content = Some(out.into());
                }
                Block::Thinking(text) => {
                    text.write_all(&mut out);
                    message.reasoning_content = Some(out.into());
                }
                Block::ToolCall(call) => {
                    message.tool_calls.push(tool_call(None, call, &call.arguments));
                }
            }
        }
        let choice = Choice { message: Some(message), ..Choice::default() };
        self.completion("chat.completion", self.ended(choice, Some(reply.stop())), Some(usage))
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        let role: Option<Text<'_>> = moment.is_first().then(|| "assistant".into());
        for (place, piece) in moment.pieces().enumerate() {
            let role = role.clone().filter(|_| place == 0);
            let delta = Said { role, ..self.delta(&piece) };
            let choice = Choice { delta: Some(delta), ..Choice::default() };
            objects.push(self.completion("chat.completion.chunk", self.ended(choice, None), None));
        }
        if moment.is_last() {
            let choice = Choice { delta: Some(Said::default()), ..Choice::default() };
            let choice = self.ended(choice, Some(moment.reply.stop()));
            objects.push(self.completion("chat.completion.chunk", choice, Some(moment.usage)));
        }
    }
}

impl ChatCompletions {
    /// A choice that ends as `stop` says, in the model's own word for it, or goes on.
    fn ended<'a>(&self, choice: Choice<'a>, stop: Option<&Stop>) -> Choice<'a> {
        let reason: Option<Text<'a>> = stop.map(|stop| match stop {
            Stop::End | Stop::StopSequence(_) => "stop".into(),
            Stop::MaxTokens => "length".into(),
            Stop::ToolUse => "tool_calls".into(),
        });
        if self.model.starts_with("mistral.") {
            Choice { stop_reason: Some(reason), ..choice }
        } else {
            Choice { finish_reason: Some(reason), ..choice }
        }
    }

    fn completion(&self, kind: &str, choice: Choice<'_>, usage: Option<&Usage>) -> Vec<u8> {
        object(&Completion {
            id: self.id.as_str().into(),
            object: kind.into(),
            created: self.created,
            model: self.model.as_str().into(),
            choices: [choice],
            usage: usage.map(|usage| Used {
                prompt_tokens: usage.input_tokens,
                completion_tokens: usage.output_tokens,
                total_tokens: usage.total_tokens,
            }),
        })
    }

    fn delta(&mut self, piece: &Piece<'_>) -> Said<'static> {
        let mut out = String::new();
        match piece.content {
            Block::Text(text) => {
                text.write(piece.tokens.clone(), &mut out);
                Said { content: Some(out.into()), ..Said::default() }
            }
            Block::Thinking(text) => {
                text.write(piece.tokens.clone(), &mut out);
                Said { reasoning_content: Some(out.into()), ..Said::default() }
            }
            Block::ToolCall(call) => {
                // A call comes in one piece, when its last token is there.
                if !piece.ends {
                    return Said { content: Some("".into()), ..Said::default() };
                }
                let index = self.calls;
                self.calls += 1;
                Said { tool_calls: vec![tool_call(Some(index), call, &call.arguments)], ..Said::default() }
            }
        }
    }
}

fn tool_call(
    index: Option<u32>,
    call: &crate::engine::reply::ToolCall,
    arguments: &str,
) -> ToolCall<'static> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bits = call.id_bits.0;
    let mut id = String::new();
    for _ in 0..9 {
        id.push(char::from(ALPHABET[(bits % 62) as usize]));
        bits /= 62;
    }
    ToolCall {
        index,
        id: id.into(),
        r#type: "function".into(),
        function: Called { name: call.name.clone().into(), arguments: arguments.to_owned().into() },
    }
}
