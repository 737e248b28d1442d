//! A prompt of a session: its settings, and the contents that the client has open in it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wire::bedrock::error::ErrorKind;
use wire::bedrock::sonic::{
    AudioInputConfiguration, ContentStart, ContentType, Media, PromptStart, Role, Said, ToolChoice,
    ToolConfiguration,
};
use wire::json::Raw;

use super::ear::{Ear, Heard};
use super::session::{Refusal, invalid, invalid_request};
use crate::engine::identity::Identity;

/// Contents that may be open at once. Ours: clients have one or two.
const CONTENTS_MAX: usize = 32;
/// The longest text of a content, in bytes. Ours.
const TEXT_MAX: usize = 1_000_000;
/// Sample rates, either way.
const RATES_HERTZ: [u32; 3] = [8_000, 16_000, 24_000];
const LPCM: &str = "audio/lpcm";
const PLAIN: &str = "text/plain";

/// A prompt that is open.
pub(super) struct Prompt {
    name: String,
    /// The sample rate of the speech that is wanted, if any is.
    pub(super) rate_hertz: Option<u32>,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
    contents: BTreeMap<String, Content>,
    /// The user's last text.
    pub(super) asked: Option<String>,
    /// Calls whose results are awaited.
    pub(super) awaited: Vec<String>,
    /// Who asks in the present turn.
    pub(super) turn: Option<Identity>,
    pub(super) has_had_audio: bool,
    /// The model has begun to answer.
    pub(super) is_answered: bool,
    /// The client has ended it.
    pub(super) is_closing: bool,
}

/// A tool, kept.
pub(super) struct Tool {
    pub(super) name: String,
    /// A JSON object.
    pub(super) schema: String,
}

/// Whether a tool must be called.
pub(super) enum Choice {
    Auto,
    Any,
    Named(String),
}

enum Content {
    Text { role: Role, is_interactive: bool, text: String },
    Audio(Ear),
    Result { tool_use: String, has_come: bool },
}

/// What a content was when it ended.
pub(super) enum Ended {
    /// A text, and whether the model is to react to it.
    Text { text: String, is_interactive: bool },
    /// Audio, and what was being said in it.
    Audio(Option<Heard>),
    /// The last result that was awaited.
    Results,
    /// Others are still awaited.
    Result,
}

impl Prompt {
    pub(super) fn open(start: &PromptStart<'_>) -> Result<Self, Refusal> {
        let audio = start.audio_output_configuration.as_ref();
        let is_sound = audio.is_none_or(|audio| {
            is_lpcm(&audio.media_type, audio.sample_rate_hertz, audio.sample_size_bits, audio.channel_count)
        });
        if start.prompt_name.is_empty() || !is_sound || !is_media(&start.text_output_configuration, PLAIN) {
            return Err(invalid_request());
        }
        let configuration = start.tool_configuration.as_ref();
        Ok(Self {
            name: start.prompt_name.to_string(),
            rate_hertz: audio.map(|audio| audio.sample_rate_hertz),
            tools: configuration.map_or(Ok(Vec::new()), tools)?,
            choice: configuration.and_then(|tools| tools.tool_choice.as_ref()).map_or(Choice::Auto, choice),
            contents: BTreeMap::new(),
            asked: None,
            awaited: Vec::new(),
            turn: None,
            has_had_audio: false,
            is_answered: false,
            is_closing: false,
        })
    }

    /// Whether this is its name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name
    }

    /// A content begins.
    pub(super) fn begin(&mut self, start: &ContentStart<'_>, pause_ms: u32) -> Result<(), Refusal> {
        let name = start.content_name.as_str();
        if name.is_empty() || self.contents.contains_key(name) || self.contents.len() == CONTENTS_MAX {
            return Err(invalid_request());
        }
        let content = match start.r#type {
            ContentType::Text => text_content(start)?,
            ContentType::Audio => self.audio_content(start, pause_ms)?,
            ContentType::Tool => self.result_content(start)?,
        };
        self.contents.insert(name.to_owned(), content);
        Ok(())
    }

    fn audio_content(&mut self, start: &ContentStart<'_>, pause_ms: u32) -> Result<Content, Refusal> {
        let audio = start.audio_input_configuration.as_ref().filter(|audio| is_known(audio));
        let audio = audio.ok_or_else(invalid_request)?;
        if start.role.is_some_and(|role| role != Role::User) {
            return Err(invalid_request());
        }
        if self.contents.values().any(|content| matches!(content, Content::Audio(_))) {
            // What users met with, who opened a second one.
            return Err(Box::new(ErrorKind::InternalServer.into()));
        }
        self.has_had_audio = true;
        Ok(Content::Audio(Ear::new(audio.sample_rate_hertz, pause_ms)))
    }

    fn result_content(&self, start: &ContentStart<'_>) -> Result<Content, Refusal> {
        let result = start.tool_result_input_configuration.as_ref().ok_or_else(invalid_request)?;
        if !is_media(&result.text_input_configuration, PLAIN) {
            // Quoted by users.
            return Err(invalid("Tool result media type must be one of: [text/plain]"));
        }
        let tool_use = result.tool_use_id.to_string();
        if start.role.is_some_and(|role| role != Role::Tool) || !self.awaited.contains(&tool_use) {
            return Err(invalid_request());
        }
        Ok(Content::Result { tool_use, has_come: false })
    }

    /// A part of a text comes.
    pub(super) fn text(&mut self, said: &Said<'_>) -> Result<(), Refusal> {
        match self.content(&said.content_name)? {
            Content::Text { text, .. } if text.len() + said.content.len() <= TEXT_MAX => {
                text.push_str(&said.content);
                Ok(())
            }
            _ => Err(invalid_request()),
        }
    }

    /// A part of an audio comes: what is heard in it, and how many milliseconds it adds.
    pub(super) fn audio(&mut self, said: &Said<'_>) -> Result<(Vec<Heard>, u64), Refusal> {
        let Content::Audio(ear) = self.content(&said.content_name)? else { return Err(invalid_request()) };
        let audio = STANDARD.decode(said.content.as_bytes()).map_err(|_| invalid_request())?;
        let before = ear.heard_ms();
        let heard = ear.hear(&audio);
        let added = ear.heard_ms() - before;
        Ok((heard, added))
    }

    /// A tool's result comes.
    pub(super) fn result(&mut self, said: &Said<'_>) -> Result<(), Refusal> {
        let Content::Result { has_come, .. } = self.content(&said.content_name)? else {
            return Err(invalid_request());
        };
        *has_come = true;
        let is_object = Raw::parse(&said.content).is_ok_and(|json| json.get().trim_start().starts_with('{'));
        // Quoted by users, whose tools returned plain text.
        if is_object { Ok(()) } else { Err(invalid("Tool Response parsing error")) }
    }

    /// A content ends.
    pub(super) fn end(&mut self, name: &str) -> Result<Ended, Refusal> {
        let content = self.contents.remove(name).ok_or_else(|| no_content(name))?;
        Ok(match content {
            Content::Text { role, is_interactive, text } => {
                if role == Role::User {
                    self.asked = Some(text.clone());
                }
                Ended::Text { text, is_interactive: is_interactive && role == Role::User }
            }
            Content::Audio(mut ear) => Ended::Audio(ear.close()),
            Content::Result { has_come: false, .. } => return Err(invalid("Tool Response parsing error")),
            Content::Result { tool_use, .. } => {
                self.awaited.retain(|awaited| *awaited != tool_use);
                if self.awaited.is_empty() { Ended::Results } else { Ended::Result }
            }
        })
    }

    fn content(&mut self, name: &str) -> Result<&mut Content, Refusal> {
        self.contents.get_mut(name).ok_or_else(|| no_content(name))
    }
}

/// Quoted by users.
fn no_content(name: &str) -> Refusal {
    invalid(format!("No open content found for content name: {name}"))
}

fn text_content(start: &ContentStart<'_>) -> Result<Content, Refusal> {
    let role = start.role.filter(|role| *role != Role::Tool).ok_or_else(invalid_request)?;
    if !is_media(&start.text_input_configuration, PLAIN) {
        return Err(invalid_request());
    }
    Ok(Content::Text { role, is_interactive: start.interactive == Some(true), text: String::new() })
}

/// A media type that is not said is the usual one.
fn is_media(said: &Option<Media<'_>>, expected: &str) -> bool {
    said.as_ref().is_none_or(|media| media.media_type == *expected)
}

fn is_known(audio: &AudioInputConfiguration<'_>) -> bool {
    is_lpcm(&audio.media_type, audio.sample_rate_hertz, audio.sample_size_bits, audio.channel_count)
}

fn is_lpcm(media_type: &str, rate_hertz: u32, bits: u32, channels: u32) -> bool {
    media_type == LPCM && RATES_HERTZ.contains(&rate_hertz) && bits == 16 && channels == 1
}

fn tools(configuration: &ToolConfiguration<'_>) -> Result<Vec<Tool>, Refusal> {
    let kept = configuration.specs().map(|spec| {
        let schema = spec.input_schema.schema()?;
        Some(Tool { name: spec.name.to_string(), schema: schema.get().to_owned() })
    });
    kept.collect::<Option<Vec<Tool>>>().ok_or_else(invalid_request)
}

fn choice(choice: &ToolChoice<'_>) -> Choice {
    match choice {
        ToolChoice::Auto {} => Choice::Auto,
        ToolChoice::Any {} => Choice::Any,
        ToolChoice::Tool { name } => Choice::Named(name.to_string()),
    }
}
