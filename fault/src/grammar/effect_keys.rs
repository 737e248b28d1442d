//! The keys that name an effect, in one list: an entry of a mix, a rule with a single effect and the one-line
//! form all read the same ones.

use std::str::FromStr;

use notation::{DurationText, Problems, parse_duration};
use serde::Deserialize;

use super::fault_file::{ArrivalsFile, WhenFile};
use super::value::{Refused, Short, ShortOrTable, Simply};
use crate::asked::Kind;
use crate::effect::{
    Bandwidth, Cut, Delay, Effect, EmptyBody, ErrorAnswer, HeaderFlood, Html, InBandError, KeepAliveComments,
    Place, Reset, RetryAfter, ShouldRetry, Silence, Stall, Wanted, WrongContentType,
};
use notation::Share;

/// A duration in short form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Time(std::time::Duration);

impl FromStr for Time {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        Ok(Self(parse_duration(text)?))
    }
}

/// What stands beside an `error`, and beside nothing else.
#[derive(Debug, Clone, Copy)]
struct Beside {
    retry_after: RetryAfter,
    should_retry: Option<ShouldRetry>,
}

macro_rules! effect_keys {
    ($( $key:ident: $form:ident<$type:ty> => $make:expr; )*) => {
        /// One entry of a mix: an effect and its weight.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct EffectFile {
            $( $key: Option<$form<$type>>, )*
            retry_after: Option<Short<RetryAfter>>,
            should_retry: Option<Short<ShouldRetry>>,
            weight: Option<u32>,
        }

        /// A rule as it is written under `[[faults]]`. Exactly one effect, or a `mix` of them.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct FaultFile {
            pub(super) name: Option<String>,
            pub(super) provider: Option<String>,
            pub(super) model: Option<String>,
            pub(super) operation: Option<String>,
            pub(super) kind: Option<Kind>,
            pub(super) streaming: Option<bool>,
            pub(super) tenant: Option<String>,
            pub(super) header: Option<String>,
            pub(super) when: Option<WhenFile>,
            pub(super) ttl: Option<DurationText>,
            pub(super) share: Option<Share>,
            pub(super) ramp: Option<DurationText>,
            pub(super) requests: Option<ArrivalsFile>,
            pub(super) mix: Option<Vec<EffectFile>>,
            $( $key: Option<$form<$type>>, )*
            retry_after: Option<Short<RetryAfter>>,
            should_retry: Option<Short<ShouldRetry>>,
        }

        impl FaultFile {
            /// The effect that stands in the rule itself.
            pub(super) fn inline(&self) -> EffectFile {
                EffectFile {
                    $( $key: self.$key.clone(), )*
                    retry_after: self.retry_after.clone(),
                    should_retry: self.should_retry.clone(),
                    weight: None,
                }
            }
        }

        impl EffectFile {
            /// The keys of all effects.
            pub(super) const KEYS: &'static [&'static str] = &[$( stringify!($key), )*];

            /// Sets an effect from its short form; false when there is no such key.
            pub(super) fn set(&mut self, key: &str, text: &str) -> Result<bool, Refused> {
                match key {
                    $( stringify!($key) => self.$key = Some($form(text.parse()?)), )*
                    "retry_after" => self.retry_after = Some(Short(text.parse()?)),
                    "should_retry" => self.should_retry = Some(Short(text.parse()?)),
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// Every effect that is named.
            fn effects(&self) -> Vec<Effect> {
                let beside = Beside {
                    retry_after: self.retry_after.as_ref().map_or(RetryAfter::Usual, |given| given.0),
                    should_retry: self.should_retry.as_ref().map(|given| given.0),
                };
                let mut effects = Vec::new();
                $( if let Some(given) = &self.$key {
                    let make: fn($type, Beside) -> Effect = $make;
                    effects.push(make(given.0.clone(), beside));
                } )*
                effects
            }
        }
    };
}

effect_keys! {
    error: Short<Wanted> => |wanted, Beside { retry_after, should_retry }| {
        Effect::Error(ErrorAnswer { wanted, retry_after, should_retry })
    };
    reset: Short<Reset> => |point, _| Effect::Reset(point);
    cut: ShortOrTable<Cut> => |cut, _| Effect::Cut(cut);
    stall: ShortOrTable<Stall> => |stall, _| Effect::Stall(stall);
    in_band_error: ShortOrTable<InBandError> => |error, _| Effect::InBandError(error);
    latency: ShortOrTable<Delay> => |law, _| Effect::Latency(law);
    silence: Short<Silence> => |silence, _| Effect::Silence(silence);
    slow_first_token: ShortOrTable<Delay> => |law, _| Effect::SlowFirstToken(law);
    slow_tokens: ShortOrTable<Delay> => |law, _| Effect::SlowTokens(law);
    bandwidth: Short<Bandwidth> => |bandwidth, _| Effect::Bandwidth(bandwidth);
    malformed: Short<Place> => |place, _| Effect::Malformed(place);
    duplicate: Short<Place> => |place, _| Effect::Duplicate(place);
    reorder: Short<Place> => |place, _| Effect::Reorder(place);
    bad_crc: Short<Place> => |place, _| Effect::BadCrc(place);
    truncated_frame: ShortOrTable<Cut> => |cut, _| Effect::TruncatedFrame(cut);
    no_terminator: Short<Simply> => |_, _| Effect::NoTerminator;
    wrong_content_type: Short<WrongContentType> => |wrong, _| Effect::WrongContentType(wrong);
    html: Short<Html> => |html, _| Effect::Html(html);
    empty_body: Short<EmptyBody> => |empty, _| Effect::EmptyBody(empty);
    header_flood: ShortOrTable<HeaderFlood> => |flood, _| Effect::HeaderFlood(flood);
    slow_headers: Short<Time> => |time, _| Effect::SlowHeaders(time.0);
    keep_alive_comments: ShortOrTable<KeepAliveComments> => |comments, _| Effect::KeepAliveComments(comments);
}

impl EffectFile {
    /// Whether no effect is named.
    pub(super) fn is_empty(&self) -> bool {
        self.effects().is_empty()
    }

    /// The weight in a mix; 1 when none is given.
    pub(super) fn weight(&self) -> u32 {
        self.weight.unwrap_or(1)
    }

    /// The one effect that is named.
    ///
    /// # Errors
    /// None or several are named, or `retry_after` or `should_retry` stands without an `error`.
    pub(super) fn plan(&self) -> Result<Effect, Problems> {
        let mut problems = Problems::new();
        let mut effects = self.effects();
        if effects.len() != 1 {
            let message = match &effects[..] {
                [] => "names no effect".to_owned(),
                several => {
                    let names: Vec<_> = several.iter().map(Effect::name).collect();
                    format!("names {} effects at once: {}", names.len(), names.join(", "))
                }
            };
            problems.add("", message, format!("one of {}", Self::KEYS.join(", ")));
        }
        let is_error = matches!(effects.first(), Some(Effect::Error(_)));
        let beside =
            [("retry_after", self.retry_after.is_some()), ("should_retry", self.should_retry.is_some())];
        for (key, _) in beside.into_iter().filter(|(_, is_set)| *is_set && !is_error) {
            problems.add(key, "belongs to an `error`", "");
        }
        if self.weight == Some(0) {
            problems.add("weight", "is zero", "a whole number above zero");
        }
        match effects.pop() {
            Some(effect) => problems.into_result(effect),
            None => Err(problems),
        }
    }
}
