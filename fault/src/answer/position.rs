//! Where in a stream a fault takes hold: after so many events, or so many that carry content.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::Deserialize;

use super::events::bears_content;
use crate::asked::Shape;

/// A place in a stream: `3 events`, `1 content event`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Position {
    /// How many events come before it.
    pub count: u32,
    /// Whether only those count that carry a part of the generated answer.
    pub content_only: bool,
}

impl Position {
    /// Before the first event.
    pub const START: Self = Self { count: 0, content_only: false };

    /// After `count` events.
    #[must_use]
    pub const fn after(count: u32) -> Self {
        Self { count, content_only: false }
    }

    /// After `count` events that carry content.
    #[must_use]
    pub const fn after_content(count: u32) -> Self {
        Self { count, content_only: true }
    }
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a place in a stream such as `3 events` or `1 content event`")]
pub struct PositionError(String);

impl FromStr for Position {
    type Err = PositionError;
    fn from_str(text: &str) -> Result<Self, PositionError> {
        let fail = || PositionError(text.to_owned());
        let mut words = text.split_whitespace();
        let count = words.next().ok_or_else(fail)?.parse().map_err(|_| fail())?;
        let rest: Vec<&str> = words.collect();
        let content_only = match rest[..] {
            [] | ["event" | "events"] => false,
            ["content"] | ["content", "event" | "events"] => true,
            _ => return Err(fail()),
        };
        Ok(Self { count, content_only })
    }
}

impl TryFrom<String> for Position {
    type Error = PositionError;
    fn try_from(text: String) -> Result<Self, PositionError> {
        text.parse()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.content_only { "content " } else { "" };
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {kind}event{plural}", self.count)
    }
}

/// Counts towards a position.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    position: Position,
    shape: Shape,
    seen: u32,
}

impl Progress {
    pub(crate) fn towards(position: Position, shape: Shape) -> Self {
        Self { position, shape, seen: 0 }
    }

    /// Whether the place has come: the next event is the first beyond it.
    pub(crate) fn is_reached(&self) -> bool {
        self.seen >= self.position.count
    }

    /// Another event goes out; whether the place is now reached.
    pub(crate) fn pass(&mut self, event: &Bytes) -> bool {
        if !self.is_reached() && (!self.position.content_only || bears_content(self.shape, event)) {
            self.seen += 1;
        }
        self.is_reached()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_and_written_back() {
        for text in ["0 events", "1 event", "3 events", "1 content event", "2 content events"] {
            assert_eq!(text.parse::<Position>().map(|place| place.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("3".parse(), Ok(Position::after(3)));
        for text in ["", "x", "-1 events", "3 tokens", "3 events more"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
