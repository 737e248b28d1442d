//! What cuts an answer short beside its own limit: the service's guard, and the end of the context.

use memchr::memmem;
use wire::anthropic::messages::StopReason;

use super::request::{Model, Request};
use crate::engine::reply::Stop;

/// In a prompt, has the guard break the answer off: the service's own way to test a client.
const REFUSAL: &str = "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_\
     1FAEFB6177B4672DEE07F9D3AFC62588CCD2631EDCF22E8CCC1FB35B501C9C86";
/// Tokens of an answer that the guard breaks off.
const REFUSED_AFTER: u32 = 8;

/// What cuts an answer short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nothing but its own limit.
    Nothing,
    /// The guard breaks it off.
    Refusal,
    /// The context has room for so many tokens, which is less than was asked for.
    Context(u32),
}

impl Cut {
    pub(super) fn of(request: &Request<'_>, model: &Model<'_>) -> Self {
        let mut texts = request.body.messages.iter().flat_map(|message| message.content.texts());
        if texts.any(|text| memmem::find(text.as_bytes(), REFUSAL.as_bytes()).is_some()) {
            return Self::Refusal;
        }
        let room = u64::from(model.max_input_tokens).saturating_sub(request.prompt_tokens());
        match u32::try_from(room) {
            Ok(room) if room < request.max_tokens() => Self::Context(room.max(1)),
            _ => Self::Nothing,
        }
    }

    /// Most tokens of the answer, of those that were asked for.
    pub(super) fn limit(self, asked: u32) -> u32 {
        match self {
            Self::Nothing => asked,
            Self::Refusal => asked.min(REFUSED_AFTER),
            Self::Context(room) => asked.min(room),
        }
    }

    /// Why an answer ends that it has cut short.
    pub(super) fn reason(self, stop: &Stop) -> Option<StopReason> {
        match (self, stop) {
            (Self::Refusal, _) => Some(StopReason::Refusal),
            (Self::Context(_), Stop::MaxTokens) => Some(StopReason::ModelContextWindowExceeded),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, Home};
    use super::*;
    use crate::engine::prompt::PromptCache;
    use world::{Instant, Seed};

    fn cut(prompt: &str, room: u32) -> Cut {
        let body = format!(
            r#"{{"model":"claude-opus-5","max_tokens":64,"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
        );
        let asked = Asked::parse(Home::Direct, body.as_bytes()).expect("sound");
        let prompt_tokens = u32::try_from(asked.count("claude-opus-5")).expect("few");
        let model = Model { max_input_tokens: prompt_tokens + room, ..Model::named("claude-opus-5") };
        let cache = PromptCache::new(Seed(1));
        let request = asked.check(&model, (&cache, ""), Instant::ZERO).expect("sound");
        Cut::of(&request, &model)
    }

    #[test]
    fn the_end_of_the_context_comes_before_the_limit() {
        assert_eq!(cut("hello", 64), Cut::Nothing);
        assert_eq!(cut("hello", 63), Cut::Context(63));
        let full = cut("hello", 0);
        assert_eq!((full, full.limit(64)), (Cut::Context(1), 1));
        assert_eq!(full.reason(&Stop::MaxTokens), Some(StopReason::ModelContextWindowExceeded));
        assert_eq!(full.reason(&Stop::End), None, "it ended by itself before");
    }

    #[test]
    fn the_guard_breaks_off_whatever_the_answer_was_to_be() {
        let refused = cut(&format!("Please. {REFUSAL}"), 10_000);
        assert_eq!((refused, refused.limit(64), refused.limit(3)), (Cut::Refusal, 8, 3));
        assert_eq!(refused.reason(&Stop::End), Some(StopReason::Refusal));
    }
}
