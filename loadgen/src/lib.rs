//! Load: when requests are due, what they say, how they are sent, and what came back.
//!
//! - [`plan`]: the `[load]` section of a drill file, checked into a [`LoadPlan`]; its arrivals are a pure
//!   function of (seed, plan) and can be split among machines
//! - [`target`]: where requests go and under whose keys
//! - [`client`]: one request in the OpenAI dialect, sent and judged: every token of every answer is checked
//! - [`run()`]: the open loop, which sends each arrival when it is due whatever became of the others
//! - [`preflight()`]: a few requests before a run, whose wrong answers make the run worthless
//!
//! ```no_run
//! # async fn example(world: world::World) -> Result<(), Box<dyn std::error::Error>> {
//! use brownout_loadgen::plan::{Binding, LoadFile};
//! use brownout_loadgen::{Progress, Target, preflight, run};
//!
//! let file: LoadFile = toml::from_str("arrivals = { poisson = \"200/s\" }\nmix = { chat = 70, models = 5 }")?;
//! let duration = Some(std::time::Duration::from_secs(60));
//! let binding = Binding { seed: world.seed(), duration, models: [].into(), pinned: [].into() };
//! let plan = file.plan(&binding)?;
//! let target = Target::new("http://127.0.0.1:4000/v1".parse()?);
//! assert!(preflight(&world, target.clone(), &plan).await.is_passed());
//! let plan = plan.starting_at(world.clock().now());
//! let summary = run(&world, target, &plan, evidence::Journal::discard(), Progress::default()).await;
//! println!("{} of {} requests were sent", summary.sent, summary.requested);
//! # Ok(())
//! # }
//! ```
//!
//! Latency counts from the intended send time, so that a stalled target cannot hide its stall by keeping
//! the generator waiting.

pub mod client;
pub mod plan;
mod preflight;
mod progress;
mod run;
pub mod target;

pub use plan::{LoadFile, LoadPlan, Planned};
pub use preflight::{Preflight, PreflightCheck, preflight};
pub use progress::{Progress, Snapshot};
pub use run::{LATE_AFTER, LoadSummary, run};
pub use target::Target;
