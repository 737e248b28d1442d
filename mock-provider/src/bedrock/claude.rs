//! Claude through InvokeModel: a whole answer in the vendor's own format.

use http::Response;
use wire::bedrock::invoke_claude::{Block, Content, Request, Response as Answered, Usage};
use wire::bedrock::model::claude_name;
use world::http::Body;

use super::decide::Decided;
use super::failure::Failure;
use super::target::Target;
use super::{Bedrock, invoke};
use crate::call::{Call, Engine};
use crate::engine::ask::Ask;
use crate::engine::reply::Stop;
use crate::engine::tokens;

/// The longest prompt of Claude models, in tokens.
const CONTEXT_TOKENS: u64 = 200_000;
/// What a picture or document counts as, in tokens.
const ATTACHMENT_TOKENS: u64 = 1_500;

impl Bedrock {
    pub(super) async fn claude(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut decided = self.decide_claude(engine, call, target)?;
        engine.sleep(call, decided.timing.complete(decided.reply.tokens())).await;
        decided.settlement.generated(decided.reply.tokens());
        let (id, usage) = (message_id(engine, call), usage(&decided));
        let content = vec![Block::text(decided.reply.text())];
        let model = claude_name(target.id.base());
        let answered = Answered::new(id, model, content, stop_reason(&decided), usage);
        let counts = decided.counts();
        Ok(engine.announce(invoke::answered(engine, call, answered.to_bytes(), counts), &decided.reply))
    }

    /// Checks a request and decides its answer; the same for both ways of delivery.
    pub(super) fn decide_claude<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Decided<'e>, Failure> {
        let request = Request::parse(call.body).map_err(Failure::invalid)?;
        let limit = target.max_output_tokens();
        let asked = u32::try_from(request.max_tokens).unwrap_or(u32::MAX);
        if asked > limit {
            return Err(Failure::invalid(format!(
                "max_tokens: {asked} > {limit}, which is the maximum allowed number of output tokens for {}",
                claude_name(target.id.base())
            )));
        }
        let prompt_tokens = prompt_tokens(&request);
        if prompt_tokens > CONTEXT_TOKENS {
            let message = wire::bedrock::error::text::prompt_too_long(prompt_tokens, CONTEXT_TOKENS);
            return Err(Failure::invalid(message));
        }
        let ask = Ask::text(target.id.base(), asked);
        self.decide(engine, call, target, (prompt_tokens.into(), Some(asked)), &ask)
    }
}

/// `msg_bdrk_01` and 22 characters.
pub(super) fn message_id(engine: &Engine, call: &Call<'_>) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let (high, low) = engine.request_bits(&call.identity);
    let mut bits = u128::from(high) << 64 | u128::from(low);
    let mut id = String::from("msg_bdrk_01");
    for _ in 0..22 {
        id.push(char::from(ALPHABET[(bits % 58) as usize]));
        bits /= 58;
    }
    id
}

pub(super) fn stop_reason(decided: &Decided<'_>) -> &'static str {
    if *decided.reply.stop() == Stop::MaxTokens { "max_tokens" } else { "end_turn" }
}

pub(super) fn usage(decided: &Decided<'_>) -> Usage {
    Usage {
        input_tokens: decided.usage.input_tokens,
        output_tokens: decided.usage.output_tokens,
        ..Usage::default()
    }
}

/// The estimate for a whole request: texts, tool calls and definitions by length, attachments flat.
pub(super) fn prompt_tokens(request: &Request<'_>) -> u64 {
    let contents = request.messages.iter().map(|message| &message.content).chain(&request.system);
    let mut bytes = request.tools.as_ref().map_or(0, |tools| tools.get().len());
    let mut attachments = 0;
    for content in contents {
        match content {
            Content::Text(text) => bytes += text.len(),
            Content::Blocks(blocks) => {
                bytes += blocks.iter().map(block_bytes).sum::<usize>();
                attachments += blocks.iter().filter(|block| block.source.is_some()).count() as u64;
            }
        }
    }
    tokens::estimate(bytes) + attachments * ATTACHMENT_TOKENS
}

fn block_bytes(block: &Block<'_>) -> usize {
    let text = block.text.as_ref().map_or(0, |text| text.len());
    let raw = [&block.input, &block.content].into_iter().flatten().map(|raw| raw.get().len()).sum::<usize>();
    text + raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_by_length_and_attachments_flat() {
        let body = br#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"system":"1234","messages":[
            {"role":"user","content":[{"type":"text","text":"1234"},{"type":"image","source":{}}]}]}"#;
        assert_eq!(prompt_tokens(&Request::parse(body).expect("sound")), 2 + 1_500);
    }
}
