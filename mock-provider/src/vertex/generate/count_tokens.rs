//! `:countTokens` and `:computeTokens`.

use std::time::Duration;

use http::Response;
use wire::vertex::compute_tokens::{ComputeTokensResponse, TokensInfo};
use wire::vertex::count_tokens::{CountTokensRequest, CountTokensResponse};
use wire::vertex::generate_content::Content;
use world::http::Body;

use super::checks::check_contents;
use super::logprobs::token_id;
use super::prompt::{Size, billable_characters_of, saturated};
use crate::call::{Call, Engine};
use crate::engine::prompt::Reader;
use crate::engine::tokens;
use crate::vertex::front::{Failure, reply};

/// How long a count takes: no model is asked. Our assumption.
const DELAY: Duration = Duration::from_millis(30);

pub(in crate::vertex) async fn answer(engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let request = parsed(call)?;
    let size = Size::of_request(&request, &mut Reader::default());
    engine.sleep(call, DELAY).await;
    let counted = CountTokensResponse {
        total_tokens: saturated(size.tokens()),
        total_billable_characters: billable_characters_of(&request),
        prompt_tokens_details: size.details(),
    };
    Ok(reply::json(engine, counted.to_bytes()))
}

/// The tokens themselves, of the texts only.
pub(in crate::vertex) async fn compute(engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let request = parsed(call)?;
    engine.sleep(call, DELAY).await;
    let tokens_info = request.contents.iter().map(tokens_of).collect();
    Ok(reply::json(engine, ComputeTokensResponse { tokens_info }.to_bytes()))
}

fn parsed<'a>(call: &Call<'a>) -> Result<CountTokensRequest<'a>, Failure> {
    let request = CountTokensRequest::parse(call.body)
        .map_err(|_| Failure::payload::<CountTokensRequest<'_>>(call.body))?;
    check_contents(&request.contents)?;
    Ok(request)
}

fn tokens_of<'a>(content: &Content<'a>) -> TokensInfo<'a> {
    let mut info = TokensInfo { role: content.role.clone(), ..TokensInfo::default() };
    for text in content.texts() {
        let mut start = 0;
        for end in tokens::ends(text) {
            let token = &text[start..end as usize];
            info.push(token, token_id(token));
            start = end as usize;
        }
    }
    info
}
