//! ListFoundationModels and GetFoundationModel.

use http::Response;
use serde::Serialize;
use wire::bedrock::error::ErrorKind;
use wire::bedrock::model::{Abilities, Family, MODELS, Model, ModelId};
use world::http::Body;

use super::failure::Failure;
use super::inference_profiles::one_of;
use super::reply;
use crate::call::{Call, Engine};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    model_summaries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    model_details: Entry<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    customizations_supported: [&'a str; 0],
    inference_types_supported: [&'a str; 1],
    input_modalities: &'a [&'a str],
    model_arn: String,
    model_id: &'a str,
    model_lifecycle: Lifecycle,
    model_name: &'a str,
    output_modalities: &'a [&'a str],
    provider_name: &'a str,
    response_streaming_supported: bool,
}

#[derive(Serialize)]
struct Lifecycle {
    status: &'static str,
}

/// The models that match the query, all of them without one.
pub(super) fn list(engine: &Engine, call: &Call<'_>, region: &str) -> Result<Response<Body>, Failure> {
    let wanted = Filter::of_query(call.parts.uri.query().unwrap_or_default())?;
    let model_summaries =
        MODELS.iter().map(|model| entry(model, region)).filter(|entry| wanted.takes(entry)).collect();
    Ok(reply::json(engine, call, wire::json::to_bytes(&List { model_summaries })))
}

/// One model, by id or ARN.
pub(super) fn get(
    engine: &Engine,
    call: &Call<'_>,
    region: &str,
    id: &str,
) -> Result<Response<Body>, Failure> {
    let id = ModelId::new(id);
    // A profile is no foundation model.
    let model = id.model().filter(|_| id.profile().is_none()).ok_or(ErrorKind::Validation)?;
    Ok(reply::json(engine, call, wire::json::to_bytes(&Details { model_details: entry(model, region) })))
}

fn entry<'a>(model: &Model, region: &str) -> Entry<'a>
where
    Model: 'a,
{
    let (input_modalities, output_modalities): (&[&str], &[&str]) = match model.family {
        Family::TitanEmbeddings => (&["TEXT"], &["EMBEDDING"]),
        Family::TitanMultimodal | Family::CohereEmbed => (&["TEXT", "IMAGE"], &["EMBEDDING"]),
        Family::AmazonImage | Family::Stability => (&["TEXT", "IMAGE"], &["IMAGE"]),
        Family::Speech => (&["SPEECH"], &["SPEECH", "TEXT"]),
        Family::Video => (&["TEXT", "IMAGE"], &["VIDEO"]),
        _ if Abilities::of(model.id).images => (&["TEXT", "IMAGE"], &["TEXT"]),
        _ => (&["TEXT"], &["TEXT"]),
    };
    Entry {
        customizations_supported: [],
        inference_types_supported: [if model.on_demand { "ON_DEMAND" } else { "INFERENCE_PROFILE" }],
        input_modalities,
        model_arn: ModelId::new(model.id).foundation_model_arn(region),
        model_id: model.id,
        model_lifecycle: Lifecycle { status: "ACTIVE" },
        model_name: model.name,
        output_modalities,
        provider_name: model.family.provider_name(model.id),
        response_streaming_supported: model.family.converses() || model.family == Family::Speech,
    }
}

/// What the query asks for; an empty text is any.
#[derive(Default)]
struct Filter {
    provider: String,
    output: String,
    inference: String,
    customization: String,
}

impl Filter {
    fn of_query(query: &str) -> Result<Self, Failure> {
        let mut filter = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let check = |accepted: &[&str]| one_of(&value, &key, accepted);
            match &*key {
                "byProvider" => filter.provider = value.into_owned(),
                "byOutputModality" => filter.output = check(&["TEXT", "IMAGE", "EMBEDDING"])?,
                "byInferenceType" => filter.inference = check(&["ON_DEMAND", "PROVISIONED"])?,
                "byCustomizationType" => {
                    filter.customization = check(&["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"])?;
                }
                _ => {}
            }
        }
        Ok(filter)
    }

    fn takes(&self, entry: &Entry<'_>) -> bool {
        let is = |wanted: &str, has: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(has);
        is(&self.provider, entry.provider_name)
            && entry.output_modalities.iter().any(|modality| is(&self.output, modality))
            && is(&self.inference, entry.inference_types_supported[0])
            // No model here can be customized.
            && self.customization.is_empty()
    }
}
