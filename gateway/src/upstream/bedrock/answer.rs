//! A whole answer of Converse in the client's terms.

use bytes::Bytes;
use wire::bedrock::converse::{ContentBlock, Response, StopReason, ToolUse, Usage};
use wire::json::Text;
use wire::openai::chat::{
    self, ChatCompletion, Choice, FinishReason, FunctionCall, ResponseMessage, ToolCall,
};

use crate::failure::{Cause, Failure};
use crate::upstream::{AnswerHead, WholeAnswer};

/// Reads an answer and writes it anew.
pub(crate) fn whole_answer(body: &Bytes, head: AnswerHead<'_>, model: &str) -> Result<WholeAnswer, Failure> {
    let response =
        Response::parse(body).map_err(|error| Failure::new(Cause::Malformed, error.to_string()))?;
    let usage = usage(&response.usage);
    let choice = Choice {
        message: message(&response.output.message.content),
        finish_reason: Some(finish_reason(&response.stop_reason)),
        ..Choice::default()
    };
    let completion = ChatCompletion {
        id: head.id.into(),
        created: head.created,
        model: model.into(),
        choices: vec![choice],
        usage: Some(usage),
        ..ChatCompletion::default()
    };
    Ok(WholeAnswer { body: completion.to_bytes(), usage })
}

fn message<'a>(content: &'a [ContentBlock<'_>]) -> ResponseMessage<'a> {
    let mut texts = content.iter().filter_map(ContentBlock::as_text);
    let content_text = texts.next().map(|first| match texts.next() {
        None => Text::from(first),
        Some(second) => texts.fold(format!("{first}{second}"), |all, text| all + text).into(),
    });
    let calls = content.iter().filter_map(|block| match block {
        ContentBlock::ToolUse(call) => Some(tool_call(call)),
        _ => None,
    });
    ResponseMessage { content: content_text, tool_calls: calls.collect(), ..ResponseMessage::default() }
}

fn tool_call<'a>(call: &'a ToolUse<'_>) -> ToolCall<'a> {
    let function = FunctionCall { name: call.name.borrowed(), arguments: call.input.get().into() };
    ToolCall { id: call.tool_use_id.borrowed(), r#type: chat::FunctionType, function }
}

pub(super) fn finish_reason(reason: &StopReason<'_>) -> FinishReason {
    match reason {
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => FinishReason::Length,
        StopReason::ToolUse => FinishReason::ToolCalls,
        StopReason::GuardrailIntervened | StopReason::ContentFiltered => FinishReason::ContentFilter,
        StopReason::EndTurn
        | StopReason::StopSequence
        | StopReason::MalformedModelOutput
        | StopReason::MalformedToolUse
        | StopReason::Other(_) => FinishReason::Stop,
    }
}

/// Converse counts what it read from a cache apart from the rest of the prompt.
pub(super) fn usage(usage: &Usage) -> chat::Usage {
    let cached = usage
        .cache_read_input_tokens
        .unwrap_or(0)
        .saturating_add(usage.cache_write_input_tokens.unwrap_or(0));
    let count = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    chat::Usage::new(count(usage.input_tokens.saturating_add(cached)), count(usage.output_tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: AnswerHead<'static> = AnswerHead { id: "chatcmpl-1", created: 7, include_usage: false };

    fn translated(body: &'static str) -> String {
        let answer = whole_answer(&Bytes::from_static(body.as_bytes()), HEAD, "claude").expect("an answer");
        String::from_utf8(answer.body.to_vec()).expect("text")
    }

    #[test]
    fn a_text_and_its_cost() {
        let body = translated(
            r#"{"metrics":{"latencyMs":608},"output":{"message":{"content":[{"text":" 3fa9.0 3fa9.1"}],"role":"assistant"}},"stopReason":"max_tokens","usage":{"inputTokens":4,"outputTokens":10,"totalTokens":2715,"cacheReadInputTokens":2701}}"#,
        );
        let completion = ChatCompletion::parse(body.as_bytes()).expect("a completion");
        assert_eq!((completion.model.as_str(), completion.created), ("claude", 7));
        assert_eq!(completion.choices[0].message.content.as_deref(), Some(" 3fa9.0 3fa9.1"));
        assert_eq!(completion.choices[0].finish_reason, Some(FinishReason::Length));
        assert_eq!(completion.usage, Some(chat::Usage::new(2_705, 10)));
    }

    #[test]
    fn a_tool_call() {
        let body = translated(
            r#"{"metrics":{"latencyMs":1},"output":{"message":{"content":[{"toolUse":{"input":{"x":1},"name":"f","toolUseId":"tooluse_1"}}],"role":"assistant"}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#,
        );
        let completion = ChatCompletion::parse(body.as_bytes()).expect("a completion");
        let call = &completion.choices[0].message.tool_calls[0];
        assert_eq!((call.id.as_str(), call.function.arguments.as_str()), ("tooluse_1", r#"{"x":1}"#));
        assert_eq!(completion.choices[0].message.content, None);
        assert_eq!(completion.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    }

    #[test]
    fn a_short_body_is_a_failed_attempt() {
        let body = Bytes::from_static(br#"{"metrics":{"latencyMs":608},"output":{"mess"#);
        assert_eq!(whole_answer(&body, HEAD, "claude").expect_err("cut").cause, Cause::Malformed);
    }
}
