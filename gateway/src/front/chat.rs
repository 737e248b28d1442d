//! `POST /v1/chat/completions`, whole and streamed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::record::LedgerState;
use http::Response;
use wire::openai::chat::ChatRequest;
use world::http::Body;

use super::{served, sign};
use crate::billing::Cost;
use crate::caller::Caller;
use crate::chat;
use crate::core::Core;
use crate::plan::{Commit, ModelKind};
use crate::refusal::Refusal;
use crate::relay::{self, Again, Relay, Stage};

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
    let asked = core.clock.now();
    let result = chat::ask_whole(core, request, route, caller.identity, caller.began).await;
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

/// Makes a chat slower by the policy's share of what it took.
async fn delay(core: &Core, took: Duration) {
    let percent = core.policy.chat_delay_percent;
    if percent > 0 {
        core.clock.sleep(took * percent / 100).await;
    }
}
