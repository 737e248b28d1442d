//! Reading a streamed completion event by event: when tokens came, whose they are, and whether the end
//! is a real one.
//!
//! A stream is whole when it named a reason for its end and closed with `[DONE]`. The time of a token is
//! the time at which its bytes came, taken before anything is parsed.

use std::time::Duration;

use bytes::Bytes;
use evidence::record::ClientOutcome;
use wire::openai::chat_stream::{Chunk, StreamEvent};
use wire::splitter::{Format, Piece, Splitter};
use wire::sse;
use world::http::Body;
use world::{Clock, Instant};

use super::answer::{Answer, Reading};

/// How long a whole stream may take to close its transfer before the client leaves.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// Timing and end of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct StreamState {
    first: Option<Instant>,
    last_event: Option<Instant>,
    gap_max: Option<Duration>,
    events: u32,
    has_reason: bool,
    is_done: bool,
    /// When the event came that ended the answer, well or not.
    ended_at: Option<Instant>,
}

/// Whether a stream is to be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Read,
    Stop,
}

/// Reads a stream to its end and says how it ended.
pub(super) async fn read(clock: &Clock, mut body: Body, reading: &mut Reading) {
    reading.stream = Some(StreamState::default());
    let mut splitter = Splitter::new(Format::Sse);
    loop {
        let next = body.next_data().await;
        let now = clock.now();
        match next {
            Some(Ok(bytes)) => {
                if take(bytes, now, &mut splitter, reading) == Then::Stop {
                    break;
                }
            }
            Some(Err(_)) => return end(reading, &mut splitter, now, ClientOutcome::TruncSignalled),
            None => return end(reading, &mut splitter, now, ClientOutcome::TruncSilent),
        }
    }
    if is_whole(reading) {
        reading.end_whole();
    }
    if reading.stream.as_ref().is_some_and(StreamState::has_ended) {
        close(clock, body, reading).await;
    }
}

/// Lets the transfer of an answer that has ended close, so that its connection can be used again and
/// nobody behind it takes the client for one that left.
async fn close(clock: &Clock, mut body: Body, reading: &mut Reading) {
    let rest = async {
        while let Some(Ok(bytes)) = body.next_data().await {
            reading.answer.bytes += bytes.len() as u64;
        }
    };
    // A peer that holds the connection open has answered all the same.
    let _ = clock.timeout(CLOSING_TIME, rest).await;
}

fn is_whole(reading: &Reading) -> bool {
    reading.stream.as_ref().is_some_and(StreamState::is_whole)
}

/// The transfer is over: `outcome`, unless the answer was whole by then.
fn end(reading: &mut Reading, splitter: &mut Splitter, now: Instant, outcome: ClientOutcome) {
    if let Some(Piece::Event(raw)) = splitter.finish()
        && event(&raw, now, reading) == Then::Stop
        && !is_whole(reading)
    {
        return;
    }
    if is_whole(reading) {
        reading.end_whole();
    } else {
        reading.end(outcome);
    }
}

fn take(bytes: Bytes, now: Instant, splitter: &mut Splitter, reading: &mut Reading) -> Then {
    reading.answer.bytes += bytes.len() as u64;
    splitter.push(bytes);
    while let Some(piece) = splitter.next_event() {
        let then = match piece {
            Piece::Event(raw) => event(&raw, now, reading),
            Piece::Comment(_) => Then::Read,
            Piece::Close(_) | Piece::Partial(_) | Piece::Raw(_) => malformed(reading),
        };
        if then == Then::Stop {
            return then;
        }
    }
    Then::Read
}

fn malformed(reading: &mut Reading) -> Then {
    reading.end(ClientOutcome::Malformed);
    Then::Stop
}

fn event(raw: &[u8], now: Instant, reading: &mut Reading) -> Then {
    let Some(data) = sse::data(raw) else { return Then::Read };
    if let Some(state) = &mut reading.stream {
        state.note_event(now);
    }
    match StreamEvent::parse(data) {
        Ok(StreamEvent::Chunk(chunk)) => {
            note_chunk(&chunk, now, reading);
            Then::Read
        }
        Ok(StreamEvent::Done) => done(now, reading),
        Ok(StreamEvent::Error(error)) => {
            if let Some(state) = &mut reading.stream {
                state.ended_at = Some(now);
            }
            reading.end_with_error(ClientOutcome::TruncSignalled, &error);
            Then::Stop
        }
        Err(_) => malformed(reading),
    }
}

fn done(now: Instant, reading: &mut Reading) -> Then {
    if let Some(state) = &mut reading.stream {
        state.is_done = true;
        state.ended_at = Some(now);
    }
    if !is_whole(reading) {
        // The marker without a reason closes an answer that was never finished.
        reading.end(ClientOutcome::TruncSilent);
    }
    Then::Stop
}

fn note_chunk(chunk: &Chunk<'_>, now: Instant, reading: &mut Reading) {
    reading.served_model(&chunk.model);
    if let Some(state) = &mut reading.stream {
        state.has_reason |= chunk.finish_reason().is_some();
        if chunk.is_generated() {
            state.first.get_or_insert(now);
        }
    }
    for delta in chunk.choices.iter().map(|choice| &choice.delta) {
        for text in [&delta.reasoning_content, &delta.content, &delta.refusal].into_iter().flatten() {
            reading.generated(text);
        }
    }
}

impl StreamState {
    /// Whether the answer came to its real end.
    pub(super) const fn is_whole(&self) -> bool {
        self.has_reason && self.is_done
    }

    fn note_event(&mut self, now: Instant) {
        self.events += 1;
        if let Some(last) = self.last_event.replace(now) {
            self.gap_max = self.gap_max.max(Some(now.saturating_since(last)));
        }
    }

    /// Whether the event has come that ended the answer, well or not.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Writes what is known into the answer, whose end is set.
    pub(super) fn describe(&self, answer: &mut Answer) {
        // Closing the transfer is not part of the answer.
        answer.end = self.ended_at.unwrap_or(answer.end);
        answer.first = self.first;
        answer.events = Some(self.events);
        let trailing = self.last_event.map(|last| answer.end.saturating_since(last));
        answer.gap_max = self.gap_max.max(trailing);
    }
}
