//! What is needed to open a stream, now or once more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::attempt::{Exhausted, Served};
use crate::caller::Caller;
use crate::chat::open_stream;
use crate::core::Core;
use crate::fleet::Target;
use crate::upstream::LiveStream;

/// A stream that is being opened.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<Served<LiveStream>, Exhausted>> + Send>>;

/// One request for a stream.
#[derive(Debug)]
pub(crate) struct Again {
    pub(crate) core: Arc<Core>,
    /// The client's body.
    pub(crate) body: Bytes,
    /// Indices of the targets that may serve it.
    pub(crate) route: Vec<usize>,
}

impl Again {
    /// Opens the stream at the first target that answers.
    pub(crate) fn open(&self, caller: &Caller) -> Opening {
        self.open_at(self.route.clone(), caller)
    }

    /// Opens it anywhere but at `lost`, which is not asked again; none when there is nowhere else.
    pub(crate) fn elsewhere(&mut self, caller: &Caller, lost: &Arc<Target>) -> Option<Opening> {
        let targets = &self.core.fleet.targets;
        self.route.retain(|index| targets.get(*index).is_none_or(|target| !Arc::ptr_eq(target, lost)));
        (!self.route.is_empty()).then(|| self.open_at(self.route.clone(), caller))
    }

    fn open_at(&self, route: Vec<usize>, caller: &Caller) -> Opening {
        let (core, body) = (Arc::clone(&self.core), self.body.clone());
        let (identity, began) = (caller.identity, caller.began);
        Box::pin(async move { open_stream(&core, &body, &route, identity, began).await })
    }
}
