//! The model garden: a publisher's models.

use http::Response;
use serde::Serialize;
use wire::vertex::error::Case;
use wire::vertex::path::Query;
use world::http::Body;

use crate::call::Engine;
use crate::profile::Kind;
use crate::surface::Surface;
use crate::vertex::front::{Failure, reply};

/// Models on a page when the caller does not say.
const PAGE_SIZE: usize = 50;

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
    open_source_category: &'a str,
    launch_stage: &'a str,
    publisher_model_template: String,
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

/// One page of a publisher's models.
pub(in crate::vertex) fn list(engine: &Engine, query: &Query, publisher: &str) -> Response<Body> {
    let models = models(engine, publisher);
    let start = query.page_token.as_deref().and_then(|token| token.parse().ok()).unwrap_or(0);
    let size = query.page_size.map_or(PAGE_SIZE, |size| size.max(1) as usize);
    let publisher_models: Vec<_> =
        models.iter().skip(start).take(size).map(|id| model(engine, publisher, id)).collect();
    let end = start.saturating_add(publisher_models.len());
    let next_page_token = (end < models.len()).then(|| end.to_string());
    reply::json(engine, wire::json::to_bytes(&Page { publisher_models, next_page_token }))
}

/// One model.
pub(in crate::vertex) fn get(engine: &Engine, publisher: &str, id: &str) -> Result<Response<Body>, Failure> {
    if !models(engine, publisher).contains(&id) {
        return Err(Failure::Case(Case::ModelNotFound));
    }
    Ok(reply::json(engine, wire::json::to_bytes(&model(engine, publisher, id))))
}

/// Whether `publisher` has a model of this name and kind here.
pub(in crate::vertex) fn is_served(engine: &Engine, publisher: &str, model: &str, kind: Kind) -> bool {
    publisher_of(model) == publisher && engine.plan.lists(Surface::Vertex, Some(kind), model)
}

fn models<'e>(engine: &'e Engine, publisher: &str) -> Vec<&'e str> {
    let mut models = engine.plan.models_of(Surface::Vertex);
    models.retain(|model| publisher_of(model) == publisher);
    models
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

fn model<'a>(engine: &Engine, publisher: &str, id: &str) -> Model<'a> {
    let embeds = engine.plan.lists(Surface::Vertex, Some(Kind::Embeddings), id);
    Model {
        name: format!("publishers/{publisher}/models/{id}"),
        version_id: "default",
        open_source_category: "PROPRIETARY",
        launch_stage: "GA",
        publisher_model_template: format!(
            "projects/{{project}}/locations/{{location}}/publishers/{publisher}/models/{id}"
        ),
        predict_schemata: embeds.then_some(TEXT_EMBEDDING),
    }
}
