//! `:countTokens`.

use std::time::Duration;

use http::Response;
use wire::vertex::count_tokens::{CountTokensRequest, CountTokensResponse};
use wire::vertex::generate_content::{Modality, ModalityTokenCount};
use world::http::Body;

use super::failure::Failure;
use super::prompt::Size;
use super::reply;
use crate::call::{Call, Engine};

/// How long a count takes: no model is asked. Our assumption.
const DELAY: Duration = Duration::from_millis(30);

pub(super) async fn answer(engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let request = CountTokensRequest::parse(call.body).map_err(|error| Failure::payload(&error))?;
    if request.contents.is_empty() {
        return Err(Failure::Parameter("at least one contents field is required.".to_owned()));
    }
    let size = Size::of_request(&request);
    let total_tokens = u32::try_from(size.tokens()).unwrap_or(u32::MAX);
    engine.sleep(call, DELAY).await;
    let counted = CountTokensResponse {
        total_tokens,
        total_billable_characters: size.billable_characters,
        prompt_tokens_details: vec![ModalityTokenCount {
            modality: Modality::Text,
            token_count: total_tokens,
        }],
    };
    Ok(reply::json(engine, counted.to_bytes()))
}
