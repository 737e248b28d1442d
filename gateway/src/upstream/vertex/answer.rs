//! A whole answer of generateContent in the client's terms.

use bytes::Bytes;
use wire::json::Text;
use wire::openai::chat::{self, ChatCompletion, Choice, FinishReason, ResponseMessage, ToolCall};
use wire::vertex::generate_content::{
    FinishReason as Reason, FunctionCall, GenerateContentResponse, PartData, UsageMetadata,
};

use crate::failure::{Cause, Failure};
use crate::upstream::{AnswerHead, WholeAnswer};

/// Reads an answer and writes it anew.
pub(crate) fn whole_answer(body: &Bytes, head: AnswerHead<'_>, model: &str) -> Result<WholeAnswer, Failure> {
    let malformed = |message: String| Failure::new(Cause::Malformed, message);
    let response = GenerateContentResponse::parse(body).map_err(|error| malformed(error.to_string()))?;
    let reason = finish_reason_of(&response).ok_or_else(|| malformed("the answer has no end".to_owned()))?;
    let usage = response.usage_metadata.as_ref().map(usage).unwrap_or_default();
    let message = message(&response, head.id);
    let reason = if message.tool_calls.is_empty() { reason } else { FinishReason::ToolCalls };
    let completion = ChatCompletion {
        id: head.id.into(),
        created: head.created,
        model: model.into(),
        choices: vec![Choice { message, finish_reason: Some(reason), ..Choice::default() }],
        usage: Some(usage),
        ..ChatCompletion::default()
    };
    Ok(WholeAnswer { body: completion.to_bytes(), usage })
}

fn message<'a>(response: &'a GenerateContentResponse<'_>, answer_id: &str) -> ResponseMessage<'a> {
    let mut texts = response.texts();
    let content = texts.next().map(|first| match texts.next() {
        None => Text::from(first),
        Some(second) => texts.fold(format!("{first}{second}"), |all, text| all + text).into(),
    });
    let calls = response.parts().iter().filter_map(|part| match &part.data {
        PartData::FunctionCall(call) => Some(call),
        _ => None,
    });
    let tool_calls = calls.enumerate().map(|(index, call)| tool_call(call, answer_id, index)).collect();
    ResponseMessage { content, tool_calls, ..ResponseMessage::default() }
}

fn tool_call<'a>(call: &'a FunctionCall<'_>, answer_id: &str, index: usize) -> ToolCall<'a> {
    let arguments = call.args.map_or("{}", |args| args.get()).into();
    let function = chat::FunctionCall { name: call.name.borrowed(), arguments };
    let id = call.id.as_ref().map(Text::borrowed).unwrap_or_else(|| call_id(answer_id, index).into());
    ToolCall { id, r#type: chat::FunctionType, function }
}

/// Gemini does not number its calls; clients need an id to answer to.
pub(crate) fn call_id(answer_id: &str, index: usize) -> String {
    format!("call_{}{index}", answer_id.trim_start_matches("chatcmpl-"))
}

/// Why the answer ended; none when it did not. A blocked prompt ends before it begins.
pub(super) fn finish_reason_of(response: &GenerateContentResponse<'_>) -> Option<FinishReason> {
    let blocked = response.block_reason().map(|_| FinishReason::ContentFilter);
    response.finish_reason().map(finish_reason).or(blocked)
}

fn finish_reason(reason: Reason) -> FinishReason {
    match reason {
        Reason::MaxTokens => FinishReason::Length,
        reason if reason.is_blocked() => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

pub(super) fn usage(usage: &UsageMetadata) -> chat::Usage {
    let prompt = usage.prompt_token_count.saturating_add(usage.tool_use_prompt_token_count);
    chat::Usage::new(prompt, usage.output_token_count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: AnswerHead<'static> = AnswerHead { id: "chatcmpl-1", created: 7, include_usage: false };

    fn translated(body: &'static str) -> Result<String, Failure> {
        let answer = whole_answer(&Bytes::from_static(body.as_bytes()), HEAD, "gemini")?;
        Ok(String::from_utf8(answer.body.to_vec()).expect("text"))
    }

    #[test]
    fn a_text_and_its_cost() {
        let body = translated(
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":" 3fa9.0"},{"text":" 3fa9.1"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":12,"thoughtsTokenCount":3,"totalTokenCount":20}}"#,
        )
        .expect("an answer");
        let completion = ChatCompletion::parse(body.as_bytes()).expect("a completion");
        assert_eq!(completion.choices[0].message.content.as_deref(), Some(" 3fa9.0 3fa9.1"));
        assert_eq!(completion.choices[0].finish_reason, Some(FinishReason::Stop));
        assert_eq!(completion.usage, Some(chat::Usage::new(5, 15)));
    }

    #[test]
    fn calls_get_an_id_and_their_own_reason() {
        let body = translated(
            r#"{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"name":"g"}}]},"finishReason":"STOP"}]}"#,
        )
        .expect("an answer");
        let completion = ChatCompletion::parse(body.as_bytes()).expect("a completion");
        let calls: Vec<_> = completion.choices[0]
            .message
            .tool_calls
            .iter()
            .map(|call| (call.id.as_str(), call.function.arguments.as_str()))
            .collect();
        assert_eq!(calls, [("call_10", r#"{"x":1}"#), ("call_11", "{}")]);
        assert_eq!(completion.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    }

    #[test]
    fn a_blocked_prompt_is_an_answer_and_an_empty_body_is_not() {
        let body = translated(r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#).expect("an answer");
        assert!(body.contains(r#""finish_reason":"content_filter""#), "{body}");
        assert_eq!(translated("{}").expect_err("no end").cause, Cause::Malformed);
    }
}
