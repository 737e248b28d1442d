//! Where a rendered event lies between provider and client.
//!
//! Each stream has its own buffer. The other choice is the mistake that the drills must find: one buffer
//! for all, in which an event of one stream can be overwritten by another's before it is passed on.

use std::sync::Mutex;

use bytes::Bytes;
use world::splitmix64;

use crate::fleet::lock;
use crate::plan::Buffers;

/// One event in this many is caught in the gap between writing and reading the shared buffer.
const RACE_EVERY: u64 = 16;

/// The buffer that streams share when they share one.
#[derive(Debug, Default)]
pub(crate) struct SharedBuffer(Mutex<Gap>);

#[derive(Debug, Default)]
struct Gap {
    events: u64,
    left_behind: Option<(u64, Bytes)>,
}

impl SharedBuffer {
    /// Passes on an event of the stream `identity`: itself, or what the shared buffer holds by now.
    pub(crate) fn pass(&self, buffers: Buffers, is_content: bool, identity: u64, event: Bytes) -> Bytes {
        if buffers == Buffers::Own || !is_content {
            return event;
        }
        let mut gap = lock(&self.0);
        gap.events += 1;
        if !splitmix64(identity ^ gap.events).is_multiple_of(RACE_EVERY) {
            return event;
        }
        match gap.left_behind.replace((identity, event.clone())) {
            Some((other, overwritten)) if other != identity => overwritten,
            _ => event,
        }
    }
}
