//! The model garden: a publisher's models.

use http::Response;
use serde::Serialize;
use wire::vertex::error::{Case, Status};
use wire::vertex::filter::Restriction;
use world::http::Body;

use crate::call::Engine;
use crate::profile::Kind;
use crate::surface::Surface;
use crate::vertex::front::{Failure, Paging, Request, reply};

/// Models on a page when the caller does not say.
const PAGE_SIZE: usize = 50;
const OPEN_SOURCE_CATEGORY: &str = "PROPRIETARY";
const LAUNCH_STAGE: &str = "GA";
/// The version of a model whose name has none.
const VERSION: &str = "default";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    publisher_models: Vec<Model<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Model<'a> {
    name: String,
    version_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_source_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launch_stage: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher_model_template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predict_schemata: Option<Schemata>,
}

/// What `:predict` takes and gives. The SDK's class for text embeddings knows its models by the first of these.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Schemata {
    instance_schema_uri: &'static str,
    parameters_schema_uri: &'static str,
    prediction_schema_uri: &'static str,
}

const TEXT_EMBEDDING: Schemata = Schemata {
    instance_schema_uri: "gs://google-cloud-aiplatform/schema/predict/instance/text_embedding_1.0.0.yaml",
    parameters_schema_uri: "gs://google-cloud-aiplatform/schema/predict/params/text_embedding_1.0.0.yaml",
    prediction_schema_uri: "gs://google-cloud-aiplatform/schema/predict/prediction/text_embedding_1.0.0.yaml",
};

/// How much of a model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Basic,
    Full,
    /// Its name and version.
    Version,
}

impl View {
    /// By name or number; `default` where none is given.
    fn of(request: &Request<'_>, default: Self) -> Result<Self, Failure> {
        const KIND: &str = "type.googleapis.com/google.cloud.aiplatform.v1beta1.PublisherModelView";
        match request.query.page.view.as_deref() {
            None | Some("PUBLISHER_MODEL_VIEW_UNSPECIFIED" | "0") => Ok(default),
            Some("PUBLISHER_MODEL_VIEW_BASIC" | "1") => Ok(Self::Basic),
            Some("PUBLISHER_MODEL_VIEW_FULL" | "2") => Ok(Self::Full),
            Some("PUBLISHER_MODEL_VERSION_VIEW_BASIC" | "3") => Ok(Self::Version),
            Some(other) => Err(Failure::of(Status::invalid_value("view", KIND, other))),
        }
    }
}

/// One page of a publisher's models.
pub(in crate::vertex) fn list(
    engine: &Engine,
    request: &Request<'_>,
    publisher: &str,
) -> Result<Response<Body>, Failure> {
    let view = View::of(request, View::Basic)?;
    let paging = Paging::of(request, PAGE_SIZE)?;
    paging.check_filter(&|restriction| value(restriction, "", "").is_some())?;
    let mut models = models(engine, publisher);
    if !lists_all_versions(request)? {
        models = newest(&models);
    }
    models.retain(|id| {
        let name = name(publisher, id);
        paging.wants(&|one| value(one, &name, version(id)).is_some_and(|value| one.holds_of(value)))
    });
    let (models, next_page_token) = paging.cut(models, |id| id);
    let publisher_models = models.into_iter().map(|id| model(engine, publisher, id, view)).collect();
    Ok(reply::json(engine, wire::json::to_bytes(&Page { publisher_models, next_page_token })))
}

/// One model, by its name with or without version.
pub(in crate::vertex) fn get(
    engine: &Engine,
    request: &Request<'_>,
    (publisher, id): (&str, &str),
) -> Result<Response<Body>, Failure> {
    let view = View::of(request, View::Full)?;
    let models = models(engine, publisher);
    let exact = models.iter().find(|model| **model == id);
    let found = exact.copied().or_else(|| newest(&models).into_iter().find(|model| family(model) == id));
    let id = found.ok_or(Failure::Case(Case::ModelNotFound))?;
    Ok(reply::json(engine, wire::json::to_bytes(&model(engine, publisher, id, view))))
}

/// Whether `publisher` has a model of this name and kind here.
pub(in crate::vertex) fn is_served(engine: &Engine, publisher: &str, model: &str, kind: Kind) -> bool {
    publisher_of(model) == publisher && engine.plan.lists(Surface::Vertex, Some(kind), model)
}

fn lists_all_versions(request: &Request<'_>) -> Result<bool, Failure> {
    match request.query.page.list_all_versions.as_deref() {
        None | Some("false" | "False") => Ok(false),
        Some("true" | "True") => Ok(true),
        Some(other) => Err(Failure::of(Status::invalid_value("list_all_versions", "TYPE_BOOL", other))),
    }
}

/// What a filter may compare.
fn value<'v>(restriction: &Restriction, name: &'v str, version: &'v str) -> Option<&'v str> {
    Some(match &*restriction.field {
        "name" => name,
        "version_id" => version,
        "open_source_category" => OPEN_SOURCE_CATEGORY,
        "launch_stage" => LAUNCH_STAGE,
        // The SDK leaves out what stands for all of Hugging Face.
        "is_hf_wildcard" => "false",
        _ => return None,
    })
}

fn models<'e>(engine: &'e Engine, publisher: &str) -> Vec<&'e str> {
    let mut models = engine.plan.models_of(Surface::Vertex);
    models.extend(engine.plan.models.iter().map(String::as_str));
    models.retain(|model| publisher_of(model) == publisher);
    models.sort_unstable();
    models.dedup();
    models
}

/// Of each model only its newest version, in the place of the first.
fn newest<'m>(models: &[&'m str]) -> Vec<&'m str> {
    let mut newest: Vec<&str> = Vec::new();
    for model in models {
        match newest.iter_mut().find(|known| family(known) == family(model)) {
            Some(known) => *known = (*known).max(*model),
            None => newest.push(model),
        }
    }
    newest
}

/// A model's name without version.
fn family(id: &str) -> &str {
    id.split('@').next().unwrap_or(id)
}

fn version(id: &str) -> &str {
    id.split_once('@').map_or(VERSION, |(_, version)| version)
}

fn name(publisher: &str, id: &str) -> String {
    format!("publishers/{publisher}/models/{}", family(id))
}

/// Whose model this is, by its name.
fn publisher_of(model: &str) -> &'static str {
    const PARTNERS: [(&str, &str); 6] = [
        ("claude", "anthropic"),
        ("mistral", "mistralai"),
        ("ministral", "mistralai"),
        ("codestral", "mistralai"),
        ("llama", "meta"),
        ("deepseek", "deepseek-ai"),
    ];
    PARTNERS.iter().find(|(name, _)| model.starts_with(name)).map_or("google", |(_, publisher)| publisher)
}

fn model<'m>(engine: &Engine, publisher: &str, id: &'m str, view: View) -> Model<'m> {
    let embeds = engine.plan.lists(Surface::Vertex, Some(Kind::Embeddings), id);
    let template =
        || format!("projects/{{project}}/locations/{{location}}/publishers/{publisher}/models/{id}");
    let shows_more = view != View::Version;
    Model {
        name: name(publisher, id),
        version_id: version(id),
        open_source_category: shows_more.then_some(OPEN_SOURCE_CATEGORY),
        launch_stage: shows_more.then_some(LAUNCH_STAGE),
        publisher_model_template: shows_more.then(template),
        predict_schemata: (embeds && view == View::Full).then_some(TEXT_EMBEDDING),
    }
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn of_several_versions_the_newest_stays_in_place() {
        let models = ["a@001", "b", "a@003", "a@002", "b-2"];
        assert_eq!(newest(&models), ["a@003", "b", "b-2"]);
    }
}
