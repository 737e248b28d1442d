//! The plan of a load: what will be sent when, known before anything is.
//!
//! `[load]` in a file → [`LoadFile`] → [`LoadFile::plan`] → [`LoadPlan`] → [`LoadPlan::arrivals`]. The
//! arrivals are drawn by keyed hashes of their own ordinals, so they are the same on every machine, in
//! every process, and whatever the answers are.
//!
//! A plan consists of *streams* of arrivals, merged by due time: the main one, one for each tenant with a
//! rate of its own, one for each provider under control traffic. Streams number their arrivals apart, so
//! that adding one leaves the others as they were.

mod arrivals;
mod check;
mod class;
mod curve;
mod deck;
mod draws;
mod file;
mod gaps;
mod retry;
mod scale;
mod stream;
mod summary;
mod tenant;
mod users;

use arrivals::Phases;
pub use arrivals::{Arrivals, ParseShardError, Shard};
pub use class::{BadShares, Class, Kind, Lengths};
pub use curve::{Curve, Segment};
pub use file::{
    AbortFile, ArrivalsFile, BurstFile, ClassFile, GammaFile, LengthsFile, LoadFile, LognormalFile,
    PacedFile, RetryFile, StageFile, TenantFile, UniformFile, UserClassFile, UsersFile, WaitFile,
};
pub use gaps::Gaps;
pub use retry::RetryPolicy;
pub use stream::{Pace, Stream, StreamKind};
pub use summary::PlanSummary;
pub use tenant::Tenant;
pub(crate) use users::UserDraws;
pub use users::{Stay, UserClass, UserLoop};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evidence::Nonce;
use evidence::record::{Deliberate, Name};
use world::{Instant, Seed};

/// What the caller of [`LoadFile::plan`] knows and the section does not.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The seed of the run.
    pub seed: Seed,
    /// How long the load lasts when the section does not say.
    pub duration: Option<Duration>,
    /// The model name to ask for, by kind of request (`chat`, `embeddings`); a kind that is missing asks
    /// for its own name.
    pub models: BTreeMap<String, String>,
    /// The whole model name that pins traffic to a provider, by provider: what `"bedrock/*"` means.
    pub pinned: BTreeMap<String, String>,
}

/// A checked load.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// All streams of arrivals, the main one first.
    streams: Vec<Stream>,
    users: Option<UserLoop>,
    phases: Phases,
    seed: Seed,
    duration: Duration,
    origin: Instant,
    timeout: Duration,
    stream_timeout: Duration,
    retry: RetryPolicy,
    in_flight_max: u64,
    send_lag_max: Duration,
    shard: Shard,
}

/// One request of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The request's number: its place in its stream, with the stream's number from bit 40 up.
    pub ordinal: u64,
    /// When it is to be sent.
    pub due: Instant,
    /// What it asks.
    pub class: Arc<Class>,
    /// Who asks.
    pub tenant: Arc<Tenant>,
    /// The model name it asks for.
    pub model: Name,
    /// Whether the answer shall be streamed.
    pub streamed: bool,
    /// The provider that the model name pins it to: control traffic.
    pub pinned: Option<Name>,
    /// How it is bad on purpose.
    pub deliberate: Option<Deliberate>,
    /// Its name inside its own prompt; requests without a prompt have none.
    pub nonce: Option<Nonce>,
    /// How long its prompt is, in tokens of [`BYTES_PER_TOKEN`] bytes.
    pub prompt_tokens: u32,
    /// The phase of the load.
    pub phase: Name,
    /// When a client that leaves on purpose does so, counted from sending.
    pub leaves_after: Option<Duration>,
}

/// How many bytes of English make a token, as the providers' own estimates have it.
pub const BYTES_PER_TOKEN: usize = 4;

/// The bit where an ordinal's stream number begins.
pub(crate) const STREAM_SHIFT: u32 = 40;

impl LoadPlan {
    /// The arrivals of this plan's shard, in order of their due times.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        Arrivals::new(self)
    }

    /// The seed that the arrivals are drawn from.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The plan of machine `index` among `count` that share the load.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// The same plan with its first moment at `origin` of the run.
    #[must_use]
    pub fn starting_at(mut self, origin: Instant) -> Self {
        self.origin = origin;
        self.phases = self.phases.starting_at(origin);
        self
    }

    /// When each phase begins, in microseconds from the start of the load, and its name.
    #[must_use]
    pub fn phases(&self) -> &[(u64, Name)] {
        self.phases.starts()
    }

    /// When the load begins.
    #[must_use]
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// How long arrivals go on.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// How long a client waits for a whole answer that is not streamed, from sending.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long a client waits for the end of a stream, from sending.
    #[must_use]
    pub fn stream_timeout(&self) -> Duration {
        self.stream_timeout
    }

    /// When clients try again by themselves.
    #[must_use]
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// How late the generator itself may send, at the 99th percentile.
    #[must_use]
    pub fn send_lag_max(&self) -> Duration {
        self.send_lag_max
    }

    /// Requests in flight at which further arrivals count as failed.
    #[must_use]
    pub fn in_flight_max(&self) -> u64 {
        self.in_flight_max
    }

    /// Everyone who sends, in the order of the file.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        let mut seen = std::collections::BTreeSet::new();
        let of_streams = self.streams.iter().flat_map(|stream| stream.tenants.iter());
        let of_users = self.users.iter().flat_map(|users| users.tenants.iter());
        of_streams.chain(of_users).filter(move |tenant| seen.insert(Arc::clone(&tenant.name)))
    }

    /// Every class of request that is sent.
    pub fn classes(&self) -> impl Iterator<Item = &Arc<Class>> {
        self.classes_of(|_| true)
    }

    /// The classes of the load itself, without those of control traffic.
    pub fn classes_of_load(&self) -> impl Iterator<Item = &Arc<Class>> {
        self.classes_of(|stream| !matches!(stream.kind, StreamKind::Control(_)))
    }

    fn classes_of(&self, wanted: impl Fn(&Stream) -> bool) -> impl Iterator<Item = &Arc<Class>> {
        let mut seen = std::collections::BTreeSet::new();
        let streams = self.streams.iter().filter(move |stream| wanted(stream));
        let of_streams = streams.flat_map(|stream| stream.classes.iter());
        let of_users =
            self.users.iter().flat_map(|users| users.classes.iter().flat_map(|kind| &kind.classes));
        of_streams.chain(of_users).filter(move |class| seen.insert(Arc::clone(&class.name)))
    }

    /// The closed loop, where there is one. Its requests depend on the answers and are no arrivals.
    #[must_use]
    pub fn users(&self) -> Option<&UserLoop> {
        self.users.as_ref()
    }

    /// What the users of the closed loop draw from.
    pub(crate) fn user_draws(&self) -> UserDraws {
        UserDraws::new(self.seed, self.streams.len() as u64, self.shard)
    }

    /// The streams of arrivals.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Most requests that are due within one second, as the rates say.
    #[must_use]
    pub fn peak_rate(&self) -> f64 {
        let edges = self.streams.iter().flat_map(|stream| stream.pace.edges());
        let rate_at = |micros| self.streams.iter().map(|stream| stream.pace.rate_at(micros)).sum::<f64>();
        edges.map(rate_at).fold(0.0, f64::max)
    }
}
