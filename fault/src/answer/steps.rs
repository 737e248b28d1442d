//! What is to be done with a body, step by step: the language between effects and the body that acts.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use evidence::record::AttemptOutcome;
use serde::Deserialize;

/// How a body is broken off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// A whole HTTP message that says too little: the chunked terminator is sent.
    CleanEnd,
    /// The connection is closed without the rest that HTTP owes; over HTTP/2 the stream is cancelled.
    Fin,
    /// The connection is reset; over HTTP/2 the stream, and its neighbours go on.
    #[default]
    Reset,
    /// The connection is reset with every stream that it has. Over HTTP/1.1 the same as a reset.
    Connection,
}

impl By {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CleanEnd => "clean-end",
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Connection => "connection",
        }
    }
}

impl std::str::FromStr for By {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::CleanEnd, Self::Fin, Self::Reset, Self::Connection];
        all.into_iter().find(|by| by.as_str() == text).ok_or(())
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Send bytes; with the last of an event's bytes stands the event, to be counted.
    Send { bytes: Bytes, event: Option<Bytes> },
    /// Send nothing for a while.
    Wait(Duration),
    /// Send nothing of the answer for a time, or until the peer leaves; perhaps a murmur every so often.
    Stall { left: Option<Duration>, murmur: Option<(Duration, Bytes)> },
    /// A stall is over.
    Resume,
    /// Once the head is on the network, lift the limit on the connection's speed.
    Unpace,
    /// Note that the fault has taken hold.
    Applied,
    /// Note that it cannot.
    Impossible(&'static str),
    /// Break off; nothing after this is done.
    Break { by: By, outcome: AttemptOutcome },
}

/// The steps ahead.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    queue: VecDeque<Step>,
}

impl Steps {
    /// Sends an event as it is.
    pub(crate) fn event(&mut self, event: Bytes) {
        self.queue.push_back(Step::Send { bytes: event.clone(), event: Some(event) });
    }

    /// Sends bytes that are no event, or only a part of one.
    pub(crate) fn bytes(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queue.push_back(Step::Send { bytes, event: None });
        }
    }

    /// Sends the last bytes of an event that went out in parts.
    pub(crate) fn last_of(&mut self, event: Bytes, bytes: Bytes) {
        self.queue.push_back(Step::Send { bytes, event: Some(event) });
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.queue.push_back(Step::Wait(duration));
        }
    }

    /// Falls silent for a time, or until the peer leaves.
    pub(crate) fn stall(&mut self, length: Option<Duration>) {
        self.queue.extend([Step::Stall { left: length, murmur: None }, Step::Resume]);
    }

    /// The same, but sends `bytes` every so often.
    pub(crate) fn murmur(&mut self, length: Option<Duration>, every: Duration, bytes: Bytes) {
        self.queue.extend([Step::Stall { left: length, murmur: Some((every, bytes)) }, Step::Resume]);
    }

    /// How long to pause in a stall with so much time left; none is until the peer leaves. What comes
    /// after the pause, a murmur and more of the stall, is put ahead of everything else.
    pub(crate) fn stalled(
        &mut self,
        left: Option<Duration>,
        murmur: Option<(Duration, Bytes)>,
    ) -> Option<Duration> {
        let Some((every, bytes)) = murmur else { return left };
        if left.is_some_and(|left| left <= every) {
            return left;
        }
        let left = left.map(|left| left - every);
        self.queue.push_front(Step::Stall { left, murmur: Some((every, bytes.clone())) });
        self.queue.push_front(Step::Send { bytes, event: None });
        Some(every)
    }

    /// Lifts the limit on the connection's speed once the head is on the network.
    pub(crate) fn unpace(&mut self) {
        self.queue.push_back(Step::Unpace);
    }

    pub(crate) fn break_off(&mut self, by: By, outcome: AttemptOutcome) {
        self.queue.push_back(Step::Break { by, outcome });
    }

    /// The fault has taken hold with what stands before.
    pub(crate) fn applied(&mut self) {
        self.queue.push_back(Step::Applied);
    }

    /// The fault cannot take hold, unless it has already.
    pub(crate) fn impossible(&mut self, reason: &'static str) {
        self.queue.push_back(Step::Impossible(reason));
    }

    /// Takes a clean end that stands next: it must be known with the last bytes, for hyper may not ask again.
    pub(crate) fn take_clean_end(&mut self) -> Option<AttemptOutcome> {
        match self.queue.front() {
            Some(Step::Break { by: By::CleanEnd, outcome }) => {
                let outcome = *outcome;
                self.queue.clear();
                Some(outcome)
            }
            _ => None,
        }
    }

    pub(crate) fn next(&mut self) -> Option<Step> {
        self.queue.pop_front()
    }
}
