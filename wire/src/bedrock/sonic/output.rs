//! What the model says in a session.

use bytes::BytesMut;
use serde::Serialize;

use super::super::invoke_stream;
use super::super::stream_frame::Padding;
use crate::json;

/// The text that tells a client to stop playing: the user has begun to speak.
pub const INTERRUPTED: &str = r#"{ "interrupted" : true }"#;

/// What all events of an answer carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputIds<'a> {
    /// The same throughout a prompt.
    pub completion: &'a str,
    /// The client's name of the prompt.
    pub prompt: &'a str,
    /// The same throughout a request.
    pub session: &'a str,
}

/// How far a text is to be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What is going to be said.
    Speculative,
    /// What was said.
    Final,
}

/// What a content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// What the user said, as it was understood.
    Transcript,
    /// The model's words.
    Words(Stage),
    /// Its speech.
    Speech(OutputAudio),
    /// A call of a tool.
    ToolUse,
}

/// The speech that comes: LPCM of 16 bits in base64, one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputAudio {
    /// As the prompt wants it.
    pub sample_rate_hertz: u32,
}

/// Why a content, or all of them, end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StopReason {
    /// More of the turn comes.
    PartialTurn,
    /// The turn is over.
    EndTurn,
    /// The user began to speak.
    Interrupted,
    /// The model waits for a tool's result.
    ToolUse,
}

/// Tokens, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpeechTokens {
    /// Of audio.
    pub speech_tokens: u64,
    /// Of text.
    pub text_tokens: u64,
}

impl SpeechTokens {
    /// All of them.
    pub fn sum(self) -> u64 {
        self.speech_tokens.saturating_add(self.text_tokens)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            speech_tokens: self.speech_tokens.saturating_add(other.speech_tokens),
            text_tokens: self.text_tokens.saturating_add(other.text_tokens),
        }
    }
}

/// Tokens of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsageDetails {
    /// The client's.
    pub input: SpeechTokens,
    /// The model's.
    pub output: SpeechTokens,
}

/// An event of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// The first answer of a prompt begins.
    CompletionStart,
    /// A content begins.
    ContentStart {
        /// Its id.
        id: &'a str,
        /// What it is.
        kind: ContentKind,
    },
    /// Text of a content.
    Text {
        /// The content's id.
        id: &'a str,
        /// Whether it is the user's.
        of_user: bool,
        /// The text.
        content: &'a str,
    },
    /// Speech of a content.
    Audio {
        /// The content's id.
        id: &'a str,
        /// In base64.
        content: &'a str,
    },
    /// A call of a tool.
    ToolUse {
        /// The content's id.
        id: &'a str,
        /// The arguments, JSON within a text.
        arguments: &'a str,
        /// The tool.
        name: &'a str,
        /// The call's id.
        tool_use: &'a str,
    },
    /// A content is complete.
    ContentEnd {
        /// Its id.
        id: &'a str,
        /// Why.
        reason: StopReason,
        /// What it was.
        kind: ContentKind,
    },
    /// What was used.
    Usage {
        /// Since the last such event.
        delta: UsageDetails,
        /// Since the session began.
        total: UsageDetails,
    },
    /// The prompt is over.
    CompletionEnd,
}

impl Output<'_> {
    /// Appends the event as a chunk of the stream.
    pub fn encode(&self, ids: OutputIds<'_>, padding: Padding, out: &mut BytesMut) {
        let json = json::to_bytes(&Envelope { event: self.event(ids) });
        invoke_stream::encode_chunk(&json, padding, out);
    }

    fn event<'e>(&'e self, ids: OutputIds<'e>) -> Event<'e> {
        let OutputIds { completion, prompt, session } = ids;
        let base = Members {
            completion_id: Some(completion),
            prompt_name: Some(prompt),
            session_id: Some(session),
            ..Members::default()
        };
        match *self {
            Self::CompletionStart => Event::CompletionStart(base),
            Self::CompletionEnd => {
                Event::CompletionEnd(Members { stop_reason: Some(StopReason::EndTurn), ..base })
            }
            Self::ContentStart { id, kind } => Event::ContentStart(begun(id, kind, base)),
            Self::Text { id, of_user, content } => Event::TextOutput(Members {
                content: Some(content),
                content_id: Some(id),
                role: Some(if of_user { "USER" } else { "ASSISTANT" }),
                ..base
            }),
            Self::Audio { id, content } => Event::AudioOutput(Members {
                content: Some(content),
                content_id: Some(id),
                role: Some("ASSISTANT"),
                ..base
            }),
            Self::ToolUse { id, arguments, name, tool_use } => Event::ToolUse(Members {
                content: Some(arguments),
                content_id: Some(id),
                role: Some("TOOL"),
                tool_name: Some(name),
                tool_use_id: Some(tool_use),
                ..base
            }),
            Self::ContentEnd { id, reason, kind } => Event::ContentEnd(Members {
                content_id: Some(id),
                stop_reason: Some(reason),
                r#type: Some(kind.name()),
                ..base
            }),
            Self::Usage { delta, total } => Event::Usage(Members {
                details: Some(Details { delta, total }),
                total_input_tokens: Some(total.input.sum()),
                total_output_tokens: Some(total.output.sum()),
                total_tokens: Some(total.input.plus(total.output).sum()),
                ..base
            }),
        }
    }
}

fn begun<'e>(id: &'e str, kind: ContentKind, base: Members<'e>) -> Members<'e> {
    let base = Members {
        content_id: Some(id),
        role: Some(kind.role()),
        r#type: Some(kind.name()),
        additional_model_fields: kind.fields(),
        ..base
    };
    match kind {
        ContentKind::Transcript | ContentKind::Words(_) => {
            Members { text_output_configuration: Some(MediaType { media_type: "text/plain" }), ..base }
        }
        ContentKind::Speech(audio) => {
            let configuration = AudioConfiguration {
                channel_count: 1,
                encoding: "base64",
                media_type: "audio/lpcm",
                sample_rate_hertz: audio.sample_rate_hertz,
                sample_size_bits: 16,
            };
            Members { audio_output_configuration: Some(configuration), ..base }
        }
        ContentKind::ToolUse => Members {
            tool_use_output_configuration: Some(MediaType { media_type: "application/json" }),
            ..base
        },
    }
}

impl ContentKind {
    fn name(self) -> &'static str {
        match self {
            Self::Transcript | Self::Words(_) => "TEXT",
            Self::Speech(_) => "AUDIO",
            Self::ToolUse => "TOOL",
        }
    }

    fn role(self) -> &'static str {
        match self {
            Self::Transcript => "USER",
            Self::Words(_) | Self::Speech(_) => "ASSISTANT",
            Self::ToolUse => "TOOL",
        }
    }

    /// JSON within a text.
    fn fields(self) -> Option<&'static str> {
        match self {
            Self::Words(Stage::Speculative) => Some(r#"{"generationStage":"SPECULATIVE"}"#),
            Self::Transcript | Self::Words(Stage::Final) => Some(r#"{"generationStage":"FINAL"}"#),
            Self::Speech(_) | Self::ToolUse => None,
        }
    }
}

#[derive(Serialize)]
struct Envelope<'e> {
    event: Event<'e>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Event<'e> {
    CompletionStart(Members<'e>),
    ContentStart(Members<'e>),
    TextOutput(Members<'e>),
    AudioOutput(Members<'e>),
    ToolUse(Members<'e>),
    ContentEnd(Members<'e>),
    #[serde(rename = "usageEvent")]
    Usage(Members<'e>),
    CompletionEnd(Members<'e>),
}

/// Every member that an event may have, in the order in which they come.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Members<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_model_fields: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_output_configuration: Option<AudioConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_name: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<StopReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_output_configuration: Option<MediaType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_use_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_use_output_configuration: Option<MediaType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'e str>,
}

#[derive(Serialize)]
struct Details {
    delta: UsageDetails,
    total: UsageDetails,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaType {
    media_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioConfiguration {
    channel_count: u32,
    encoding: &'static str,
    media_type: &'static str,
    sample_rate_hertz: u32,
    sample_size_bits: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::invoke_stream::{Incoming, decode};
    use crate::event_stream::Frame;

    const IDS: OutputIds<'_> = OutputIds { completion: "c", prompt: "p", session: "s" };

    fn said(event: &Output<'_>) -> String {
        let mut out = BytesMut::new();
        event.encode(IDS, Padding::of_len(3), &mut out);
        let Incoming::Chunk(json) = decode(&Frame::parse(out.freeze()).unwrap()).unwrap() else {
            panic!("no chunk")
        };
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn every_event_has_its_members() {
        let kind = ContentKind::Words(Stage::Speculative);
        let speech = ContentKind::Speech(OutputAudio { sample_rate_hertz: 24_000 });
        let tokens = |speech_tokens, text_tokens| SpeechTokens { speech_tokens, text_tokens };
        let total = UsageDetails { input: tokens(1, 2), output: tokens(3, 4) };
        for (event, expected) in [
            (
                Output::CompletionStart,
                r#"{"event":{"completionStart":{"completionId":"c","promptName":"p","sessionId":"s"}}}"#,
            ),
            (
                Output::ContentStart { id: "i", kind },
                r#"{"event":{"contentStart":{"additionalModelFields":"{\"generationStage\":\"SPECULATIVE\"}","completionId":"c","contentId":"i","promptName":"p","role":"ASSISTANT","sessionId":"s","textOutputConfiguration":{"mediaType":"text/plain"},"type":"TEXT"}}}"#,
            ),
            (
                Output::ContentStart { id: "i", kind: ContentKind::Transcript },
                r#"{"event":{"contentStart":{"additionalModelFields":"{\"generationStage\":\"FINAL\"}","completionId":"c","contentId":"i","promptName":"p","role":"USER","sessionId":"s","textOutputConfiguration":{"mediaType":"text/plain"},"type":"TEXT"}}}"#,
            ),
            (
                Output::ContentStart { id: "i", kind: speech },
                r#"{"event":{"contentStart":{"audioOutputConfiguration":{"channelCount":1,"encoding":"base64","mediaType":"audio/lpcm","sampleRateHertz":24000,"sampleSizeBits":16},"completionId":"c","contentId":"i","promptName":"p","role":"ASSISTANT","sessionId":"s","type":"AUDIO"}}}"#,
            ),
            (
                Output::Text { id: "i", of_user: true, content: "hi" },
                r#"{"event":{"textOutput":{"completionId":"c","content":"hi","contentId":"i","promptName":"p","role":"USER","sessionId":"s"}}}"#,
            ),
            (
                Output::Audio { id: "i", content: "AAA=" },
                r#"{"event":{"audioOutput":{"completionId":"c","content":"AAA=","contentId":"i","promptName":"p","role":"ASSISTANT","sessionId":"s"}}}"#,
            ),
            (
                Output::ToolUse { id: "i", arguments: "{}", name: "t", tool_use: "u" },
                r#"{"event":{"toolUse":{"completionId":"c","content":"{}","contentId":"i","promptName":"p","role":"TOOL","sessionId":"s","toolName":"t","toolUseId":"u"}}}"#,
            ),
            (
                Output::ContentEnd { id: "i", reason: StopReason::Interrupted, kind: speech },
                r#"{"event":{"contentEnd":{"completionId":"c","contentId":"i","promptName":"p","sessionId":"s","stopReason":"INTERRUPTED","type":"AUDIO"}}}"#,
            ),
            (
                Output::Usage { delta: UsageDetails::default(), total },
                r#"{"event":{"usageEvent":{"completionId":"c","details":{"delta":{"input":{"speechTokens":0,"textTokens":0},"output":{"speechTokens":0,"textTokens":0}},"total":{"input":{"speechTokens":1,"textTokens":2},"output":{"speechTokens":3,"textTokens":4}}},"promptName":"p","sessionId":"s","totalInputTokens":3,"totalOutputTokens":7,"totalTokens":10}}}"#,
            ),
            (
                Output::CompletionEnd,
                r#"{"event":{"completionEnd":{"completionId":"c","promptName":"p","sessionId":"s","stopReason":"END_TURN"}}}"#,
            ),
        ] {
            assert_eq!(said(&event), expected);
        }
    }
}
