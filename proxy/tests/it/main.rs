//! The proxy between a client and a provider: what passes, what fails, what is recorded.

use brownout_proxy as proxy;

mod decisions;
mod faults;
mod leaving;
mod overrides;
mod passing;
mod starting;
mod support;
mod timeline;
