//! `header_flood`: more headers than anybody wants, before the upstream's body.
//!
//! ```toml
//! header_flood = { count = 200, bytes = 1024 }    # or "200x1024", which `true` means, too
//! ```
//!
//! Many clients refuse more than 100 headers.

use std::str::FromStr;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use serde::Deserialize;

use crate::grammar::Refused;

/// More headers than anybody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, try_from = "FloodTable")]
pub struct HeaderFlood {
    /// How many.
    pub count: u32,
    /// How long each value is, in bytes.
    pub bytes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FloodTable {
    count: u32,
    bytes: u32,
}

const FLOOD: &str = "a flood such as `200x1024`: up to 10000 headers of up to 65536 bytes, 16 MiB in all";

impl HeaderFlood {
    fn checked(count: u32, bytes: u32) -> Result<Self, Refused> {
        let is_sound = (1..=10_000).contains(&count)
            && bytes <= 65_536
            && u64::from(count) * u64::from(bytes) <= 16 << 20;
        let fail = || Refused::new(&format!("{count}x{bytes}"), FLOOD);
        is_sound.then_some(Self { count, bytes }).ok_or_else(fail)
    }

    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        vec![("count", self.count.to_string()), ("bytes", self.bytes.to_string())]
    }

    pub(super) fn mend(self, headers: &mut HeaderMap) {
        let value = vec![b'x'; usize::try_from(self.bytes).unwrap_or_default()];
        let Ok(value) = HeaderValue::from_bytes(&value) else { return };
        for number in 0..self.count {
            let name = HeaderName::from_bytes(format!("x-flood-{number}").as_bytes());
            if let Ok(name) = name {
                // A map holds 32,768 names; what does not fit is not sent.
                let _ = headers.try_insert(name, value.clone());
            }
        }
    }
}

impl TryFrom<FloodTable> for HeaderFlood {
    type Error = Refused;
    fn try_from(table: FloodTable) -> Result<Self, Refused> {
        Self::checked(table.count, table.bytes)
    }
}

impl FromStr for HeaderFlood {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let fail = || Refused::new(text, FLOOD);
        let text = if matches!(text, "" | "true") { "200x1024" } else { text };
        let (count, bytes) = text.split_once('x').ok_or_else(fail)?;
        Self::checked(count.trim().parse().map_err(|_| fail())?, bytes.trim().parse().map_err(|_| fail())?)
    }
}
