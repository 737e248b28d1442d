//! The `[load]` section as it stands in a file.

use indexmap::IndexMap;
use notation::{DurationText, Rate, Share};
use serde::{Deserialize, Serialize};

/// `[load]`: who sends what, when, and how patient they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadFile {
    /// The law of the main stream of arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalsFile>,
    /// Users who wait for each answer before they go on: a closed loop, instead of `arrivals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<UsersFile>,
    /// How the rate, or the number of users, changes over time; without stages it stays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageFile>,
    /// Times of a multiple of the rate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<BurstFile>,
    /// How long arrivals go on; the stages' sum, or the drill's length, when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<DurationText>,
    /// Classes of request and how many of each, in proportion.
    pub mix: IndexMap<String, u32>,
    /// What the names in `mix` mean, where they are not `chat`, `embeddings` or `models`, or say more.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub classes: IndexMap<String, ClassFile>,
    /// Which share of the chats is streamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming: Option<Share>,
    /// Extra traffic pinned to a provider: `"bedrock/*"` or `"bedrock/MODEL"` to a rate.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub control: IndexMap<String, Rate>,
    /// Which share of the chats no provider would accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Share>,
    /// Which share of all requests comes with a key that does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_keys: Option<Share>,
    /// Clients that leave before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aborts: Option<AbortFile>,
    /// Who sends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantFile>,
    /// How long prompts are, where the class does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<LengthsFile>,
    /// Most tokens of an answer, where the class does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// How long a client waits for a whole answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<DurationText>,
    /// The same for the end of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_timeout: Option<DurationText>,
    /// Whether and how clients try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetryFile>,
    /// Requests in flight at which further ones count as failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight_max: Option<u64>,
    /// How late the generator itself may send, at the 99th percentile, before the run says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_lag_max: Option<DurationText>,
}

/// The law of arrivals: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArrivalsFile {
    /// Independent of each other, at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson: Option<Rate>,
    /// Evenly spaced, at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant: Option<Rate>,
    /// Bursty or smooth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<GammaFile>,
    /// Each user at its own steady pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paced: Option<PacedFile>,
}

/// Gamma-distributed gaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GammaFile {
    /// Mean rate.
    pub rate: Rate,
    /// Coefficient of variation of the gaps: 1 is Poisson, above is bursty.
    pub cv: f64,
}

/// Users with a pace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacedFile {
    /// How many.
    pub users: u32,
    /// One request of each in this time, counted from its intended starts.
    pub every: DurationText,
    /// The time over which the users join, one after another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<DurationText>,
}

/// A stretch of time with a rate of its own. Without `at`, `to` or `quiet` the rate stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageFile {
    /// The phase's name in logs and reports; `stage-N` when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub length: Option<DurationText>,
    /// This rate at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Rate>,
    /// The rate that a ramp begins with; where the stage before ended (zero for the first) when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Rate>,
    /// The rate that a ramp ends with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Rate>,
    /// No arrivals.
    #[serde(skip_serializing_if = "is_false")]
    pub quiet: bool,
    /// This many users of the closed loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u32>,
}

/// A closed loop: each user sends, waits for the answer, thinks, and sends again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsersFile {
    /// How many, where `stages` do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// How fast they join; all at once when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spawn_rate: Option<Rate>,
    /// How long they think, where their class does not say; not at all when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitFile>,
    /// Kinds of user; without any, all do what `mix` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<UserClassFile>,
}

/// A think time, every value of the range alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitFile {
    /// Shortest.
    pub low: DurationText,
    /// Longest.
    pub high: DurationText,
}

/// A kind of user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserClassFile {
    /// Its name.
    pub name: String,
    /// How many of the users, in proportion; 1 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// How long they think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitFile>,
    /// What they ask; the load's `mix` when not said.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub mix: IndexMap<String, u32>,
}

/// A multiple of the rate for a while. Bursts that overlap add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurstFile {
    /// The phase's name in logs and reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many times the rate.
    pub times_rate: f64,
    /// How long each burst.
    #[serde(rename = "for")]
    pub length: DurationText,
    /// When the first begins; at once when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<DurationText>,
    /// The time from one beginning to the next; without it there is one burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<DurationText>,
    /// Instead of `first` and `every`: this many at times drawn from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<u32>,
}

/// What a class of request asks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassFile {
    /// `chat`, `embeddings`, `models`, `images` or `get`; the class's own name when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The model name; the target's for this kind when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How long prompts are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<LengthsFile>,
    /// Most tokens of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Which share is streamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming: Option<Share>,
    /// Inputs of an embeddings request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Where a `get` goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A law of lengths: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LengthsFile {
    /// Always the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<u32>,
    /// Every length of a range alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniform: Option<UniformFile>,
    /// As in real traces: most short, some long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lognormal: Option<LognormalFile>,
}

/// Every length of a range alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniformFile {
    /// Shortest.
    pub low: u32,
    /// Longest.
    pub high: u32,
}

/// Lognormal lengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LognormalFile {
    /// Half are shorter.
    pub median: u32,
    /// 95 in 100 are shorter.
    pub p95: u32,
    /// None is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

/// Clients that leave before the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbortFile {
    /// Which share of chats and embeddings.
    pub share: Share,
    /// They leave at a time drawn evenly from the sending up to this.
    pub within: DurationText,
}

/// Somebody who sends under a key of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantFile {
    /// Name in logs and reports; numbered from 1 when there are several.
    pub name: String,
    /// The bearer key, where the target does not name one; numbered as the name is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How many of these; 1 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Part of the main stream, in proportion; 1 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Instead: a stream of arrivals of its own, each at this rate, by the law of `arrivals`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// With `rate`: when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DurationText>,
    /// With `rate`: when it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DurationText>,
}

/// Clients that try again, as the official SDKs do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryFile {
    /// How often at most, after the first try.
    pub times: u32,
    /// The first pause; it doubles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<DurationText>,
    /// The longest pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_max: Option<DurationText>,
    /// The longest `Retry-After` that is obeyed; a longer one ends the trying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_max: Option<DurationText>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
