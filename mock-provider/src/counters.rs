//! What the mock counts of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, and of now. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    live_streams: AtomicU64,
}

impl Counters {
    /// Requests that have arrived.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Streams that are being sent now.
    #[must_use]
    pub fn live_streams(&self) -> u64 {
        self.0.live_streams.load(Ordering::Relaxed)
    }

    /// Forgets the requests so far. What lives is still counted.
    pub(crate) fn reset(&self) {
        self.0.requests.store(0, Ordering::Relaxed);
    }

    pub(crate) fn request(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stream(&self) -> LiveStream {
        self.0.live_streams.fetch_add(1, Ordering::Relaxed);
        LiveStream(self.clone())
    }
}

/// Counts a stream for as long as it lives.
#[derive(Debug)]
pub(crate) struct LiveStream(Counters);

impl Drop for LiveStream {
    fn drop(&mut self) {
        self.0.0.live_streams.fetch_sub(1, Ordering::Relaxed);
    }
}
