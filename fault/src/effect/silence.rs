//! `silence`: the request is taken and never answered.
//!
//! ```toml
//! silence = true       # until the peer leaves
//! silence = "30s"      # then the connection is closed without an answer
//! ```

use std::str::FromStr;
use std::time::Duration;

use notation::{format_duration, parse_duration};

use crate::grammar::Refused;

/// For how long nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence(pub Option<Duration>);

impl FromStr for Silence {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "" | "true" => Ok(Self(None)),
            _ => Ok(Self(Some(parse_duration(text)?))),
        }
    }
}

impl Silence {
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        self.0.map(|length| ("for", format_duration(length))).into_iter().collect()
    }
}
