//! Faults of the head: `wrong_content_type`, `header_flood`, `slow_headers`.
//!
//! ```toml
//! wrong_content_type = "text/plain"
//! header_flood       = { count = 200, bytes = 1024 }    # or "200x1024"
//! slow_headers       = "5s"                              # the head drips for so long
//! ```
//!
//! The body is the upstream's, streamed or not. A head without a body cannot drip.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Deserialize;

use super::{Length, Treat};
use crate::answer::{Steps, Surgeon};
use crate::grammar::Refused;

/// A content type that the answer does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongContentType(HeaderValue);

impl FromStr for WrongContentType {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let text = if matches!(text, "" | "true") { "text/plain" } else { text };
        HeaderValue::from_str(text)
            .map(Self)
            .map_err(|_| Refused::new(text, "a content type such as `text/plain`"))
    }
}

impl WrongContentType {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![("content_type", String::from_utf8_lossy(self.0.as_bytes()).into_owned())]
    }

    pub(super) fn mend(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, self.0.clone());
    }
}

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

/// The bytes a second at which a head takes `length`.
pub(super) fn pace_of(headers: &HeaderMap, length: Duration) -> u64 {
    let status_line_and_framing = 17 + 30;
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX).max(1);
    ((size + status_line_and_framing) as u64).saturating_mul(1_000_000) / micros
}

/// Lifts the pace of the head before the body goes out.
pub(super) fn treat_slow() -> Treat {
    Treat::operate(AfterSlowHead, Length::Keep)
}

struct AfterSlowHead;

impl Surgeon for AfterSlowHead {
    fn begin(&mut self, steps: &mut Steps) {
        steps.unpace();
    }

    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        steps.event(event);
    }
}
