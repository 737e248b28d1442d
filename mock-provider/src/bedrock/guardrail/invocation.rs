//! The guardrail that InvokeModel is asked for in headers. Bodies are the models' own, so it reads the texts in
//! them wherever they stand, or those that are tagged for it; instructions and tools it does not read.

use bytes::Bytes;
use memchr::memmem;
use serde_json::Value;
use wire::bedrock::guardrail::{InvocationAction, InvocationTrace};
use wire::bedrock::headers::{GUARDRAIL_IDENTIFIER, GUARDRAIL_VERSION, TRACE};
use wire::bedrock::invoke::schema::with_member;

use super::apply::{is_id, is_version};
use super::{BLOCKED_MESSAGE, Verdict};
use crate::bedrock::failure::Failure;
use crate::call::Call;
use crate::engine::reply::{Reply, Stop};
use crate::engine::text::Text;

/// What of a body is the guardrail's and not the model's.
const CONFIG: &str = "amazon-bedrock-guardrailConfig";
/// Members whose texts are the conversation.
const SAID: [&str; 5] = ["content", "inputText", "message", "prompt", "text"];
/// Members that are none of the conversation.
const APART: [&str; 4] = ["system", "preamble", "tools", "toolConfig"];

/// A guardrail at work on one invocation.
#[derive(Debug)]
pub(in crate::bedrock) struct Guard {
    verdict: Verdict,
    /// What is said is sent while it is read.
    is_asynchronous: bool,
    /// The body without what is the guardrail's; none where there was nothing of it.
    body: Option<Bytes>,
    /// What the model said.
    said: String,
}

/// Reads the prompt of an invocation that names a guardrail.
pub(in crate::bedrock) fn of_invocation(call: &Call<'_>) -> Result<Option<Guard>, Failure> {
    let has_config = memmem::find(call.body, CONFIG.as_bytes()).is_some();
    let id = call.header(GUARDRAIL_IDENTIFIER).filter(|id| !id.is_empty());
    if id.is_none() && !has_config {
        return Ok(None);
    }
    // A body that is no object is for the model to refuse.
    let Ok(Value::Object(mut body)) = serde_json::from_slice(call.body) else { return Ok(None) };
    let config = body.remove(CONFIG);
    let Some(id) = id else {
        return match config {
            None => Ok(None),
            Some(_) => Err(Failure::invalid(format!(
                "The guardrail identifier is required when {CONFIG} is in the request body."
            ))),
        };
    };
    check(id, call.header(GUARDRAIL_VERSION))?;
    let member = |name: &str| config.as_ref().and_then(|config| config.get(name)).and_then(Value::as_str);
    let is_traced = call.header(TRACE).is_some_and(|trace| trace != "DISABLED");
    let body = Value::Object(body);
    let mut texts = Vec::new();
    collect(&body, false, &mut texts);
    let tagged: Vec<&str> = member("tagSuffix").map(|suffix| tagged(&texts, suffix)).unwrap_or_default();
    let read = if tagged.is_empty() { &texts } else { &tagged };
    Ok(Some(Guard {
        verdict: Verdict::of(id, is_traced, read),
        is_asynchronous: member("streamProcessingMode") == Some("ASYNCHRONOUS"),
        body: config.is_some().then(|| body.to_string().into()),
        said: String::new(),
    }))
}

fn check(id: &str, version: Option<&str>) -> Result<(), Failure> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Err(Failure::invalid(
            "The guardrail version is required when a guardrail identifier is provided.",
        ));
    };
    if !is_id(id) {
        return Err(Failure::invalid("The provided guardrail identifier is invalid."));
    }
    if !is_version(version) {
        return Err(Failure::invalid("The provided guardrail version is invalid."));
    }
    Ok(())
}

/// The texts of the conversation in a value; `is_said` when it is one of them itself.
fn collect<'v>(value: &'v Value, is_said: bool, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if is_said => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, is_said, texts)),
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !APART.contains(&name.as_str())) {
                collect(value, SAID.contains(&name.as_str()), texts);
            }
        }
        _ => {}
    }
}

/// What stands between the tags of that suffix.
fn tagged<'t>(texts: &[&'t str], suffix: &str) -> Vec<&'t str> {
    let name = format!("amazon-bedrock-guardrails-guardContent_{suffix}>");
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let within = |text: &&'t str| {
        let pieces = text.split(open.as_str()).skip(1);
        pieces.map(|piece| piece.split(close.as_str()).next().unwrap_or(piece)).collect::<Vec<_>>()
    };
    texts.iter().flat_map(within).collect()
}

impl Guard {
    /// The body for the model, where it is another than the one that came.
    pub(in crate::bedrock) fn take_body(&mut self) -> Option<Bytes> {
        self.body.take()
    }

    /// Whether the model never sees the prompt.
    pub(in crate::bedrock) fn blocks_prompt(&self) -> bool {
        self.verdict.blocks_prompt()
    }

    /// The guardrail's words in the model's place.
    pub(in crate::bedrock) fn blocked() -> Reply {
        let (text, _) = Text::whole(BLOCKED_MESSAGE, u32::MAX);
        Reply::of_text(text, Stop::End)
    }

    /// Reads what the model says: the words in its place, where there are to be others.
    pub(in crate::bedrock) fn review(&mut self, reply: &Reply, is_streamed: bool) -> Option<Reply> {
        self.said = reply.text();
        let passes = !self.verdict.blocks_answer() || (is_streamed && self.is_asynchronous);
        (!passes).then(Self::blocked)
    }

    /// Adds to an answer, or to the last object of a stream, what the guardrail did.
    pub(in crate::bedrock) fn sign(&self, object: Vec<u8>) -> Vec<u8> {
        let has_acted = self.verdict.blocks_prompt() || self.verdict.blocks_answer();
        let action = if has_acted { InvocationAction::Intervened } else { InvocationAction::None };
        let object = with_member(object, "amazon-bedrock-guardrailAction", &action);
        if !self.verdict.is_traced() {
            return object;
        }
        let trace = InvocationTrace::from(self.verdict.trace(&self.said));
        with_member(object, "amazon-bedrock-trace", &trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_every_familys_body_are_read() {
        for (body, expected) in [
            (r#"{"prompt":"a","max_gen_len":1}"#, "a"),
            (r#"{"inputText":"a","textGenerationConfig":{"stopSequences":["x"]}}"#, "a"),
            (r#"{"message":"b","chat_history":[{"role":"USER","message":"a"}],"preamble":"x"}"#, "ab"),
            (r#"{"messages":[{"role":"user","content":"a"}],"system":"x","tools":[{"text":"x"}]}"#, "a"),
            (r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"text":"b"}]}]}"#, "ab"),
        ] {
            let body: Value = serde_json::from_str(body).expect(body);
            let mut texts = Vec::new();
            collect(&body, false, &mut texts);
            assert_eq!(texts.concat(), expected, "{body}");
        }
    }

    #[test]
    fn tags_say_what_is_read() {
        let open = "<amazon-bedrock-guardrails-guardContent_x1>";
        let text = format!("before {open}one</amazon-bedrock-guardrails-guardContent_x1> between {open}two");
        assert_eq!(tagged(&[&text], "x1"), ["one", "two"]);
        assert!(tagged(&[&text], "x2").is_empty());
    }
}
