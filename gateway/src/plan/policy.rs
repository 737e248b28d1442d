//! The policy: every behaviour of the gateway as a value.
//!
//! The pipeline knows mechanisms only; what they do is decided here. A weakness is a change to this value
//! and nothing else, so that a weak gateway runs the same code as the healthy one.

use std::time::Duration;

/// All behaviours of one gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Who is let in, and when.
    pub admission: AdmissionPolicy,
    /// How often a request is tried, and where.
    pub attempts: AttemptPolicy,
    /// How long each wait may last.
    pub deadlines: DeadlinePolicy,
    /// What retries at the same target may cost; none means no limit.
    pub retry_budget: Option<BudgetPolicy>,
    /// How long to wait before a retry at the same target.
    pub backoff: BackoffPolicy,
    /// What a throttle of a provider does.
    pub cooldown: CooldownPolicy,
    /// When a provider is left alone; none means never.
    pub breaker: Option<BreakerPolicy>,
    /// How streams are relayed.
    pub streams: StreamPolicy,
    /// What an error looks like to the client.
    pub errors: ErrorStyle,
    /// Latency added to every chat, in percent of what the provider took.
    pub chat_delay_percent: u32,
}

/// Capacity and the way into it.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmissionPolicy {
    /// Worker slots.
    pub slots: u32,
    /// How long a request occupies its slot; slots ÷ this time is the capacity.
    pub service_time: Duration,
    /// What happens while no slot is free.
    pub discipline: Discipline,
    /// Most requests between their admission and the end of their answer; none means no limit.
    pub in_flight_max: Option<usize>,
}

/// What happens to a request that finds every slot taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Discipline {
    /// It waits its turn, first in, first out.
    Queue {
        /// Most requests that wait; none means no limit.
        length_max: Option<usize>,
        /// Longest wait before the request is turned away; none means no limit.
        age_max: Option<Duration>,
        /// Whether a request whose client has left still takes its turn.
        serves_leavers: bool,
    },
    /// It is served at once, and all that are being served become slower in proportion.
    Sharing,
}

/// How often a request is tried, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptPolicy {
    /// Most attempts of one request, at all targets together.
    pub max: u32,
    /// Retries at a target that failed before the next target is tried.
    pub same_target_first: u32,
    /// When the last attempt may begin, from the request's beginning; none means whenever.
    pub give_up_after: Option<Duration>,
    /// Which requests may go on to another target.
    pub failover: Failover,
    /// What embeddings may fail over to.
    pub embeddings: EmbeddingFailover,
    /// Whether answers such as 400 or 403 are tried again.
    pub retries_permanent: bool,
    /// Whose failures the breaker and the budget book.
    pub blame: Blame,
}

/// Which requests may go on to another target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failover {
    /// All.
    Always,
    /// Those that are not streamed.
    NonStreamedOnly,
    /// None.
    Never,
}

/// What embeddings may fail over to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddingFailover {
    /// The same model elsewhere: vectors of two models do not mix.
    SameModel,
    /// Whatever the alias lists.
    AnyModel,
}

/// Whose failures are booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Those of the provider that failed.
    Culprit,
    /// They are put on the provider that answered in the end.
    Answerer,
}

/// How long each wait may last. A limit that is absent is not imposed.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadlinePolicy {
    /// Until the first content of a stream, for an empty prompt.
    pub first_content: Option<Duration>,
    /// What each token of the prompt adds to it.
    pub per_prompt_token: Duration,
    /// What each token that a whole answer may have adds to its limit.
    pub per_output_token: Duration,
    /// The output limit assumed for a request that names none, in tokens.
    pub output_tokens_assumed: u32,
    /// Least limit of a whole answer.
    pub answer_min: Option<Duration>,
    /// Between two events of a stream.
    pub idle: Option<Duration>,
    /// Of a stream from its beginning.
    pub stream_max: Option<Duration>,
    /// Of any request from its beginning.
    pub total: Option<Duration>,
}

/// A token bucket of retries per provider: every request adds a share of a token, and time adds some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetPolicy {
    /// Tokens a request adds, in percent of one retry.
    pub percent_of_requests: u32,
    /// Tokens that a second adds.
    pub per_second: u32,
    /// Most tokens that are saved up.
    pub saved_max: u32,
}

/// Waits before retries at the same target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackoffPolicy {
    /// Upper end of the first wait; it doubles with every retry.
    pub base: Duration,
    /// Upper end of any wait.
    pub cap: Duration,
    /// Whether a wait is drawn evenly from zero to its upper end, or is the upper end.
    pub jitter: bool,
}

/// What a throttle of a provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CooldownPolicy {
    /// Whether it is honoured at all.
    pub honours_retry_after: bool,
    /// What a throttle without one is taken to say; none takes it to say nothing. Bedrock and Vertex AI
    /// never send one, and a provider over its quota answers no sooner for being asked more often.
    pub assumed: Option<Duration>,
    /// What it keeps requests away from.
    pub scope: CooldownScope,
}

/// What a `Retry-After` keeps requests away from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CooldownScope {
    /// The model under that credential: what the provider's quota is about.
    Target,
    /// All models of the provider.
    Provider,
}

/// When a provider is left alone, and how it is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// How far back failures count; in twenty buckets.
    pub window: Duration,
    /// Least number of results in the window before it opens.
    pub samples_min: u32,
    /// Share of failures at which it opens, in percent.
    pub failure_percent: u32,
    /// Whether a throttle counts as a failure. It says that a quota is used up, of one model under one
    /// key, and not that the provider is ill.
    pub counts_throttles: bool,
    /// How long it stays open the first time; it doubles while probes fail.
    pub open: Duration,
    /// Longest time it stays open, before jitter.
    pub open_max: Duration,
    /// How much that time varies, in percent to either side.
    pub open_jitter_percent: u32,
    /// Whether it ever tries again.
    pub half_opens: bool,
    /// Between two probes while half open.
    pub probe_every: Duration,
    /// How traffic returns after a good probe; none means all at once.
    pub ramp: Option<RampPolicy>,
    /// What a request does that finds its first choice blocked.
    pub when_blocked: WhenBlocked,
}

/// How traffic returns: a share that grows evenly to all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RampPolicy {
    /// The share in the beginning, in percent.
    pub from_percent: u32,
    /// How long until all are let through.
    pub over: Duration,
}

/// What a request does that finds its first choice blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenBlocked {
    /// It goes on to the next target, or fails at once.
    GoOn,
    /// It waits until the breaker lets it through.
    Park,
}

/// How streams are relayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPolicy {
    /// When the client gets its response head.
    pub commit: Commit,
    /// What a loss of the provider does to a committed stream without content.
    pub loss_before_content: Loss,
    /// What a loss of the provider does to a stream with content.
    pub loss_after_content: Loss,
    /// When events are passed on.
    pub delivery: Delivery,
    /// Where events are rendered.
    pub buffers: Buffers,
    /// What happens to the provider's answer when the client leaves.
    pub on_leave: OnLeave,
}

/// When the client of a stream gets its response head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// With the first content: until then another target can take over.
    FirstContent,
    /// As soon as the request is accepted.
    AtOnce,
}

/// What the loss of a provider does to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// An error event, and a transfer that breaks off.
    Signal,
    /// A clean end, as if nothing had happened.
    CloseCleanly,
    /// The answer begins again at another target, in the same stream.
    Restart,
}

/// When events are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Each as it comes.
    AsItComes,
    /// All at the end.
    WhenWhole,
}

/// Where events are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffers {
    /// Each stream has its own.
    Own,
    /// One that all streams share.
    Shared,
}

/// What happens to the provider's answer when the client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLeave {
    /// It is cancelled at once.
    Cancel,
    /// It is read to its end.
    Drain,
}

/// What an error looks like to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStyle {
    /// Status, code and message of what went wrong, and when to come back.
    Clear,
    /// 500 and a line of text, whatever it was.
    Opaque,
}

impl Default for Policy {
    /// The healthy gateway.
    fn default() -> Self {
        Self {
            admission: AdmissionPolicy::default(),
            attempts: AttemptPolicy::default(),
            deadlines: DeadlinePolicy::default(),
            retry_budget: Some(BudgetPolicy { percent_of_requests: 10, per_second: 1, saved_max: 10 }),
            backoff: BackoffPolicy {
                base: Duration::from_millis(50),
                cap: Duration::from_secs(1),
                jitter: true,
            },
            cooldown: CooldownPolicy {
                honours_retry_after: true,
                assumed: Some(Duration::from_millis(500)),
                scope: CooldownScope::Target,
            },
            breaker: Some(BreakerPolicy::default()),
            streams: StreamPolicy::default(),
            errors: ErrorStyle::Clear,
            chat_delay_percent: 0,
        }
    }
}

impl Default for AdmissionPolicy {
    fn default() -> Self {
        Self {
            slots: 7,
            service_time: Duration::from_millis(20),
            discipline: Discipline::Queue {
                length_max: Some(256),
                age_max: Some(Duration::from_millis(500)),
                serves_leavers: false,
            },
            in_flight_max: Some(4_096),
        }
    }
}

impl Discipline {
    /// The longest that a request waits, if there is such a limit.
    #[must_use]
    pub fn age_max(&self) -> Option<Duration> {
        match self {
            Self::Queue { age_max, .. } => *age_max,
            Self::Sharing => Some(Duration::ZERO),
        }
    }
}

impl AdmissionPolicy {
    /// Requests a second that the slots can serve.
    #[must_use]
    pub fn capacity_per_second(&self) -> f64 {
        f64::from(self.slots) / self.service_time.as_secs_f64()
    }
}

impl Default for AttemptPolicy {
    fn default() -> Self {
        Self {
            max: 3,
            same_target_first: 0,
            give_up_after: None,
            failover: Failover::Always,
            embeddings: EmbeddingFailover::SameModel,
            retries_permanent: false,
            blame: Blame::Culprit,
        }
    }
}

impl Default for DeadlinePolicy {
    fn default() -> Self {
        Self {
            first_content: Some(Duration::from_secs(10)),
            per_prompt_token: Duration::from_millis(1),
            per_output_token: Duration::from_millis(150),
            output_tokens_assumed: 1_024,
            answer_min: Some(Duration::from_secs(30)),
            idle: Some(Duration::from_secs(15)),
            stream_max: Some(Duration::from_secs(30 * 60)),
            total: None,
        }
    }
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(2),
            samples_min: 20,
            failure_percent: 30,
            counts_throttles: false,
            open: Duration::from_secs(5),
            open_max: Duration::from_secs(20),
            open_jitter_percent: 20,
            half_opens: true,
            probe_every: Duration::from_millis(500),
            ramp: Some(RampPolicy { from_percent: 10, over: Duration::from_secs(10) }),
            when_blocked: WhenBlocked::GoOn,
        }
    }
}

impl Default for StreamPolicy {
    fn default() -> Self {
        Self {
            commit: Commit::FirstContent,
            loss_before_content: Loss::Signal,
            loss_after_content: Loss::Signal,
            delivery: Delivery::AsItComes,
            buffers: Buffers::Own,
            on_leave: OnLeave::Cancel,
        }
    }
}
