//! `bandwidth`: the body comes at no more than so many bytes a second, streamed or not.
//!
//! ```toml
//! bandwidth = "10KiB/s"
//! ```

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;

use super::{Length, Treat};
use crate::answer::{Steps, Surgeon};
use crate::grammar::Refused;

/// Bytes a second, above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth(pub u64);

const UNITS: [(&str, u64); 5] =
    [("KiB", 1 << 10), ("MiB", 1 << 20), ("kB", 1_000), ("MB", 1_000_000), ("B", 1)];

impl FromStr for Bandwidth {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let fail = || Refused::new(text, "a bandwidth such as `500B/s`, `10KiB/s` or `1MB/s`");
        let amount = text.trim().strip_suffix("/s").ok_or_else(fail)?;
        let find =
            |(unit, size): &(&str, u64)| amount.strip_suffix(unit).map(|number| (number.trim(), *size));
        let (number, size) = UNITS.iter().find_map(find).ok_or_else(fail)?;
        let bytes =
            number.parse::<u64>().ok().and_then(|number| number.checked_mul(size)).ok_or_else(fail)?;
        if bytes > 0 { Ok(Self(bytes)) } else { Err(fail()) }
    }
}

impl Bandwidth {
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        vec![("bytes_per_second", self.0.to_string())]
    }

    pub(super) fn treat(self) -> Treat {
        Treat::operate(Narrow { bytes_per_second: self.0 }, Length::Keep)
    }
}

struct Narrow {
    bytes_per_second: u64,
}

impl Narrow {
    /// Sends `bytes` in slices of what flows in 10 ms, each followed by the time that it takes.
    fn send(&self, mut bytes: Bytes, event: Option<Bytes>, steps: &mut Steps) {
        steps.applied();
        let slice = usize::try_from(self.bytes_per_second / 100).unwrap_or(usize::MAX).max(1);
        while bytes.len() > slice {
            steps.bytes(bytes.split_to(slice));
            steps.wait(self.time_of(slice));
        }
        let rest = self.time_of(bytes.len());
        match event {
            Some(event) => steps.last_of(event, bytes),
            None => steps.bytes(bytes),
        }
        steps.wait(rest);
    }

    fn time_of(&self, count: usize) -> Duration {
        Duration::from_micros((count as u64).saturating_mul(1_000_000) / self.bytes_per_second)
    }
}

impl Surgeon for Narrow {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        self.send(event.clone(), Some(event), steps);
    }

    fn other(&mut self, bytes: Bytes, steps: &mut Steps) {
        self.send(bytes, None, steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_read() {
        for (text, bytes) in [("500B/s", 500), ("10KiB/s", 10_240), ("1 MB/s", 1_000_000)] {
            assert_eq!(text.parse(), Ok(Bandwidth(bytes)), "{text}");
        }
        for text in ["", "10", "0B/s", "10KiB", "-1B/s", "1TB/s"] {
            assert!(text.parse::<Bandwidth>().is_err(), "{text}");
        }
    }
}
