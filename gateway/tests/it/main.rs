//! The gateway's behaviour towards clients and providers.

mod support;

mod breaker; // a provider that fails, recovers, and how soon requests notice
mod errors; // what clients get when there is no answer
mod failover; // which provider answers
mod observe; // health, metrics, state, ledger
mod sockets; // the same in real time
mod streams; // relaying, and losing a provider on the way
mod throttles; // providers at their quota
mod weakness_admission; // each weakness beside the healthy gateway
mod weakness_attempts;
mod weakness_streams;
