//! InvokeModelWithBidirectionalStream: a session with Nova Sonic, which listens while it speaks.
//!
//! A request is a session. Its body is read as it comes and its answer begins at once; nothing here is a task of its
//! own: [`body::LiveBody`] is the answer's body, which looks at the request's body and at the clock whenever it is asked
//! for more. A client that does not read is not listened to either, so that what is held stays small.

mod answer;
mod body;
mod dialogue;
mod ear;
mod prompt;
mod scribe;
mod session;
#[cfg(test)]
mod tests;
mod voice;

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode, Version};
use wire::bedrock::error::text;
use wire::bedrock::headers::EVENT_STREAM;
use wire::bedrock::model::Family;
use wire::bedrock::sigv4::EventChain;
use world::http::{Body, Deadline};

use super::failure::{self, Failure};
use super::settlement::Settlement;
use super::target::Target;
use super::{Bedrock, reply};
use crate::call::{Call, Engine};
use crate::engine::prompt::Cached;
use body::LiveBody;
use session::Session;

/// How long after its end a session that nobody reads is kept.
const GRACE: Duration = Duration::from_secs(10);
/// Our wording: what the service says to HTTP/1.1 is not known.
const HTTP2_WANTED: &str = "InvokeModelWithBidirectionalStream requires HTTP/2.";

impl Bedrock {
    /// Opens a session. `chain` checks the client's events, where they are to be checked.
    pub(super) async fn converse_live(
        &self,
        engine: &Arc<Engine>,
        call: &Call<'_>,
        target: &Target<'_>,
        chain: Option<EventChain>,
    ) -> Result<Response<Body>, Failure> {
        if target.family != Family::Speech {
            return Err(Failure::invalid(text::UNSUPPORTED_ACTION));
        }
        if call.parts.version != Version::HTTP_2 {
            return Err(Failure::invalid(HTTP2_WANTED));
        }
        let settlement = Settlement::reserve(&self.quota, target, (0, Cached::default()), None)?;
        let mut timer = engine.sleep(call, failure::DELAY);
        (&mut timer).await;
        let session = Session::open(engine, call, target, (chain, settlement));
        let body = LiveBody::new(call.upload.take(), session, timer, engine);
        let mut response = reply::base(engine, call, StatusCode::OK, EVENT_STREAM, Body::stream(body));
        response.extensions_mut().insert(Deadline(call.arrived + session::SESSION_MAX + GRACE));
        Ok(response)
    }
}
