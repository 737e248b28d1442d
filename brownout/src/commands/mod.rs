//! One file a command: arguments into plans, plans into parts, results into print.

pub(crate) mod check;
pub(crate) mod drill;
pub(crate) mod drills;
pub(crate) mod explain;
pub(crate) mod gateway;
pub(crate) mod loadgen;
pub(crate) mod mock_provider;
pub(crate) mod plan;
pub(crate) mod proxy;
mod serving;

use std::net::ToSocketAddrs;

use world::{Address, BaseUrl};

use crate::cli::Profile;
use crate::exit::CommandError;

impl From<Profile> for ::drill::file::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Full => Self::Full,
            Profile::Short => Self::Short,
            Profile::Smoke => Self::Smoke,
        }
    }
}

/// Refuses an address beyond this machine unless its host was allowed by name.
fn guard_remote(address: &Address, allowed: &[String]) -> Result<(), CommandError> {
    let is_local = address.is_loopback() || allowed.iter().any(|host| host == address.host());
    if is_local {
        return Ok(());
    }
    Err(CommandError::configuration(format!(
        "{address} is not this machine (accepted: a loopback address, or --allow-remote {})",
        address.host()
    )))
}

/// Reads a URL that traffic is sent to.
fn target_url(text: &str, allowed: &[String]) -> Result<BaseUrl, CommandError> {
    let url: BaseUrl = text.parse().map_err(CommandError::configuration)?;
    guard_remote(&url.address, allowed)?;
    Ok(url)
}

/// Reads an address to listen on.
fn listen_address(text: &str) -> Result<Address, CommandError> {
    if text.to_socket_addrs().is_err() {
        return Err(CommandError::configuration(format!(
            "`{text}` is no address to listen on (accepted: HOST:PORT, such as 127.0.0.1:8080 or 127.0.0.1:0)"
        )));
    }
    Ok(Address::new(text))
}
