//! Finds where event-stream messages end.

use super::{OVERHEAD, PRELUDE_LEN, u32_at};
use crate::cutter::{Boundary, Step};
use crate::splitter::EVENT_LIMIT;

/// Collects the prelude, whose checksum guards against following a damaged length, then counts bytes.
#[derive(Debug, Default)]
pub(crate) struct FrameBoundary {
    prelude: [u8; PRELUDE_LEN],
    /// How much of the prelude is there.
    filled: usize,
    /// Bytes of the message still to come, once the prelude is whole.
    remaining: usize,
}

impl Boundary for FrameBoundary {
    fn advance(&mut self, bytes: &[u8]) -> Step {
        let mut seen = 0;
        if self.filled < PRELUDE_LEN {
            seen = bytes.len().min(PRELUDE_LEN - self.filled);
            self.prelude[self.filled..self.filled + seen].copy_from_slice(&bytes[..seen]);
            self.filled += seen;
            if self.filled < PRELUDE_LEN {
                return Step::More;
            }
            match announced_len(&self.prelude) {
                Ok(len) => self.remaining = len - PRELUDE_LEN,
                Err(step) => return step,
            }
        }
        if bytes.len() - seen < self.remaining {
            self.remaining -= bytes.len() - seen;
            return Step::More;
        }
        self.filled = 0;
        Step::End(seen + self.remaining)
    }
}

fn announced_len(prelude: &[u8; PRELUDE_LEN]) -> Result<usize, Step> {
    let field = |offset| u32_at(prelude, offset).ok_or(Step::Malformed);
    let (total, headers) = (field(0)? as usize, field(4)? as usize);
    if field(8)? != crc32fast::hash(&prelude[..8]) || total < OVERHEAD || headers > total - OVERHEAD {
        return Err(Step::Malformed);
    }
    if total > EVENT_LIMIT { Err(Step::Oversized) } else { Ok(total) }
}
