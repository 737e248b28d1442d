//! `GET`, `DELETE`, `/input_items` and `/cancel` of a response that is kept.

use http::{Method, Response, StatusCode};
use wire::json::{Raw, Text};
use wire::openai::error::ErrorDetail;
use wire::openai::responses::{DeletedResponse, InputItemList, ResponsesRequest, Status};
use world::http::Body;

use super::draft::Stage;
use super::store::Kept;
use crate::call::{Call, Engine};
use crate::openai::failure::Failure;
use crate::openai::{OpenAi, reply};

/// Items on a page when the caller does not say.
const PAGE_SIZE: usize = 20;

impl OpenAi {
    /// `GET` or `DELETE`
    pub(in crate::openai) fn kept_response(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Response<Body>, Failure> {
        let kept = self.store.get(id).ok_or_else(|| not_found(id))?;
        if call.parts.method == Method::DELETE {
            self.store.delete(id);
            let deleted = DeletedResponse { id, object: "response", deleted: true };
            return Ok(reply::json(engine, call, wire::json::to_bytes(&deleted)));
        }
        Ok(reply::json(engine, call, state(&kept, engine)))
    }

    /// `GET …/input_items`
    pub(in crate::openai) fn kept_input(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Response<Body>, Failure> {
        let kept = self.store.get(id).ok_or_else(|| not_found(id))?;
        let query = call.parts.uri.query().unwrap_or_default();
        let asked = |name: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let limit = asked("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE_SIZE).clamp(1, 100);
        let mut data: Vec<Raw<'_>> = kept.input.iter().filter_map(|item| Raw::parse(item).ok()).collect();
        if asked("order").as_deref() != Some("asc") {
            data.reverse();
        }
        let has_more = data.len() > limit;
        data.truncate(limit);
        let (first_id, last_id) = (data.first().and_then(id_of), data.last().and_then(id_of));
        let list = InputItemList { object: "list", data, first_id, last_id, has_more };
        Ok(reply::json(engine, call, wire::json::to_bytes(&list)))
    }

    /// `POST …/cancel`
    pub(in crate::openai) fn cancel(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Response<Body>, Failure> {
        let mut kept = self.store.get(id).ok_or_else(|| not_found(id))?;
        let request = ResponsesRequest::parse(&kept.draft.request).unwrap_or_default();
        if request.background != Some(true) {
            return Err(Failure::message("Cannot cancel a synchronous response."));
        }
        if kept.ready_at > engine.clock.now() && !kept.is_cancelled {
            kept.is_cancelled = true;
            self.store.keep(kept.clone());
        }
        Ok(reply::json(engine, call, state(&kept, engine)))
    }
}

fn id_of(item: &Raw<'_>) -> Option<Text<'static>> {
    let named: super::Named<'_> = item.read().ok()?;
    named.id.map(Text::into_owned)
}

/// The response as it is now.
fn state(kept: &Kept, engine: &Engine) -> bytes::Bytes {
    let stage = if kept.is_cancelled {
        Stage::Begun(Status::Cancelled)
    } else if kept.ready_at > engine.clock.now() {
        Stage::Begun(Status::InProgress)
    } else {
        Stage::Ended(kept.draft.items())
    };
    kept.draft.to_bytes(stage)
}

fn not_found(id: &str) -> Failure {
    let message = format!("Response with id '{id}' not found.");
    Failure::new(StatusCode::NOT_FOUND, ErrorDetail::new(message, "invalid_request_error"))
}
