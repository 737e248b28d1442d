//! `GET /v1/models` and `GET /v1/models/{id}`.

use http::Response;
use wire::openai::models::{Model as Entry, ModelList};
use world::http::Body;

use super::failure::Failure;
use super::model::Model;
use super::reply;
use crate::call::{Call, Engine};
use crate::surface::Surface;

/// All models.
pub(super) fn list(engine: &Engine, call: &Call<'_>) -> Response<Body> {
    let added = engine.plan.models.iter().map(String::as_str);
    let models = engine.plan.models_of(Surface::OpenAi).into_iter().chain(added).map(entry);
    reply::json(engine, call, ModelList::new(models.collect()).to_bytes())
}

/// One model.
pub(super) fn get(engine: &Engine, call: &Call<'_>, id: &str) -> Result<Response<Body>, Failure> {
    if !engine.plan.lists(Surface::OpenAi, None, id) {
        return Err(Failure::no_model(id));
    }
    Ok(reply::json(engine, call, entry(id).to_bytes()))
}

fn entry(id: &str) -> Entry<'_> {
    Entry { id: id.into(), created: Model::of(id).created, owned_by: "system".into(), ..Entry::default() }
}
