//! The fault-injecting reverse proxy: one listener a provider, its rules, its upstream.
//!
//! A request is read whole, identified by its nonce, decided about by the rules of its route, and forwarded
//! as it came; the answer is passed on event by event through the layers of `fault`. One record is
//! written for every request, at its end, whatever the end is.

mod account;
mod headers;
mod identity;
mod names;
mod plan;
mod proxy;
mod route;
mod timeline;

pub use plan::{ProxyFile, ProxyPlan, RouteFile, RoutePlan};
pub use proxy::{Proxy, start};
