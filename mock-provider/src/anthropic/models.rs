//! The models, page by page or one by one.

use http::Response;
use wire::anthropic::catalogue;
use wire::anthropic::models::{Model, ModelList};
use world::http::Body;

use super::failure::Failure;
use super::reply;
use crate::call::{Call, Engine};

/// Models on a page where the caller does not say.
const PAGE_SIZE: usize = 20;
const PAGE_SIZE_MAX: usize = 1_000;

/// The page that the query asks for: the newest models first.
pub(super) fn list(engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let wanted = Wanted::of_query(call.parts.uri.query().unwrap_or_default())?;
    let models: Vec<Model<'_>> = served(engine).filter(|model| wanted.takes(model)).collect();
    let place = |cursor: &Option<String>| {
        let place = |id: &str| models.iter().position(|model| &*model.id == id);
        cursor.as_deref().map(|id| place(id).ok_or_else(|| no_cursor(id))).transpose()
    };
    let (start, end, has_more) = match (place(&wanted.before)?, place(&wanted.after)?) {
        (Some(end), _) => {
            let start = end.saturating_sub(wanted.limit);
            (start, end, start > 0)
        }
        (None, after) => {
            let start = after.map_or(0, |after| after + 1);
            let end = models.len().min(start + wanted.limit);
            (start, end, end < models.len())
        }
    };
    let page = ModelList::page(models[start..end].to_vec(), has_more);
    Ok(reply::json(engine, call, page.to_bytes()))
}

/// One model, by id or alias.
pub(super) fn get(engine: &Engine, call: &Call<'_>, id: &str) -> Result<Response<Body>, Failure> {
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let name = catalogue::find(&id).map_or(&*id, |known| known.id);
    let model = served(engine).find(|model| &*model.id == name).ok_or_else(|| Failure::no_model(&id))?;
    Ok(reply::json(engine, call, model.to_bytes()))
}

/// What the plan adds, then the catalogue.
fn served(engine: &Engine) -> impl Iterator<Item = Model<'_>> {
    let added = engine.plan.models.iter().filter(|id| catalogue::find(id).is_none());
    added.map(|id| Model::of_id(id.as_str())).chain(catalogue::MODELS.iter().map(Model::of_known))
}

/// What a query asks for.
struct Wanted {
    before: Option<String>,
    after: Option<String>,
    limit: usize,
    /// Stages of life; `active` and `deprecated` when none is named.
    lifecycle: Vec<String>,
}

impl Wanted {
    fn of_query(query: &str) -> Result<Self, Failure> {
        let mut wanted = Self { before: None, after: None, limit: PAGE_SIZE, lifecycle: Vec::new() };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "before_id" => wanted.before = Some(value.into_owned()),
                "after_id" => wanted.after = Some(value.into_owned()),
                "limit" => wanted.limit = limit(&value)?,
                "lifecycle" | "lifecycle[]" => wanted.lifecycle.push(value.into_owned()),
                _ => {}
            }
        }
        Ok(wanted)
    }

    fn takes(&self, model: &Model<'_>) -> bool {
        let lifecycle = model.lifecycle.as_deref().unwrap_or("active");
        self.lifecycle.is_empty() || self.lifecycle.iter().any(|wanted| wanted == lifecycle)
    }
}

fn limit(text: &str) -> Result<usize, Failure> {
    let problem = match text.parse::<i64>() {
        Ok(limit) if limit < 1 => "greater than or equal to 1".to_owned(),
        Ok(limit) => match usize::try_from(limit) {
            Ok(limit) if limit <= PAGE_SIZE_MAX => return Ok(limit),
            _ => format!("less than or equal to {PAGE_SIZE_MAX}"),
        },
        Err(_) => "a valid integer, unable to parse string as an integer".to_owned(),
    };
    Err(Failure::invalid(format!("limit: Input should be {problem}")))
}

fn no_cursor(id: &str) -> Failure {
    Failure::invalid(format!("Invalid cursor: {id}"))
}
