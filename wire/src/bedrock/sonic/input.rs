//! What a client says in a session.

use serde::Deserialize;
use thiserror::Error;

use crate::json::{Raw, Text};

/// An event of the client.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input<'a> {
    /// The session's settings; the first event.
    SessionStart(SessionStart),
    /// A prompt begins.
    #[serde(borrow)]
    PromptStart(Box<PromptStart<'a>>),
    /// A content begins.
    ContentStart(Box<ContentStart<'a>>),
    /// Text of a content.
    TextInput(Said<'a>),
    /// Audio of a content, LPCM in base64.
    AudioInput(Said<'a>),
    /// What a tool returned, a JSON object as text.
    ToolResult(Said<'a>),
    /// A content is complete.
    ContentEnd(ContentEnd<'a>),
    /// No more contents come in a prompt.
    PromptEnd(PromptEnd<'a>),
    /// Nothing more comes.
    SessionEnd {},
}

/// `sessionStart`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionStart {
    /// How the model answers.
    #[serde(default)]
    pub inference_configuration: InferenceConfiguration,
    /// Nova 2: when the model takes a turn to be over.
    #[serde(default)]
    pub turn_detection_configuration: Option<TurnDetection>,
}

/// How the model answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InferenceConfiguration {
    /// Most tokens of an answer.
    pub max_tokens: Option<u32>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// 0 to 1.
    pub temperature: Option<f64>,
}

/// `turnDetectionConfiguration`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnDetection {
    /// How soon a pause ends a turn.
    #[serde(default)]
    pub endpointing_sensitivity: EndpointingSensitivity,
}

/// How soon a pause ends a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EndpointingSensitivity {
    /// At the shortest pause.
    High,
    /// In between.
    #[default]
    Medium,
    /// At the longest.
    Low,
}

impl EndpointingSensitivity {
    /// The pause that ends a turn, in milliseconds: 1.5, 1.75 and 2 s, from memory of the Nova 2 guide.
    pub fn pause_ms(self) -> u32 {
        match self {
            Self::High => 1_500,
            Self::Medium => 1_750,
            Self::Low => 2_000,
        }
    }
}

/// A `mediaType`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media<'a> {
    /// Such as `text/plain`.
    #[serde(borrow)]
    pub media_type: Text<'a>,
}

/// `promptStart`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptStart<'a> {
    /// What all its events carry.
    #[serde(borrow)]
    pub prompt_name: Text<'a>,
    /// How text comes.
    pub text_output_configuration: Option<Media<'a>>,
    /// How speech comes.
    pub audio_output_configuration: Option<AudioOutputConfiguration<'a>>,
    /// How calls of tools come.
    pub tool_use_output_configuration: Option<Media<'a>>,
    /// What the model may call.
    pub tool_configuration: Option<ToolConfiguration<'a>>,
}

/// The speech that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AudioOutputConfiguration<'a> {
    /// `audio/lpcm`
    #[serde(borrow)]
    pub media_type: Text<'a>,
    /// 8,000, 16,000 or 24,000.
    pub sample_rate_hertz: u32,
    /// 16
    pub sample_size_bits: u32,
    /// 1
    pub channel_count: u32,
    /// Such as `matthew`.
    pub voice_id: Option<Text<'a>>,
    /// `base64`
    pub encoding: Option<Text<'a>>,
    /// `SPEECH`
    pub audio_type: Option<Text<'a>>,
}

/// What the model may call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolConfiguration<'a> {
    /// The tools.
    #[serde(borrow, default)]
    pub tools: Vec<Tool<'a>>,
    /// Nova 2: whether it must.
    pub tool_choice: Option<ToolChoice<'a>>,
}

/// A tool, which is a specification.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Tool<'a> {
    /// `toolSpec`
    #[serde(borrow)]
    ToolSpec(ToolSpec<'a>),
}

/// What a tool is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// What it does.
    pub description: Option<Text<'a>>,
    /// Of its arguments.
    pub input_schema: InputSchema<'a>,
}

/// A schema, as JSON within a text: an object in its place is refused, as public clients found out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InputSchema<'a> {
    /// JSON.
    #[serde(borrow)]
    pub json: Text<'a>,
}

/// Whether a tool must be called.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolChoice<'a> {
    /// As the model likes.
    Auto {},
    /// Some tool.
    Any {},
    /// This one.
    Tool {
        /// Its name.
        #[serde(borrow)]
        name: Text<'a>,
    },
}

/// What a content is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ContentType {
    /// `textInput`
    Text,
    /// `audioInput`
    Audio,
    /// `toolResult`
    Tool,
}

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Instructions.
    System,
    /// Nova 2: instructions about the way of speaking.
    SystemSpeech,
    /// The user's.
    User,
    /// The model's own, of earlier turns.
    Assistant,
    /// A tool's.
    Tool,
}

/// `contentStart`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentStart<'a> {
    /// In which prompt.
    #[serde(borrow)]
    pub prompt_name: Text<'a>,
    /// What its events carry.
    pub content_name: Text<'a>,
    /// What it is made of.
    pub r#type: ContentType,
    /// Whether the model is to react to it.
    pub interactive: Option<bool>,
    /// Whose words; the user's where an audio content does not say.
    pub role: Option<Role>,
    /// Of text.
    pub text_input_configuration: Option<Media<'a>>,
    /// Of audio.
    pub audio_input_configuration: Option<AudioInputConfiguration<'a>>,
    /// Of a tool's result.
    pub tool_result_input_configuration: Option<ToolResultInputConfiguration<'a>>,
}

/// The audio that comes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AudioInputConfiguration<'a> {
    /// `audio/lpcm`
    #[serde(borrow)]
    pub media_type: Text<'a>,
    /// 8,000, 16,000 or 24,000.
    pub sample_rate_hertz: u32,
    /// 16
    pub sample_size_bits: u32,
    /// 1
    pub channel_count: u32,
}

/// Which call a result is of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResultInputConfiguration<'a> {
    /// The call's id.
    #[serde(borrow)]
    pub tool_use_id: Text<'a>,
    /// `text/plain`
    pub text_input_configuration: Option<Media<'a>>,
}

/// A part of a content.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said<'a> {
    /// In which prompt.
    #[serde(borrow)]
    pub prompt_name: Text<'a>,
    /// In which content.
    pub content_name: Text<'a>,
    /// The part.
    pub content: Text<'a>,
}

/// `contentEnd`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentEnd<'a> {
    /// In which prompt.
    #[serde(borrow)]
    pub prompt_name: Text<'a>,
    /// Which content.
    pub content_name: Text<'a>,
}

/// `promptEnd`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptEnd<'a> {
    /// Which prompt.
    #[serde(borrow)]
    pub prompt_name: Text<'a>,
}

/// Why bytes are no event.
#[derive(Debug, Error)]
#[error("not an event of a client: {0}")]
pub struct InputError(#[from] serde_json::Error);

impl<'a> Input<'a> {
    /// Reads the JSON of a chunk: `{"event":{"sessionStart":{…}}}`.
    ///
    /// # Errors
    /// When it is no JSON, or no event that there is.
    pub fn parse(json: &'a [u8]) -> Result<Self, InputError> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            event: Input<'a>,
        }
        Ok(serde_json::from_slice::<Envelope<'a>>(json)?.event)
    }
}

impl ToolConfiguration<'_> {
    /// The specifications.
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec<'_>> {
        self.tools.iter().map(|Tool::ToolSpec(spec)| spec)
    }
}

impl InputSchema<'_> {
    /// The schema within the text, if it is a JSON object.
    pub fn schema(&self) -> Option<Raw<'_>> {
        Raw::parse(self.json.as_str()).ok().filter(|raw| raw.get().trim_start().starts_with('{'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Input<'_> {
        Input::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn the_documented_events_are_read() {
        let Input::SessionStart(start) = parse(
            r#"{"event":{"sessionStart":{"inferenceConfiguration":{"maxTokens":1024,"topP":0.9,"temperature":0.7},"turnDetectionConfiguration":{"endpointingSensitivity":"HIGH"}}}}"#,
        ) else {
            panic!("another event")
        };
        assert_eq!(start.inference_configuration.max_tokens, Some(1_024));
        let sensitivity = start.turn_detection_configuration.unwrap().endpointing_sensitivity;
        assert_eq!(sensitivity.pause_ms(), 1_500);
        let Input::PromptStart(start) = parse(
            r#"{"event":{"promptStart":{"promptName":"p","textOutputConfiguration":{"mediaType":"text/plain"},"audioOutputConfiguration":{"mediaType":"audio/lpcm","sampleRateHertz":24000,"sampleSizeBits":16,"channelCount":1,"voiceId":"matthew","encoding":"base64","audioType":"SPEECH"},"toolUseOutputConfiguration":{"mediaType":"application/json"},"toolConfiguration":{"tools":[{"toolSpec":{"name":"t","description":"d","inputSchema":{"json":"{\"type\":\"object\"}"}}}],"toolChoice":{"tool":{"name":"t"}}}}}}"#,
        ) else {
            panic!("another event")
        };
        let tools = start.tool_configuration.unwrap();
        assert_eq!(start.audio_output_configuration.unwrap().sample_rate_hertz, 24_000);
        assert_eq!(
            tools.specs().next().unwrap().input_schema.schema().unwrap().get(),
            r#"{"type":"object"}"#
        );
        assert!(matches!(tools.tool_choice, Some(ToolChoice::Tool { .. })));
        let Input::ContentStart(start) = parse(
            r#"{"event":{"contentStart":{"promptName":"p","contentName":"c","interactive":false,"type":"TOOL","role":"TOOL","toolResultInputConfiguration":{"toolUseId":"u","type":"TEXT","textInputConfiguration":{"mediaType":"text/plain"}}}}}"#,
        ) else {
            panic!("another event")
        };
        assert_eq!((start.r#type, start.role), (ContentType::Tool, Some(Role::Tool)));
        let text = r#"{"event":{"textInput":{"promptName":"p","contentName":"c","content":"a\nb"}}}"#;
        assert!(matches!(parse(text), Input::TextInput(said) if said.content == "a\nb"));
        for (json, end) in [
            (r#"{"event":{"sessionEnd":{}}}"#, Input::SessionEnd {}),
            (
                r#"{"event":{"promptEnd":{"promptName":"p"}}}"#,
                Input::PromptEnd(PromptEnd { prompt_name: "p".into() }),
            ),
        ] {
            assert_eq!(parse(json), end);
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for json in [
            "",
            "{",
            "{}",
            r#"{"event":{}}"#,
            r#"{"sessionStart":{}}"#,
            r#"{"event":{"sessionBegin":{}}}"#,
            r#"{"event":{"sessionStart":{"endpointingSensitivity":"HIGH"}}}"#,
            r#"{"event":{"promptEnd":{}}}"#,
            r#"{"event":{"contentStart":{"promptName":"p","contentName":"c","type":"VIDEO"}}}"#,
            r#"{"event":{"promptStart":{"promptName":"p","toolConfiguration":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{"type":"object"}}}}]}}}}"#,
        ] {
            assert!(Input::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
