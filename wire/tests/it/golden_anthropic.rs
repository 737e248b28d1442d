//! The Anthropic API byte by byte: `tests/golden/anthropic`, whose README says what each file is for.

use brownout_wire::anthropic::catalogue;
use brownout_wire::anthropic::error::{Case, Particulars};
use brownout_wire::anthropic::messages::{
    MessagesResponse, OutputTokensDetails, ResponseBlock, StopDetails, StopReason, TokenCount, Usage,
};
use brownout_wire::anthropic::models::{Model, ModelList};
use brownout_wire::anthropic::stream::{EventWriter, StreamEvent};
use brownout_wire::bedrock::invoke_stream::InvocationMetrics;
use brownout_wire::json::Raw;
use bytes::BytesMut;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/anthropic/", $name))
    };
}

const REQUEST: &str = "req_011CSHoEeqs5C35K2UUqR7Fy";
const TOOL: &str = "toolu_01A09q90qw90lq917835lq9";

fn message<'a>(content: Vec<ResponseBlock<'a>>, stop_reason: StopReason) -> MessagesResponse<'a> {
    MessagesResponse {
        id: "msg_01XFDUDYJgAACzvnptvVoYEL".into(),
        model: "claude-haiku-4-5-20251001".into(),
        content,
        stop_reason: Some(stop_reason),
        usage: Usage::new(9, 12),
        ..MessagesResponse::default()
    }
}

fn at_bedrock<'a>(content: Vec<ResponseBlock<'a>>) -> MessagesResponse<'a> {
    MessagesResponse {
        id: "msg_bdrk_01XFDUDYJgAACzvnptvVoYEL".into(),
        model: "claude-3-5-haiku-20241022".into(),
        usage: Usage::plain(13, 8),
        ..message(content, StopReason::MaxTokens)
    }
}

/// The message as a stream begins with it.
fn begun(whole: MessagesResponse<'_>) -> MessagesResponse<'_> {
    let usage = Usage { output_tokens: 1, ..whole.usage };
    MessagesResponse { content: Vec::new(), stop_reason: None, usage, ..whole }
}

#[track_caller]
fn check_message(message: &MessagesResponse<'_>, golden: &str) {
    assert_eq!(std::str::from_utf8(&message.to_bytes()), Ok(golden.trim_end()));
    assert_eq!(MessagesResponse::parse(golden.as_bytes()).expect("a message"), *message);
}

#[test]
fn messages_whole() {
    let text = ResponseBlock::of_text;
    check_message(&message(vec![text("Hi \"there\".")], StopReason::EndTurn), golden!("message.json"));
    let input = Raw::parse(r#"{"city":"Paris"}"#).expect("JSON");
    let call = ResponseBlock::ToolUse { id: TOOL.into(), name: "get_weather".into(), input };
    check_message(
        &message(vec![text("Let me look."), call], StopReason::ToolUse),
        golden!("message-tool-use.json"),
    );
    let thought = ResponseBlock::Thinking { thinking: "Hm.".into(), signature: "ErUB".into() };
    let sealed = ResponseBlock::RedactedThinking { data: "EmwK".into() };
    let usage = Usage {
        output_tokens_details: Some(OutputTokensDetails { thinking_tokens: 7 }),
        ..Usage::new(9, 12)
    };
    let thoughtful = MessagesResponse {
        stop_sequence: Some("END".into()),
        usage,
        ..message(vec![thought, sealed, text("Yes.")], StopReason::StopSequence)
    };
    check_message(&thoughtful, golden!("message-thinking.json"));
    let refused = MessagesResponse {
        stop_details: StopDetails::of(StopReason::Refusal),
        ..message(vec![text("Well,")], StopReason::Refusal)
    };
    check_message(&refused, golden!("message-refusal.json"));
    check_message(&at_bedrock(vec![text("Hi.")]), golden!("message-bedrock.json"));
}

#[track_caller]
fn check_stream(write: impl FnOnce(EventWriter, &mut BytesMut), golden: &str) {
    let mut out = BytesMut::new();
    write(EventWriter::Sse, &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden));
}

#[test]
fn streams_of_events() {
    let whole = message(Vec::new(), StopReason::EndTurn);
    check_stream(
        |writer, out| {
            writer.message_start(&begun(whole.clone()), out);
            writer.text_start(0, out);
            writer.ping(out);
            writer.text_delta(0, "Hi \"there\".", out);
            writer.block_stop(0, out);
            writer.message_delta(StopReason::EndTurn, None, &whole.usage.at_end(), out);
            writer.message_stop(out);
        },
        golden!("stream-text.sse"),
    );
    check_stream(
        |writer, out| {
            writer.tool_use_start(1, TOOL, "get_weather", out);
            writer.input_json_delta(1, "", out);
            writer.input_json_delta(1, r#"{"city":"Paris"}"#, out);
            writer.block_stop(1, out);
        },
        golden!("stream-tool-use.sse"),
    );
    check_stream(
        |writer, out| {
            writer.thinking_start(0, out);
            writer.thinking_delta(0, "Hm.", out);
            writer.signature_delta(0, "ErUB", out);
            writer.block_stop(0, out);
            writer.block_start(1, &ResponseBlock::RedactedThinking { data: "EmwK".into() }, out);
        },
        golden!("stream-thinking.sse"),
    );
    check_stream(
        |writer, out| {
            writer.block_stop(0, out);
            writer.message_delta(StopReason::Refusal, None, &whole.usage.at_end(), out);
            writer.message_stop(out);
        },
        golden!("stream-refusal.sse"),
    );
    let of = Particulars { request_id: REQUEST, ..Particulars::default() };
    check_stream(|writer, out| writer.error(&Case::Overloaded.error(&of), out), golden!("stream-error.sse"));
}

type Write<'w> = &'w dyn Fn(EventWriter, &mut BytesMut);

#[test]
fn a_stream_that_bedrock_frames() {
    let whole = at_bedrock(Vec::new());
    let metrics = InvocationMetrics {
        input_token_count: 13,
        output_token_count: 8,
        invocation_latency: 438,
        first_byte_latency: 281,
        ..InvocationMetrics::default()
    };
    let start = begun(whole.clone());
    let writers: [Write<'_>; 6] = [
        &|writer, out| writer.message_start(&start, out),
        &|writer, out| writer.text_start(0, out),
        &|writer, out| writer.text_delta(0, "Hi.", out),
        &|writer, out| writer.block_stop(0, out),
        &|writer, out| writer.message_delta(StopReason::MaxTokens, None, &whole.usage.at_end(), out),
        &|writer, out| writer.measured_message_stop(&metrics, out),
    ];
    let lines: Vec<&str> = golden!("stream-bedrock.ndjson").lines().collect();
    assert_eq!(lines.len(), writers.len());
    for (line, write) in lines.into_iter().zip(writers) {
        let mut out = BytesMut::new();
        write(EventWriter::Bare, &mut out);
        assert_eq!(std::str::from_utf8(&out), Ok(line));
        assert_ne!(StreamEvent::parse(line.as_bytes()).expect("an event"), StreamEvent::Unknown);
    }
}

#[test]
fn errors_models_and_counts() {
    let of = Particulars { request_id: REQUEST, model: "claude-nope", ..Particulars::default() };
    let error = |case: Case| case.error(&of).to_bytes();
    assert_eq!(error(Case::NotFound), golden!("error.json").trim_end());
    assert_eq!(error(Case::SpendLimit), golden!("error-spend-limit.json").trim_end());
    let haiku = catalogue::find("claude-haiku-4-5").map(Model::of_known).expect("known");
    assert_eq!(ModelList::page(vec![haiku], true).to_bytes(), golden!("models.json").trim_end());
    assert_eq!(TokenCount { input_tokens: 7 }.to_bytes(), golden!("count.json").trim_end());
}
