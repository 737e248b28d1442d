//! Mock providers that official SDKs cannot tell from the real ones.
//!
//! * [`Profile`]: how fast a provider's model is, how long its answers, what its quotas; data, in files;
//! * [`MockFile`] and [`MockPlan`]: what one mock serves, as written and as checked;
//! * [`start`] and [`Mock`]: a running mock. One port serves every surface;
//! * `edge`: what surrounds a mock that stands alone: journal, control API, metrics, rules of its own;
//! * `engine`: the answer and its timing, a pure function of the seed and of who asks; knows no provider;
//! * `bedrock`, `vertex`, `openai`, `anthropic`: the surfaces, one folder each.

mod answers;
mod anthropic;
mod bedrock;
mod call;
mod counters;
mod edge;
mod engine;
mod file;
mod head;
mod mock;
mod openai;
mod overrides;
mod plan;
mod profile;
mod service;
mod surface;
mod vertex;

pub use answers::{AnswerRuleFile, MatchFile, ReplyFile, StopFile, ThenFile, ToolFile};
pub use counters::Counters;
pub use edge::{Access, ControlFile, EdgePlan};
pub use engine::{
    AnswerLaw, LatencyLaw, LineProblem, Order, Prompt, Recording, SchedulerLaw, SlowMode, Timing,
    count_tokens,
};
pub use file::{AuthMode, MockFile};
pub use mock::{Mock, StartError, start, start_alone, start_among};
pub use plan::MockPlan;
pub use profile::{
    AnswerFile, Coalescing, Kind, LatencyFile, OrderFile, Prediction, Profile, ProfileFile, Quantiles,
    RecordedFile, SchedulerFile, SlowFile, StreamFile,
};
pub use quota::{Pools, QuotaFile};
pub use surface::Surface;
