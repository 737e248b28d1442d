//! Classes of request: what is asked, at what length, and which share is bad on purpose.

use evidence::record::{Deliberate, Name};
use std::time::Duration;
use world::{Draws, Law};

/// The endpoint that a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/embeddings`.
    Embeddings,
    /// `GET /v1/models`.
    Models,
    /// `POST /v1/images/generations`.
    Images,
    /// `GET` of a path of the class's own: health, status.
    Get,
}

impl Kind {
    /// The kind's name in files and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Images => "images",
            Self::Get => "get",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Chat, Self::Embeddings, Self::Models, Self::Images, Self::Get]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }

    /// Whether requests carry a prompt, and in it a nonce.
    #[must_use]
    pub const fn has_prompt(self) -> bool {
        matches!(self, Self::Chat | Self::Embeddings | Self::Images)
    }
}

/// A class of request.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Its name in the mix.
    pub name: Name,
    /// Where it goes.
    pub kind: Kind,
    /// The kind's name, shared by records.
    pub kind_name: Name,
    /// The model name asked for.
    pub model: Name,
    /// How long prompts are.
    pub prompt_tokens: Lengths,
    /// Most tokens of an answer.
    pub max_tokens: Option<u32>,
    /// Which share is streamed, from 0 to 1.
    pub streamed: f64,
    /// Inputs of an embeddings request.
    pub batch: u32,
    /// The path below the target's URL.
    pub path: String,
}

/// A law of lengths in tokens, at least 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lengths {
    /// The law, with tokens for microseconds.
    pub law: Law,
    /// None is longer.
    pub max: u32,
}

impl Lengths {
    /// Always `tokens`.
    #[must_use]
    pub const fn fixed(tokens: u32) -> Self {
        Self { law: Law::Fixed { micros: tokens as u64 }, max: tokens }
    }

    /// Draws a length.
    pub fn sample(&self, draws: &mut Draws) -> u32 {
        let tokens = self.law.sample(draws).as_micros();
        u32::try_from(tokens).unwrap_or(u32::MAX).clamp(1, self.max.max(1))
    }
}

/// Which shares of a stream are bad on purpose, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BadShares {
    /// Chats that no provider accepts.
    pub invalid: f64,
    /// Unknown keys.
    pub unknown_keys: f64,
    /// Clients that leave.
    pub aborts: f64,
    /// The latest time at which they do, from sending.
    pub leave_within: Duration,
}

impl BadShares {
    /// Whether a request of `kind` is bad on purpose; each cause has its own draw, the first that hits
    /// counts, so that raising one share leaves the requests of the others as they were.
    pub fn pick(&self, kind: Kind, draws: &mut Draws) -> Option<Deliberate> {
        let [key, invalid, abort] = [draws.unit(), draws.unit(), draws.unit()];
        if key < self.unknown_keys {
            Some(Deliberate::UnknownKey)
        } else if invalid < self.invalid && kind == Kind::Chat {
            Some(Deliberate::InvalidRequest)
        } else if abort < self.aborts && kind.has_prompt() {
            Some(Deliberate::Abort)
        } else {
            None
        }
    }
}
