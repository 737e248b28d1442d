//! `GET /v1/models` and `GET /v1/models/{id}`.

use http::{Response, StatusCode};
use wire::openai::models::{Model, ModelList};
use world::http::Body;

use crate::core::Core;
use crate::refusal::Refusal;
use crate::response::json;

/// Every name that a client may ask for, pinned ones included.
pub(super) fn list(core: &Core) -> Response<Body> {
    let models = core.router.names().map(|name| model(core, name)).collect();
    json(StatusCode::OK, ModelList::new(models).to_bytes())
}

/// One of them; a pinned name keeps its slash.
pub(super) fn one(core: &Core, path: &str) -> Result<Response<Body>, Refusal> {
    let id = path.trim_start_matches("/v1/models/");
    let known = core.router.names().find(|name| ***name == *id);
    let name = known.ok_or_else(|| Refusal::UnknownModel { model: id.to_owned() })?;
    Ok(json(StatusCode::OK, model(core, name).to_bytes()))
}

fn model<'a>(core: &Core, name: &'a str) -> Model<'a> {
    let created = core.clock.unix_start_micros() / 1_000_000;
    Model { id: name.into(), created, owned_by: "brownout".into(), ..Model::default() }
}
