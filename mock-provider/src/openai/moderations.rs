//! `POST /v1/moderations`: everything is harmless.

use std::time::Duration;

use http::Response;
use serde::{Deserialize, Serialize};
use wire::json::{Raw, Text};
use wire::openai::diagnosis::{MODERATION, diagnose};
use world::http::Body;

use super::failure::Failure;
use super::model::Model;
use super::{Request, ids, reply};
use crate::call::{Call, Engine};

/// How long a classification takes. Our assumption.
const DELAY: Duration = Duration::from_millis(60);
const MODEL: &str = "omni-moderation-latest";

#[derive(Deserialize)]
struct ModerationRequest<'a> {
    #[serde(borrow)]
    input: Raw<'a>,
    #[serde(default)]
    model: Option<Text<'a>>,
}

#[derive(Serialize)]
struct Moderation<'a> {
    id: String,
    model: &'a str,
    results: Vec<Verdict>,
}

#[derive(Serialize, Clone)]
struct Verdict {
    flagged: bool,
    categories: Of<bool>,
    category_scores: Of<f64>,
    category_applied_input_types: Of<[&'static str; 1]>,
}

/// One value for each category.
#[derive(Serialize, Clone)]
struct Of<T> {
    harassment: T,
    #[serde(rename = "harassment/threatening")]
    harassment_threatening: T,
    sexual: T,
    hate: T,
    #[serde(rename = "hate/threatening")]
    hate_threatening: T,
    illicit: T,
    #[serde(rename = "illicit/violent")]
    illicit_violent: T,
    #[serde(rename = "self-harm/intent")]
    self_harm_intent: T,
    #[serde(rename = "self-harm/instructions")]
    self_harm_instructions: T,
    #[serde(rename = "self-harm")]
    self_harm: T,
    #[serde(rename = "sexual/minors")]
    sexual_minors: T,
    violence: T,
    #[serde(rename = "violence/graphic")]
    violence_graphic: T,
}

impl<T: Clone> Of<T> {
    fn each(value: &T) -> Self {
        Self {
            harassment: value.clone(),
            harassment_threatening: value.clone(),
            sexual: value.clone(),
            hate: value.clone(),
            hate_threatening: value.clone(),
            illicit: value.clone(),
            illicit_violent: value.clone(),
            self_harm_intent: value.clone(),
            self_harm_instructions: value.clone(),
            self_harm: value.clone(),
            sexual_minors: value.clone(),
            violence: value.clone(),
            violence_graphic: value.clone(),
        }
    }
}

pub(super) async fn answer(
    engine: &Engine,
    call: &Call<'_>,
    request: &Request<'_>,
) -> Result<Response<Body>, Failure> {
    let body = std::str::from_utf8(&request.body).ok().and_then(|text| Raw::parse(text).ok());
    let Some(body) = body.and_then(|raw| raw.read::<ModerationRequest<'_>>().ok()) else {
        let fault = diagnose(&request.body, MODERATION);
        return Err(fault.map_or_else(|| Failure::message("Invalid request body."), Failure::from));
    };
    engine.sleep(call, DELAY).await;
    let name = body.model.as_deref().unwrap_or(MODEL);
    let verdict = Verdict {
        flagged: false,
        categories: Of::each(&false),
        category_scores: Of::each(&1.0e-6),
        category_applied_input_types: Of::each(&["text"]),
    };
    let moderation = Moderation {
        id: ids::hexadecimal("modr-", engine.request_bits(&call.identity), 32),
        model: Model::of(name).served(name),
        results: vec![verdict; verdicts(body.input)],
    };
    Ok(reply::json(engine, call, wire::json::to_bytes(&moderation)))
}

/// One verdict for a text, or for a picture and its text; one for each of several texts.
fn verdicts(input: Raw<'_>) -> usize {
    input.read::<Vec<Text<'_>>>().map_or(1, |texts| texts.len())
}
