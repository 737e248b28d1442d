//! The OpenAI API byte by byte: `tests/golden/openai`, whose README says what each file is for.

use std::collections::BTreeMap;
use std::time::Duration;

use brownout_wire::json::{Raw, Text};
use brownout_wire::openai::chat::{
    ChatCompletion, Choice, ChoiceLogprobs, CompletionTokensDetails, FinishReason, FunctionCall,
    FunctionType, TokenLogprob, ToolCall, TopLogprob, Usage,
};
use brownout_wire::openai::chat_stream::{
    ChunkHead, ChunkWriter, DONE, Delta, Extras, write_error, write_prompt_filter_results,
};
use brownout_wire::openai::completions::{Completion, CompletionChoice, CompletionLogprobs};
use brownout_wire::openai::embeddings::{EmbeddingResponse, EncodingFormat, Vector};
use brownout_wire::openai::error::{AzureCase, Case, Particulars};
use brownout_wire::openai::models::{Model, ModelList};
use brownout_wire::openai::responses::{
    EventWriter, IncompleteDetails, OutputItem, OutputPart, OutputText, Place, ReasoningConfig, Response,
    ResponseError, Status, TextConfig, TextFormat, Usage as ResponseUsage,
};
use bytes::BytesMut;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/openai/", $name))
    };
}

const CREATED: u64 = 1_767_225_600;
const MODEL: &str = "gpt-4o-mini-2024-07-18";
const ID: &str = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT";
const PARIS: &str = r#"{"city":"Paris"}"#;
const SAFE: &str = r#"{"hate":{"filtered":false,"severity":"safe"}}"#;
const PROMPT_SAFE: &str =
    r#"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]"#;

fn usage() -> Usage {
    let details = CompletionTokensDetails { reasoning_tokens: 7, ..CompletionTokensDetails::default() };
    Usage { completion_tokens_details: Some(details), ..Usage::new(9, 12) }
}

fn completion(choice: Choice<'_>) -> ChatCompletion<'_> {
    ChatCompletion {
        id: ID.into(),
        created: CREATED,
        model: MODEL.into(),
        choices: vec![choice],
        usage: Some(usage()),
        service_tier: Some("default".into()),
        system_fingerprint: Some("fp_06737a9306".into()),
        ..ChatCompletion::default()
    }
}

#[track_caller]
fn check(bytes: &[u8], golden: &str) {
    assert_eq!(std::str::from_utf8(bytes), Ok(golden.trim_end_matches('\n')));
}

#[track_caller]
fn check_chat(completion: &ChatCompletion<'_>, golden: &str) {
    check(&completion.to_bytes(), golden);
    assert_eq!(ChatCompletion::parse(golden.as_bytes()).expect("a completion"), *completion);
}

fn raw(json: &str) -> Raw<'_> {
    Raw::parse(json).expect("JSON")
}

#[test]
fn chat_completions_whole() {
    check_chat(&completion(Choice::of_text("Hi \"there\".", FinishReason::Stop)), golden!("chat.json"));
    let function = FunctionCall { name: "get_weather".into(), arguments: PARIS.into() };
    let call = ToolCall { id: "call_abc123".into(), r#type: FunctionType, function };
    check_chat(
        &completion(Choice::of_tool_calls(vec![call], FinishReason::ToolCalls)),
        golden!("chat-tool-calls.json"),
    );
    let token = TokenLogprob::new("Hi", -0.25, vec![TopLogprob::new("Hi", -0.25)]);
    let logprobs = ChoiceLogprobs { content: Some(vec![token]), refusal: None };
    let logprobs = serde_json::to_string(&logprobs).expect("JSON");
    let choice = Choice { logprobs: Some(raw(&logprobs)), ..Choice::of_text("Hi", FinishReason::Length) };
    check_chat(&completion(choice), golden!("chat-logprobs.json"));
    let choice =
        Choice { content_filter_results: Some(raw(SAFE)), ..Choice::of_text("Hi.", FinishReason::Stop) };
    let azure = ChatCompletion {
        service_tier: None,
        prompt_filter_results: Some(raw(PROMPT_SAFE)),
        ..completion(choice)
    };
    check_chat(&azure, golden!("chat-azure.json"));
}

fn writer(include_usage: bool) -> ChunkWriter {
    ChunkWriter::new(&ChunkHead {
        id: ID.into(),
        created: CREATED,
        model: MODEL.into(),
        service_tier: Some("default".into()),
        system_fingerprint: Some("fp_06737a9306".into()),
        include_usage,
    })
}

fn padded(obfuscation: &str) -> Extras<'_> {
    Extras { obfuscation: Some(obfuscation), ..Extras::default() }
}

#[test]
fn chat_completions_streamed() {
    let (writer, mut out) = (writer(true), BytesMut::new());
    writer.opening(0, false, &padded("qX"), &mut out);
    let delta = Delta { content: Some("Hi \"there\".".into()), ..Delta::default() };
    writer.event(0, &delta, None, &padded("rT4"), &mut out);
    writer.finish(FinishReason::Stop, &mut out);
    writer.usage(&usage(), &mut out);
    out.extend_from_slice(DONE);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("chat.sse")));
}

#[test]
fn calls_azure_and_errors_streamed() {
    let (writer, mut out) = (writer(false), BytesMut::new());
    writer.opening(0, true, &Extras::default(), &mut out);
    writer.tool_call(0, "call_abc123", "get_weather", &mut out);
    writer.tool_arguments(0, "{\"city\":", &mut out);
    writer.tool_arguments(0, "\"Paris\"}", &mut out);
    writer.finish(FinishReason::ToolCalls, &mut out);
    out.extend_from_slice(DONE);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("chat-tool-calls.sse")));
    out.clear();
    write_prompt_filter_results(PROMPT_SAFE, &mut out);
    let extras = Extras { content_filter_results: Some(SAFE), ..Extras::default() };
    let delta = Delta { content: Some("Hi.".into()), ..Delta::default() };
    writer.event(0, &delta, None, &extras, &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("chat-azure.sse")));
    out.clear();
    write_error(&Case::ServerError.detail(&Particulars::default()).expect("an error"), &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("chat-error.sse")));
}

fn response<'a>(status: Status, output: Vec<OutputItem<'a>>) -> Response<'a> {
    let has_ended = status != Status::InProgress;
    let format =
        TextFormat { r#type: "text".into(), name: None, description: None, schema: None, strict: None };
    Response {
        id: "resp_67ccd2bed1ec8190".into(),
        object: "response",
        created_at: CREATED,
        status,
        background: false,
        completed_at: (status == Status::Completed).then_some(CREATED + 1),
        error: None,
        incomplete_details: (status == Status::Incomplete)
            .then_some(IncompleteDetails { reason: "max_output_tokens" }),
        instructions: None,
        max_output_tokens: None,
        max_tool_calls: None,
        model: MODEL.into(),
        output,
        parallel_tool_calls: true,
        previous_response_id: None,
        reasoning: ReasoningConfig::default(),
        service_tier: "default".into(),
        store: true,
        temperature: Some(1.0),
        text: TextConfig { format: Some(format), verbosity: Some("medium".into()) },
        tool_choice: raw("\"auto\""),
        tools: Vec::new(),
        top_logprobs: 0,
        top_p: Some(1.0),
        truncation: "disabled".into(),
        usage: has_ended.then(|| ResponseUsage::new(9, 12, 7)),
        user: None,
        metadata: Raw::empty_object(),
    }
}

fn part() -> OutputPart<'static> {
    OutputPart::Text(OutputText { text: "Hi.".into(), ..OutputText::default() })
}

fn message(status: Status, content: Vec<OutputPart<'static>>) -> OutputItem<'static> {
    OutputItem::Message { id: "msg_67ccd2bf17f0".into(), status, role: "assistant", content }
}

fn call(status: Status, arguments: &'static str) -> OutputItem<'static> {
    let (id, arguments): (Text<'_>, Text<'_>) = ("fc_67ccd2bf17f0".into(), arguments.into());
    OutputItem::FunctionCall {
        id,
        status,
        arguments,
        call_id: "call_abc123".into(),
        name: "get_weather".into(),
    }
}

#[test]
fn responses_whole() {
    let reasoning = OutputItem::Reasoning { id: "rs_67ccd2bf17f0".into(), summary: Vec::new() };
    let output = vec![reasoning, message(Status::Completed, vec![part()]), call(Status::Completed, PARIS)];
    check(&response(Status::Completed, output).to_bytes(), golden!("response.json"));
    let cut = vec![message(Status::Incomplete, vec![part()])];
    check(&response(Status::Incomplete, cut).to_bytes(), golden!("response-incomplete.json"));
}

#[test]
fn responses_streamed() {
    let (mut writer, mut out) = (EventWriter::new(), BytesMut::new());
    let place = Place { item_id: "msg_67ccd2bf17f0", output_index: 0 };
    let begun = response(Status::InProgress, Vec::new());
    writer.response("response.created", &begun, &mut out);
    writer.response("response.in_progress", &begun, &mut out);
    writer.item_added(0, &message(Status::InProgress, Vec::new()), &mut out);
    writer.part_added(place, &OutputPart::Text(OutputText::default()), &mut out);
    writer.text_delta(place, "Hi.", &[], Some("rT4"), &mut out);
    writer.text_done(place, "Hi.", &[], &mut out);
    writer.part_done(place, &part(), &mut out);
    writer.item_done(0, &message(Status::Completed, vec![part()]), &mut out);
    let output = vec![message(Status::Completed, vec![part()])];
    writer.end(&response(Status::Completed, output), &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("response.sse")));
}

#[test]
fn refusals_and_failures_of_responses_streamed() {
    let (mut writer, mut out) = (EventWriter::new(), BytesMut::new());
    let place = Place { item_id: "msg_67ccd2bf17f0", output_index: 0 };
    let refusal = |words: &'static str| OutputPart::Refusal { refusal: words.into() };
    writer.part_added(place, &refusal(""), &mut out);
    writer.refusal_delta(place, "I can't.", &mut out);
    writer.refusal_done(place, "I can't.", &mut out);
    writer.part_done(place, &refusal("I can't."), &mut out);
    writer.item_done(0, &message(Status::Completed, vec![refusal("I can't.")]), &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("response-refusal.sse")));
    out.clear();
    let error = Some(ResponseError { code: "server_error", message: "Sorry." });
    let failed = Response { error, usage: None, ..response(Status::Failed, Vec::new()) };
    EventWriter::new().end(&failed, &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("response-failed.sse")));
}

#[test]
fn calls_thoughts_and_errors_of_responses_streamed() {
    let (mut writer, mut out) = (EventWriter::new(), BytesMut::new());
    let place = Place { item_id: "fc_67ccd2bf17f0", output_index: 1 };
    writer.item_added(1, &call(Status::InProgress, ""), &mut out);
    writer.arguments_delta(place, PARIS, None, &mut out);
    writer.arguments_done(place, "get_weather", PARIS, &mut out);
    writer.item_done(1, &call(Status::Completed, PARIS), &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("response-function-call.sse")));
    out.clear();
    let mut writer = EventWriter::new();
    let place = Place { item_id: "rs_67ccd2bf17f0", output_index: 0 };
    writer.summary_added(place, &mut out);
    writer.summary_delta(place, "Hm.", &mut out);
    writer.summary_done(place, "Hm.", &mut out);
    writer.error(&Case::ServerError.detail(&Particulars::default()).expect("an error"), &mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("response-reasoning-error.sse")));
}

#[test]
fn errors() {
    let of = Particulars { wait: Duration::from_secs(1), ..Particulars::default() };
    check(&Case::TokensRateLimit.respond(&of).body, golden!("error.json"));
    let azure = AzureCase::TokenRateLimit.body("ChatCompletions_Create", "2024-10-21", 7);
    check(&azure, golden!("error-azure.json"));
    let filtered = AzureCase::ContentFilter.body("", "", 0);
    check(&filtered, golden!("error-azure-content-filter.json"));
}

#[test]
fn the_others() {
    let logprobs = CompletionLogprobs {
        tokens: vec![" upon".to_owned()],
        token_logprobs: vec![-0.25],
        top_logprobs: vec![BTreeMap::from([(" a".to_owned(), -0.25)])],
        text_offset: vec![4],
    };
    let choice = CompletionChoice {
        text: " upon".into(),
        index: 1,
        logprobs: Some(logprobs),
        finish_reason: Some(FinishReason::Length),
    };
    let completion = Completion {
        id: "cmpl-abc123",
        object: "text_completion",
        created: CREATED,
        model: "gpt-3.5-turbo-instruct:20230824-v2",
        choices: vec![choice],
        usage: None,
    };
    let mut out = BytesMut::new();
    completion.write_event(&mut out);
    assert_eq!(std::str::from_utf8(&out), Ok(golden!("completion.sse")));

    let floats = [1.0, -0.5];
    let vectors = [EncodingFormat::Float, EncodingFormat::Base64].map(|form| Vector::encode(&floats, form));
    let embeddings = EmbeddingResponse::new("text-embedding-3-small".into(), vectors, 8);
    check(&embeddings.to_bytes(), golden!("embeddings.json"));

    let model = Model {
        id: "gpt-4o-mini".into(),
        created: 1_721_172_741,
        owned_by: "system".into(),
        ..Model::default()
    };
    check(&ModelList::new(vec![model]).to_bytes(), golden!("models.json"));
}
