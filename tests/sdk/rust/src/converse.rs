//! Converse, ConverseStream and CountTokens, without faults.

use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ContentBlockStart, ConverseStreamOutput as Event, ConverseTokensRequest,
    CountTokensInput, StopReason, TokenUsage, ToolUseBlockStart,
};

use crate::cases::{Cases, call};
use crate::client::{CLAUDE, MAX_TOKENS, check_arguments, json_of, message, plain, tools, up_to};
use crate::nonce::{nonce_of, whole_tokens};

const NAME: &str = "Converse";

pub fn cases(cases: &mut Cases) {
    cases.add("Converse", vec![call(NAME, "plain"), call(NAME, "usage")], converse());
    cases.add("ConverseStream", vec![call(NAME, "stream"), call(NAME, "usage")], converse_stream());
    cases.add("Converse calls a tool", vec![call(NAME, "tool")], converse_tool());
    cases.add("ConverseStream calls a tool", vec![call(NAME, "stream tool")], converse_stream_tool());
    cases.add("CountTokens of a Converse request", vec![call(NAME, "count")], count_tokens());
}

fn check_usage(usage: &TokenUsage, tokens: i32) {
    assert_eq!(usage.output_tokens(), tokens);
    assert!(usage.input_tokens() > 0);
    assert_eq!(usage.total_tokens(), usage.input_tokens() + tokens);
}

fn check_stop(reason: &StopReason) {
    assert!(matches!(reason, StopReason::EndTurn | StopReason::MaxTokens), "{reason:?}");
}

async fn converse() {
    let nonce = nonce_of("converse");
    let request =
        plain().converse().model_id(CLAUDE).messages(message(&nonce)).inference_config(up_to(MAX_TOKENS));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.request_id().expect("a request id").len(), 36);
    check_stop(answer.stop_reason());
    let message = answer.output().expect("output").as_message().expect("a message");
    let text = message.content()[0].as_text().expect("a text");
    check_usage(answer.usage().expect("usage"), whole_tokens(&nonce, text));
    assert!(answer.metrics().expect("metrics").latency_ms() >= 0);
}

/// Every event of an answer.
async fn events(nonce: &str, with_tools: bool) -> Vec<Event> {
    let request = plain().converse_stream().model_id(CLAUDE).messages(message(nonce));
    let request = if with_tools {
        request.tool_config(tools()).inference_config(up_to(400))
    } else {
        request.inference_config(up_to(MAX_TOKENS))
    };
    let mut stream = request.send().await.expect("a stream").stream;
    let mut events = Vec::new();
    while let Some(event) = stream.recv().await.expect("an event") {
        events.push(event);
    }
    events
}

/// The text of an event, if it has any.
pub fn text_of_event(event: &Event) -> &str {
    let Event::ContentBlockDelta(event) = event else { return "" };
    match event.delta() {
        Some(ContentBlockDelta::Text(text)) => text,
        _ => "",
    }
}

async fn converse_stream() {
    let nonce = nonce_of("converse-stream");
    let events = events(&nonce, false).await;
    let [
        Event::MessageStart(_),
        deltas @ ..,
        Event::ContentBlockStop(_),
        Event::MessageStop(stop),
        Event::Metadata(metadata),
    ] = events.as_slice()
    else {
        panic!("another order of events: {events:?}");
    };
    assert!(deltas.len() >= 4 && deltas.iter().all(Event::is_content_block_delta), "{deltas:?}");
    check_stop(stop.stop_reason());
    let text: String = deltas.iter().map(text_of_event).collect();
    check_usage(metadata.usage().expect("usage"), whole_tokens(&nonce, &text));
}

fn check_tool_use_id(id: &str) {
    let rest = id.strip_prefix("tooluse_").unwrap_or_else(|| panic!("another form of id: {id}"));
    assert_eq!(rest.len(), 22, "{id}");
}

async fn converse_tool() {
    let request = plain().converse().model_id(CLAUDE).messages(message(&nonce_of("converse-tool")));
    let answer = request.tool_config(tools()).inference_config(up_to(400)).send().await.expect("an answer");
    assert_eq!(answer.stop_reason(), &StopReason::ToolUse);
    let message = answer.output().expect("output").as_message().expect("a message");
    let calls: Vec<_> = message.content().iter().filter_map(|block| block.as_tool_use().ok()).collect();
    assert!(
        !calls.is_empty(),
        "{:?}",
        message.content().iter().map(ContentBlock::is_text).collect::<Vec<_>>()
    );
    for call in calls {
        assert_eq!(call.name(), "weather");
        check_tool_use_id(call.tool_use_id());
        check_arguments(&json_of(call.input()));
    }
}

async fn converse_stream_tool() {
    let events = events(&nonce_of("converse-stream-tool"), true).await;
    let starts: Vec<(i32, &ToolUseBlockStart)> = events.iter().filter_map(tool_start).collect();
    assert!(!starts.is_empty(), "no tool was called");
    for (index, start) in starts {
        assert_eq!(start.name(), "weather");
        check_tool_use_id(start.tool_use_id());
        let arguments: String = events.iter().filter_map(|event| tool_piece(event, index)).collect();
        check_arguments(&serde_json::from_str(&arguments).expect("arguments in JSON"));
    }
    let stop = events.iter().find_map(|event| event.as_message_stop().ok()).expect("an end");
    assert_eq!(stop.stop_reason(), &StopReason::ToolUse);
    let metadata = events.last().expect("events").as_metadata().expect("metadata last");
    assert!(metadata.usage().expect("usage").output_tokens() > 0);
}

fn tool_start(event: &Event) -> Option<(i32, &ToolUseBlockStart)> {
    let start = event.as_content_block_start().ok()?;
    match start.start()? {
        ContentBlockStart::ToolUse(tool) => Some((start.content_block_index(), tool)),
        _ => None,
    }
}

fn tool_piece(event: &Event, index: i32) -> Option<&str> {
    let delta = event.as_content_block_delta().ok()?;
    match delta.delta()? {
        ContentBlockDelta::ToolUse(piece) if delta.content_block_index() == index => Some(piece.input()),
        _ => None,
    }
}

async fn count_tokens() {
    let nonce = nonce_of("converse-count");
    let client = plain();
    let input =
        CountTokensInput::Converse(ConverseTokensRequest::builder().messages(message(&nonce)).build());
    let counted = client.count_tokens().model_id(CLAUDE).input(input).send().await.expect("a count");
    let request = client.converse().model_id(CLAUDE).messages(message(&nonce)).inference_config(up_to(4));
    let answer = request.send().await.expect("an answer");
    assert!(counted.input_tokens() > 0);
    assert_eq!(counted.input_tokens(), answer.usage().expect("usage").input_tokens());
}
