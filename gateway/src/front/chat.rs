//! `POST /v1/chat/completions`, whole and streamed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::record::LedgerState;
use http::Response;
use wire::openai::chat::{ChatRequest, Message};
use world::Instant;
use world::http::Body;

use super::{Caller, Refusal, served, sign};
use crate::attempt::{
    Exhausted, Failure, Job, Limit, Operation, Served, Work, answer_limit, first_content_limit,
};
use crate::billing::Cost;
use crate::core::Core;
use crate::fleet::Target;
use crate::plan::{Commit, ModelKind};
use crate::relay::{self, Again, Relay, Stage};
use crate::upstream::{AnswerHead, LiveStream, Upstream, WholeAnswer};

/// One chat, whole.
struct Whole<'a> {
    upstream: &'a Upstream,
    request: &'a ChatRequest<'a>,
    head: AnswerHead<'a>,
    limit: Option<Limit>,
}

impl Operation for Whole<'_> {
    type Answer = WholeAnswer;

    fn limit(&self) -> Option<Limit> {
        self.limit
    }

    async fn attempt(&self, target: &Target) -> Result<WholeAnswer, Failure> {
        self.upstream.chat(target, self.request, self.head).await
    }
}

/// One chat, streamed, up to its first content.
struct Streamed<'a> {
    upstream: &'a Upstream,
    request: &'a ChatRequest<'a>,
    head: AnswerHead<'a>,
    limit: Option<Limit>,
}

impl Operation for Streamed<'_> {
    type Answer = LiveStream;

    fn limit(&self) -> Option<Limit> {
        self.limit
    }

    async fn attempt(&self, target: &Target) -> Result<LiveStream, Failure> {
        self.upstream.chat_stream(target, self.request, self.head).await
    }
}

/// Answers a chat.
pub(super) async fn answer(core: &Arc<Core>, body: Bytes, caller: Caller) -> Result<Response<Body>, Refusal> {
    let request = parse(&body)?;
    let streamed = request.is_streamed();
    let routed = core.router.route(&request.model, ModelKind::Chat, streamed);
    let route = routed.map_err(|why| Refusal::unroutable(why, &request.model))?;
    if streamed {
        let route = route.to_vec();
        drop(request);
        stream(core, body, route, caller).await
    } else {
        whole(core, &request, route, &caller).await
    }
}

async fn whole(
    core: &Core,
    request: &ChatRequest<'_>,
    route: &[usize],
    caller: &Caller,
) -> Result<Response<Body>, Refusal> {
    let answer_id = answer_id(caller);
    let operation = Whole {
        upstream: &core.upstream,
        request,
        head: head(core, &answer_id, request),
        limit: answer_limit(&core.policy.deadlines, work(request)),
    };
    let asked = core.clock.now();
    let job = Job { route, identity: caller.identity, began: caller.began };
    let result = core.dispatcher.run(&operation, job).await;
    let served_by = result.map_err(|exhausted| Refusal::exhausted(exhausted, core.clock.now()))?;
    delay(core, core.clock.now() - asked).await;
    let target = &served_by.entry.target;
    let usage = served_by.answer.usage;
    let cost = Cost { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens };
    core.billing.enter(&caller.account, target, cost, LedgerState::Billed);
    Ok(served(served_by.answer.body, caller, &target.provider.name))
}

async fn stream(
    core: &Arc<Core>,
    body: Bytes,
    route: Vec<usize>,
    caller: Caller,
) -> Result<Response<Body>, Refusal> {
    let first = route.first().and_then(|index| core.fleet.targets.get(*index));
    let first = first.map_or_else(|| "".into(), |target| Arc::clone(&target.provider.name));
    let again = Again { core: Arc::clone(core), body, route };
    let opening = again.open(&caller);
    let (stage, provider) = match core.policy.streams.commit {
        Commit::AtOnce => (Stage::Opening(opening), first),
        Commit::FirstContent => {
            let asked = core.clock.now();
            let opened =
                opening.await.map_err(|exhausted| Refusal::exhausted(exhausted, core.clock.now()))?;
            delay(core, core.clock.now() - asked).await;
            let provider = Arc::clone(&opened.entry.target.provider.name);
            (Stage::Streaming(Box::new(opened)), provider)
        }
    };
    let mut response = relay::response();
    sign(&mut response, &caller, &provider);
    *response.body_mut() = Body::stream(Relay::new(stage, again, caller));
    Ok(response)
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
    let answer_id = answer_id_of(identity);
    let operation = Streamed {
        upstream: &core.upstream,
        request: &request,
        head: head(core, &answer_id, &request),
        limit: first_content_limit(&core.policy.deadlines, work(&request)),
    };
    core.dispatcher.run(&operation, Job { route, identity, began }).await
}

fn parse(body: &[u8]) -> Result<ChatRequest<'_>, Refusal> {
    let invalid = |message: String| Refusal::Invalid { message };
    let request = ChatRequest::parse(body).map_err(|error| invalid(error.to_string()))?;
    if request.messages.iter().all(|message| message.role.is_instruction()) {
        return Err(invalid("`messages` has no message to answer.".to_owned()));
    }
    if request.n.is_some_and(|n| n != 1) {
        return Err(invalid("`n` must be 1: this gateway gives one answer.".to_owned()));
    }
    if request.output_token_limit() == Some(0) {
        return Err(invalid("`max_tokens` must be at least 1.".to_owned()));
    }
    Ok(request)
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

fn answer_id(caller: &Caller) -> String {
    answer_id_of(caller.identity)
}

fn answer_id_of(identity: u64) -> String {
    format!("chatcmpl-{identity:016x}")
}

/// Makes a chat slower by the policy's share of what it took.
async fn delay(core: &Core, took: Duration) {
    let percent = core.policy.chat_delay_percent;
    if percent > 0 {
        core.clock.sleep(took * percent / 100).await;
    }
}
