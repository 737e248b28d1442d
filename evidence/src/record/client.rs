//! L, the client log: one record for every try that the load generator sent, and for every arrival that it dropped.

use super::Name;
use crate::Nonce;
use serde::{Deserialize, Serialize};

/// What one client try got. All `*_us` are microseconds since the run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// When the record was emitted: the end of the try.
    pub t_us: u64,
    /// Ordinal of the arrival in the plan.
    pub request: u64,
    /// The request's name; requests without a prompt have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// Which of the client's own tries, from 0.
    pub attempt: u32,
    /// `chat`, `embeddings`, `models`, …
    pub kind: Name,
    /// The user class or length class, where the plan has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Name>,
    /// Whose key was used.
    pub tenant: Name,
    /// The model name asked for.
    pub model: Name,
    /// Whether a streamed answer was asked for.
    pub streamed: bool,
    /// The provider that control traffic is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Name>,
    /// How the plan made this request bad on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliberate: Option<Deliberate>,
    /// The phase of the load that the arrival belongs to.
    pub phase: Name,
    /// When the plan intended it to be sent.
    pub sched_us: u64,
    /// When it was sent; absent of an arrival that never was, because too many requests waited for answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_us: Option<u64>,
    /// When the first generated token came, on a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_us: Option<u64>,
    /// When the answer ended or was given up.
    pub end_us: u64,
    /// How it ended.
    pub outcome: ClientOutcome,
    /// The response's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The `type` or `code` of a JSON error body; absent when the body is not a JSON error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<Name>,
    /// The response's `Retry-After`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// Token texts received.
    pub tokens: u32,
    /// The longest silence of a stream after its first event, the one before its end included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_max_us: Option<u64>,
    /// Events of a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u32>,
    /// Bytes of the response's body.
    pub bytes: u64,
    /// The provider that the gateway says it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<Name>,
    /// The `model` of the response's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<Name>,
    /// The length of an embedding's vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<u32>,
}

/// How a client try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientOutcome {
    /// A whole, checked answer.
    Ok,
    /// A whole answer that the gateway says is of lesser quality.
    Degraded,
    /// An error status, or an error in the body of a whole response.
    Http,
    /// No connection, or it broke before any of the response.
    Conn,
    /// Nothing, or not the end, within the client's deadline.
    Timeout,
    /// A stream that ended cleanly without all of its answer.
    TruncSilent,
    /// A stream that ended in an error event or a broken transfer.
    TruncSignalled,
    /// A token that belongs to another request.
    Crosstalk,
    /// A token repeated or out of order.
    Duplicate,
    /// A response that its own format does not allow.
    Malformed,
    /// Given up by the client on purpose.
    Aborted,
}

impl ClientOutcome {
    /// The outcome's name in a log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Http => "http",
            Self::Conn => "conn",
            Self::Timeout => "timeout",
            Self::TruncSilent => "trunc_silent",
            Self::TruncSignalled => "trunc_signalled",
            Self::Crosstalk => "crosstalk",
            Self::Duplicate => "duplicate",
            Self::Malformed => "malformed",
            Self::Aborted => "aborted",
        }
    }
}

/// How a request is bad on purpose; availability leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deliberate {
    /// A body that every provider refuses.
    InvalidRequest,
    /// A key that does not exist.
    UnknownKey,
    /// A client that leaves before the end.
    Abort,
}
