//! Sending to providers: one request, one answer, in the provider's own terms.
//!
//! Nothing here retries or chooses; a failure is classified and handed back.

pub(crate) mod bedrock;
mod embed;
mod stream;
pub(crate) mod vertex;

pub(crate) use embed::{EmbeddingAnswer, Texts};
pub(crate) use stream::{Item, LiveStream, Read, cut};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, Uri};
use wire::openai::chat::{ChatRequest, Usage};
use world::http::{Body, Client, CollectError, SendError, collect};
use world::{Clock, World};

use crate::failure::{Cause, Failure, retry_after};
use crate::fleet::{Speaker, Target};

/// The largest answer that is read whole, in bytes.
const ANSWER_LIMIT: usize = 32 << 20;
/// The largest error body that is read, in bytes.
const ERROR_LIMIT: usize = 64 << 10;

/// Sends to all providers.
#[derive(Debug)]
pub(crate) struct Upstream {
    client: Client,
    clock: Clock,
}

/// What the answer to a client is written with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerHead<'a> {
    /// `chatcmpl-…`.
    pub(crate) id: &'a str,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// Whether a stream ends with the usage.
    pub(crate) include_usage: bool,
}

/// A whole answer in the client's terms.
#[derive(Debug)]
pub(crate) struct WholeAnswer {
    pub(crate) body: Bytes,
    pub(crate) usage: Usage,
}

impl Upstream {
    pub(crate) fn new(world: &World) -> Self {
        Self { client: Client::new(world), clock: *world.clock() }
    }

    /// A chat, answered whole.
    pub(crate) async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest<'_>,
        head: AnswerHead<'_>,
    ) -> Result<WholeAnswer, Failure> {
        let body = chat_body(target, request)?;
        let answer = self.post_whole(target, &target.endpoint.chat, body).await?;
        match &target.provider.speaker {
            Speaker::Bedrock(_) => bedrock::whole_answer(&answer, head, &target.model),
            Speaker::Vertex { .. } => vertex::whole_answer(&answer, head, &target.model),
        }
    }

    /// A chat, answered as a stream, up to its first content.
    pub(crate) async fn chat_stream(
        &self,
        target: &Target,
        request: &ChatRequest<'_>,
        head: AnswerHead<'_>,
    ) -> Result<LiveStream, Failure> {
        let body = chat_body(target, request)?;
        let response = self.post(target, &target.endpoint.chat_stream, body).await?;
        let mut stream = LiveStream::new(response.into_body(), &target.provider.speaker, head, &target.model);
        stream.read_to_content().await?;
        Ok(stream)
    }

    /// Sends and reads the whole body of a good answer.
    pub(crate) async fn post_whole(
        &self,
        target: &Target,
        path: &Uri,
        body: Bytes,
    ) -> Result<Bytes, Failure> {
        let response = self.post(target, path, body).await?;
        collect(response.into_body(), ANSWER_LIMIT).await.map_err(|error| broken(&error))
    }

    /// Sends and waits for the head of a good answer.
    async fn post(&self, target: &Target, path: &Uri, body: Bytes) -> Result<Response<Body>, Failure> {
        let request = self.request(target, path, body)?;
        let sent = self.client.send(&target.provider.url.address, request).await;
        let response = sent.map_err(|error| unsent(&error))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(Box::pin(refused(target, response)).await)
        }
    }

    fn request(&self, target: &Target, path: &Uri, body: Bytes) -> Result<Request<Body>, Failure> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, target.provider.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (mut parts, _) = request.into_parts();
        target.provider.speaker.authorize(&mut parts, &body, self.clock.unix_micros() / 1_000_000)?;
        Ok(Request::from_parts(parts, Body::full(body)))
    }
}

fn chat_body(target: &Target, request: &ChatRequest<'_>) -> Result<Bytes, Failure> {
    match &target.provider.speaker {
        Speaker::Bedrock(_) => bedrock::chat_body(request),
        Speaker::Vertex { .. } => vertex::chat_body(request),
    }
}

fn unsent(error: &SendError) -> Failure {
    let cause = match error {
        SendError::Connect { .. } => Cause::Connect,
        SendError::Reset | SendError::Closed => Cause::Lost,
        SendError::Malformed(_) => Cause::Malformed,
    };
    Failure::new(cause, error.to_string())
}

fn broken(error: &CollectError) -> Failure {
    let cause = match error {
        CollectError::TooLarge { .. } => Cause::Malformed,
        CollectError::Broken(_) => Cause::Lost,
    };
    Failure::new(cause, error.to_string())
}

/// An error answer, with the provider's own words where they can be read.
async fn refused(target: &Target, response: Response<Body>) -> Failure {
    let (head, body) = response.into_parts();
    let body = collect(body, ERROR_LIMIT).await.unwrap_or_default();
    let message = target.provider.speaker.error_message(head.status.as_u16(), &body);
    let cause = Cause::Status(head.status.as_u16());
    Failure { cause, message, retry_after: retry_after(&head.headers) }
}
