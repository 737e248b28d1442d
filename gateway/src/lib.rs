//! The reference gateway: the system under test when none is named.
//!
//! It is a control, not a product: known to be good, and with a weakness switched on known to be bad in
//! one way, so that a drill can be trusted only when it passes the one and fails the other.
//!
//! Clients speak the OpenAI dialect to it. A request passes, in this order: `admission` (worker slots,
//! queue), `auth` (keys), `router` (aliases, pinned names), the `attempt` loop (targets, retries, failover,
//! with `breaker`, budget and cooldowns in `fleet`), `upstream` (Bedrock and Vertex AI), for streams the
//! `relay`, and `billing`. What each stage does is decided by the [`Policy`](plan::Policy) alone; a
//! [`weakness`] is a change to that value.

mod admission;
mod attempt;
mod auth;
mod billing;
mod breaker;
mod caller;
mod chat;
mod core;
mod failure;
mod fleet;
mod front;
mod gateway;
mod metrics;
pub mod plan;
mod refusal;
mod relay;
mod response;
mod router;
mod shared_buffer;
mod state;
mod upstream;
pub mod weakness;

pub use auth::{KeyTable, Lookup, Store, StoreUnavailable};
pub use breaker::BreakerState;
pub use gateway::{Gateway, StartError, start, start_with_store};
pub use plan::{DeclaredPolicy, GatewayFile, GatewayPlan};
pub use state::{GatewayState, ProviderState};
