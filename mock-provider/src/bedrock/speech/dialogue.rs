//! The dialogue of a session: whose turn it is, and what becomes of it.
//!
//! A turn of the user's is over when there is silence after speech, when the audio ends, when an interactive text is
//! complete (Nova 2; the first Nova Sonic reads such a text and answers when it is spoken to), or when the last result of
//! a tool has come. Who begins to speak while the model does interrupts it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use http::Method;
use wire::bedrock::sonic::{
    ContentKind, EndpointingSensitivity, Input, Output, PromptStart, SessionStart, SpeechTokens, StopReason,
    UsageDetails,
};
use wire::json::Raw;
use world::Instant;

use super::super::settlement::Settlement;
use super::super::target::Target;
use super::answer::{Answer, speech_tokens};
use super::ear::Heard;
use super::prompt::{Choice, Ended, Prompt};
use super::scribe::Scribe;
use super::session::{Refusal, invalid, invalid_request};
use crate::call::{Call, Engine};
use crate::engine::ask::{self, Ask, ToolChoice};
use crate::engine::identity::Identity;
use crate::engine::text::Text;
use crate::engine::tokens;
use crate::profile::Kind;
use crate::surface::Surface;

/// Answers are this long at most where the session says nothing, by the user guide.
const MAX_TOKENS: u32 = 1_024;
/// Milliseconds of speech that make a token of its transcript: some 170 words a minute. Our assumption.
const TRANSCRIPT_TOKEN_MS: u32 = 350;

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Open,
    /// The client has said all.
    Closing,
    Over,
}

/// What a turn of the user's was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Typed,
    /// Milliseconds.
    Spoken(u32),
    Results,
}

/// A dialogue, as far as it has come.
pub(super) struct Dialogue {
    engine: Arc<Engine>,
    model: String,
    path: String,
    /// Whether an interactive text is a turn of its own.
    answers_text: bool,
    scribe: Scribe,
    settlement: Settlement,
    stage: Stage,
    max_tokens: u32,
    pause_ms: u32,
    prompt: Option<Prompt>,
    answer: Option<Answer>,
    turns: u64,
    heard_ms: u64,
    total: UsageDetails,
    /// What no event has told yet.
    delta: UsageDetails,
}

impl Dialogue {
    pub(super) fn new(
        engine: &Arc<Engine>,
        call: &Call<'_>,
        target: &Target<'_>,
        settlement: Settlement,
    ) -> Self {
        Self {
            engine: Arc::clone(engine),
            model: target.id.base().to_owned(),
            path: call.path.to_owned(),
            answers_text: target.id.base().starts_with("amazon.nova-2-"),
            scribe: Scribe::of(engine, call),
            settlement,
            stage: Stage::Fresh,
            max_tokens: MAX_TOKENS.min(target.max_output_tokens()),
            pause_ms: EndpointingSensitivity::default().pause_ms(),
            prompt: None,
            answer: None,
            turns: 0,
            heard_ms: 0,
            total: UsageDetails::default(),
            delta: UsageDetails::default(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// When there is something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        self.answer.as_ref()?.due()
    }

    /// Says what is due.
    pub(super) fn advance(&mut self, out: &mut BytesMut) {
        let Some(answer) = &mut self.answer else { return };
        let call = answer.speak(&mut self.scribe, out);
        if let (Some(call), Some(prompt)) = (call, &mut self.prompt) {
            prompt.awaited.push(call);
        }
        if answer.due().is_none() {
            let tokens = answer.tokens();
            self.answer = None;
            self.settle_answer(tokens, out);
            self.settle_down(out);
        }
    }

    /// Takes an event of the client.
    pub(super) fn hear(&mut self, input: Input<'_>, now: Instant, out: &mut BytesMut) -> Result<(), Refusal> {
        match (self.stage, input) {
            (Stage::Fresh, Input::SessionStart(start)) => self.open(&start),
            (Stage::Open, Input::PromptStart(start)) if self.prompt.is_none() => self.begin(&start),
            (Stage::Open, Input::ContentStart(start)) => {
                let pause_ms = self.pause_ms;
                self.prompt(&start.prompt_name)?.begin(&start, pause_ms)
            }
            (Stage::Open, Input::TextInput(said)) => self.prompt(&said.prompt_name)?.text(&said),
            (Stage::Open, Input::AudioInput(said)) => {
                let (heard, milliseconds) = self.prompt(&said.prompt_name)?.audio(&said)?;
                self.count_audio(milliseconds);
                heard.into_iter().for_each(|heard| self.heard(heard, now, out));
                Ok(())
            }
            (Stage::Open, Input::ToolResult(said)) => {
                self.count_text(&said.content);
                self.prompt(&said.prompt_name)?.result(&said)
            }
            (Stage::Open, Input::ContentEnd(end)) => {
                let ended = self.prompt(&end.prompt_name)?.end(&end.content_name)?;
                self.ended(ended, now, out);
                Ok(())
            }
            (Stage::Open, Input::PromptEnd(end)) => self.end_prompt(&end.prompt_name, out),
            (Stage::Open, Input::SessionEnd {}) => {
                self.close(out);
                Ok(())
            }
            _ => Err(invalid_request()),
        }
    }

    /// The client says no more; what the model is saying it says to its end.
    pub(super) fn close(&mut self, out: &mut BytesMut) {
        self.stage = Stage::Closing;
        if let Some(prompt) = &mut self.prompt {
            prompt.is_closing = true;
        }
        self.settle_down(out);
    }

    fn open(&mut self, start: &SessionStart) -> Result<(), Refusal> {
        let settings = start.inference_configuration;
        let in_range = |value: Option<f64>| value.is_none_or(|value| (0.0..=1.0).contains(&value));
        let is_sound =
            settings.max_tokens != Some(0) && in_range(settings.top_p) && in_range(settings.temperature);
        if !is_sound || (start.turn_detection_configuration.is_some() && !self.answers_text) {
            return Err(invalid_request());
        }
        self.max_tokens = settings.max_tokens.unwrap_or(self.max_tokens);
        self.pause_ms =
            start.turn_detection_configuration.unwrap_or_default().endpointing_sensitivity.pause_ms();
        self.stage = Stage::Open;
        Ok(())
    }

    fn begin(&mut self, start: &PromptStart<'_>) -> Result<(), Refusal> {
        let prompt = Prompt::open(start)?;
        self.scribe.turn_to(&start.prompt_name);
        let of_tools =
            prompt.tools.iter().map(|tool| tokens::count(&tool.name) + tokens::count(&tool.schema));
        self.delta.input.text_tokens += of_tools.sum::<u64>();
        self.prompt = Some(prompt);
        Ok(())
    }

    fn prompt(&mut self, name: &str) -> Result<&mut Prompt, Refusal> {
        let open = self.prompt.as_mut().filter(|prompt| prompt.is_named(name) && !prompt.is_closing);
        // By the words of its twin about contents.
        open.ok_or_else(|| invalid(format!("No open prompt found for prompt name: {name}")))
    }

    fn end_prompt(&mut self, name: &str, out: &mut BytesMut) -> Result<(), Refusal> {
        let answers_text = self.answers_text;
        let prompt = self.prompt(name)?;
        if !prompt.has_had_audio && !answers_text {
            // Users found that a prompt without any audio is refused; its words are not known.
            return Err(invalid_request());
        }
        prompt.is_closing = true;
        self.settle_down(out);
        Ok(())
    }

    /// Ends what has been ended and has nothing more to be said.
    fn settle_down(&mut self, out: &mut BytesMut) {
        if self.answer.is_some() {
            return;
        }
        if let Some(prompt) = self.prompt.take_if(|prompt| prompt.is_closing)
            && prompt.is_answered
        {
            self.scribe.say(&Output::CompletionEnd, out);
        }
        if self.stage == Stage::Closing {
            self.stage = Stage::Over;
        }
    }

    // === turns ===

    fn ended(&mut self, ended: Ended, now: Instant, out: &mut BytesMut) {
        match ended {
            Ended::Text { text, is_interactive } => {
                self.count_text(&text);
                if is_interactive && self.answers_text {
                    self.turn(Turn::Typed, now, out);
                }
            }
            Ended::Audio(heard) => heard.into_iter().for_each(|heard| self.heard(heard, now, out)),
            Ended::Results => self.turn(Turn::Results, now, out),
            Ended::Result => {}
        }
    }

    fn heard(&mut self, heard: Heard, now: Instant, out: &mut BytesMut) {
        match heard {
            Heard::Speech => self.interrupt(out),
            Heard::Silence(milliseconds) => self.turn(Turn::Spoken(milliseconds), now, out),
        }
    }

    fn interrupt(&mut self, out: &mut BytesMut) {
        if let Some(answer) = self.answer.take() {
            let tokens = answer.tokens();
            answer.interrupt(&mut self.scribe, out);
            self.settle_answer(tokens, out);
        }
    }

    /// The user's turn is over at `now`: the model's begins.
    fn turn(&mut self, turn: Turn, now: Instant, out: &mut BytesMut) {
        self.interrupt(out);
        let Some(mut prompt) = self.prompt.take() else { return };
        if !prompt.is_answered {
            prompt.is_answered = true;
            self.scribe.say(&Output::CompletionStart, out);
        }
        self.tell_usage(out);
        if turn != Turn::Results {
            // Whoever speaks anew waits for no results of tools any more.
            prompt.awaited.clear();
        }
        if let Turn::Spoken(milliseconds) = turn {
            let transcript = self.transcript(milliseconds);
            self.scribe.text(ContentKind::Transcript, &transcript, StopReason::PartialTurn, out);
        }
        let identity = self.identity(turn, &mut prompt, now);
        self.answer = Some(self.answer_to(turn, &prompt, &identity, now));
        self.turns += 1;
        self.prompt = Some(prompt);
    }

    /// Who asks: the user's text where there is one, else the audio, by its length and its place.
    fn identity(&self, turn: Turn, prompt: &mut Prompt, now: Instant) -> Identity {
        if let (Turn::Results, Some(identity)) = (turn, prompt.turn) {
            return identity;
        }
        let asked = prompt.asked.take().unwrap_or_else(|| format!("{turn:?} {}", self.turns));
        let identity = self.engine.registry.identify(&Method::POST, &self.path, asked.as_bytes(), now);
        *prompt.turn.insert(identity)
    }

    /// What the user is taken to have said in so much speech.
    fn transcript(&self, milliseconds: u32) -> String {
        let mut draws = self.engine.content.draws(&[b"transcript", &milliseconds.to_le_bytes()]);
        let tokens = (milliseconds / TRANSCRIPT_TOKEN_MS).max(1);
        let mut transcript = String::new();
        Text::words(draws.next_u64(), tokens, true).write_all(&mut transcript);
        transcript
    }

    fn answer_to(&self, turn: Turn, prompt: &Prompt, identity: &Identity, now: Instant) -> Answer {
        let schema = |tool: &ask::Tool<'_>| tool.schema.is_some();
        let tools = prompt.tools.iter().map(|tool| ask::Tool {
            name: Cow::Borrowed(tool.name.as_str()),
            schema: Raw::parse(&tool.schema).ok(),
        });
        let ask = Ask {
            tools: tools.filter(schema).collect(),
            choice: match &prompt.choice {
                Choice::Auto => ToolChoice::Auto,
                // Once it has the results it may answer.
                _ if turn == Turn::Results => ToolChoice::Auto,
                Choice::Any => ToolChoice::Any,
                Choice::Named(name) => ToolChoice::Named(Cow::Borrowed(name.as_str())),
            },
            answers_tool: turn == Turn::Results,
            ..Ask::text(&self.model, self.max_tokens)
        };
        let profile = self.engine.plan.profile_of(Surface::Bedrock, Kind::Chat, &self.model);
        let reply = self.engine.reply(profile, identity, &ask);
        let timing = self.engine.timing_of(profile, identity, self.total.input.sum(), reply.tokens());
        Answer::new(reply, now, timing, prompt.rate_hertz)
    }

    // === usage ===

    fn count_text(&mut self, text: &str) {
        self.delta.input.text_tokens += tokens::count(text);
    }

    fn count_audio(&mut self, milliseconds: u64) {
        let before = speech_tokens(self.heard_ms);
        self.heard_ms += milliseconds;
        self.delta.input.speech_tokens += speech_tokens(self.heard_ms) - before;
    }

    fn settle_answer(&mut self, tokens: SpeechTokens, out: &mut BytesMut) {
        self.delta.output = self.delta.output.plus(tokens);
        self.tell_usage(out);
    }

    fn tell_usage(&mut self, out: &mut BytesMut) {
        let delta = std::mem::take(&mut self.delta);
        self.total.input = self.total.input.plus(delta.input);
        self.total.output = self.total.output.plus(delta.output);
        let total = self.total;
        self.settlement.used(total.input.sum(), total.output.sum());
        self.scribe.say(&Output::Usage { delta, total }, out);
    }
}
