//! `POST /v1/messages` and `/v1/messages/count_tokens`.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode};
use wire::anthropic::catalogue;
use wire::anthropic::messages::TokenCount;
use wire::anthropic::stream;
use wire::json::Text;
use world::http::Body;

use super::failure::Failure;
use super::messages::{Asked, Home, Meter, Model, Sse, Turn};
use super::settlement::{self, Settlement};
use super::{Anthropic, reply};
use crate::call::{Call, Engine};
use crate::profile::Kind;
use crate::surface::Surface;

/// How long a count takes: no model is asked. Our assumption.
const COUNT_DELAY: Duration = Duration::from_millis(30);

impl Anthropic {
    pub(super) async fn messages(&self, engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
        let asked = Asked::parse(Home::Direct, call.body)?;
        let name = name_of(&asked);
        let model = served(engine, &name)?;
        let request = asked.check(&model, (&engine.prompt_cache, ""), call.arrived)?;
        let profile = engine.plan.profile_of(Surface::Anthropic, Kind::Chat, model.name);
        let quotas = (&self.imposed, self.told.get(&profile.name));
        let settlement = Settlement::admit(quotas, model.name, &request)?;
        let standing = settlement.standing();
        let of = (Home::Direct, &model, model.name);
        let turn = Turn::decide((engine, call, profile), of, &request, settlement);
        let mut response = if request.body.is_streamed() {
            streamed(engine, call, turn).await
        } else {
            whole(engine, call, turn).await
        };
        settlement::tell(&standing, engine, call, response.headers_mut());
        Ok(response)
    }

    pub(super) async fn count_tokens(
        &self,
        engine: &Engine,
        call: &Call<'_>,
    ) -> Result<Response<Body>, Failure> {
        let asked = Asked::parse(Home::Direct, call.body)?;
        let name = name_of(&asked);
        let model = served(engine, &name)?;
        asked.check_prompt(&model)?;
        engine.sleep(call, COUNT_DELAY).await;
        let input_tokens = u32::try_from(asked.count(model.name)).unwrap_or(u32::MAX);
        Ok(reply::json(engine, call, TokenCount { input_tokens }.to_bytes()))
    }
}

async fn whole(engine: &Engine, call: &Call<'_>, mut turn: Turn<impl Meter>) -> Response<Body> {
    engine.sleep(call, turn.complete()).await;
    let response = reply::json(engine, call, turn.message());
    engine.announce(response, &turn)
}

async fn streamed(engine: &Engine, call: &Call<'_>, turn: Turn<impl Meter>) -> Response<Body> {
    const EVENTS: HeaderValue = HeaderValue::from_static(stream::CONTENT_TYPE);
    let mut timer = engine.sleep(call, turn.first());
    (&mut timer).await;
    let response = reply::base(engine, call, StatusCode::OK, EVENTS, Body::empty());
    let mut response = engine.announce(response, &turn);
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    *response.body_mut() = turn.play(engine, Sse, timer);
    response
}

/// The model that a request names.
fn name_of<'b>(asked: &Asked<'b>) -> Text<'b> {
    asked.model().cloned().unwrap_or_default()
}

/// The model of that name, if it is served.
fn served<'n>(engine: &Engine, name: &'n str) -> Result<Model<'n>, Failure> {
    let is_added = engine.plan.models.iter().any(|added| added == name);
    if catalogue::find(name).is_none() && !is_added {
        return Err(Failure::no_model(name));
    }
    Ok(Model::named(name))
}
