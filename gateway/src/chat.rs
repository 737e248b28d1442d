//! Asking providers for a chat, whole or as a stream.

use wire::openai::chat::{ChatRequest, Message};
use world::Instant;

use crate::attempt::{Exhausted, Job, Limit, Operation, Served, Work, answer_limit, first_content_limit};
use crate::core::Core;
use crate::failure::Failure;
use crate::fleet::Target;
use crate::upstream::{AnswerHead, LiveStream, Upstream, WholeAnswer};

/// One chat, as each attempt sends it.
struct Chat<'a> {
    upstream: &'a Upstream,
    request: &'a ChatRequest<'a>,
    head: AnswerHead<'a>,
    limit: Option<Limit>,
}

/// A chat that is answered whole.
struct Whole<'a>(Chat<'a>);

impl Operation for Whole<'_> {
    type Answer = WholeAnswer;

    fn limit(&self) -> Option<Limit> {
        self.0.limit
    }

    async fn attempt(&self, target: &Target) -> Result<WholeAnswer, Failure> {
        self.0.upstream.chat(target, self.0.request, self.0.head).await
    }
}

/// A chat that is answered as a stream, up to its first content.
struct Streamed<'a>(Chat<'a>);

impl Operation for Streamed<'_> {
    type Answer = LiveStream;

    fn limit(&self) -> Option<Limit> {
        self.0.limit
    }

    async fn attempt(&self, target: &Target) -> Result<LiveStream, Failure> {
        self.0.upstream.chat_stream(target, self.0.request, self.0.head).await
    }
}

/// Asks the targets in `route`, one after the other, for a whole answer.
pub(crate) async fn ask_whole(
    core: &Core,
    request: &ChatRequest<'_>,
    route: &[usize],
    identity: u64,
    began: Instant,
) -> Result<Served<WholeAnswer>, Exhausted> {
    let answer_id = answer_id(identity);
    let operation = Whole(Chat {
        upstream: &core.upstream,
        request,
        head: head(core, &answer_id, request),
        limit: answer_limit(&core.policy.deadlines, work(request)),
    });
    core.dispatcher.run(&operation, Job { route, identity, began }).await
}

/// Opens a stream at one of the targets in `route`.
pub(crate) async fn open_stream(
    core: &Core,
    body: &[u8],
    route: &[usize],
    identity: u64,
    began: Instant,
) -> Result<Served<LiveStream>, Exhausted> {
    // It was read before, so that it reads again; the default is never sent, for it has no target.
    let request = ChatRequest::parse(body).unwrap_or_default();
    let answer_id = answer_id(identity);
    let operation = Streamed(Chat {
        upstream: &core.upstream,
        request: &request,
        head: head(core, &answer_id, &request),
        limit: first_content_limit(&core.policy.deadlines, work(&request)),
    });
    core.dispatcher.run(&operation, Job { route, identity, began }).await
}

/// What decides the time limits; four bytes a token is the usual estimate.
fn work(request: &ChatRequest<'_>) -> Work {
    let bytes: usize = request.messages.iter().flat_map(Message::texts).map(str::len).sum();
    let prompt_tokens = u32::try_from(bytes / 4).unwrap_or(u32::MAX);
    Work { prompt_tokens, output_tokens: request.output_token_limit() }
}

fn head<'a>(core: &Core, answer_id: &'a str, request: &ChatRequest<'_>) -> AnswerHead<'a> {
    AnswerHead {
        id: answer_id,
        created: core.clock.unix_micros() / 1_000_000,
        include_usage: request.wants_stream_usage(),
    }
}

fn answer_id(identity: u64) -> String {
    format!("chatcmpl-{identity:016x}")
}
