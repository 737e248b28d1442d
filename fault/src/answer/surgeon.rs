//! The place where an effect acts on a body: piece by piece, without holding back more than it must.

use bytes::Bytes;

use super::Steps;

/// Decides what goes out for what comes in. Pure: it says what to do and does nothing.
pub(crate) trait Surgeon: Send {
    /// Before the first piece.
    fn begin(&mut self, _steps: &mut Steps) {}

    /// A whole event of a stream.
    fn event(&mut self, event: Bytes, steps: &mut Steps);

    /// Bytes that are no event: comments, an array's end, the pieces of a plain body.
    fn other(&mut self, bytes: Bytes, steps: &mut Steps) {
        steps.bytes(bytes);
    }

    /// The upstream has ended cleanly. What is still ahead is done, then the body ends.
    fn end(&mut self, steps: &mut Steps) {
        steps.impossible(TOO_SHORT);
    }
}

/// Why most stream faults do not happen.
pub(crate) const TOO_SHORT: &str = "the answer ended before the fault's turn";
