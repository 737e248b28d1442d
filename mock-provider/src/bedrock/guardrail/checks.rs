//! InvokeGuardrailChecks: single checks without a guardrail. Their scores come from what the guardrail here finds.

use std::ops::Range;

use http::Response;
use serde::{Deserialize, Serialize};
use wire::bedrock::error::text;
use wire::json::Text;
use world::http::Body;

use super::DELAY;
use super::policy::{self, BLOCKED_WORD};
use crate::bedrock::failure::Failure;
use crate::bedrock::{Bedrock, reply};
use crate::call::{Call, Engine};

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    checks: Checks<'a>,
    messages: Vec<Message<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Checks<'a> {
    #[serde(borrow)]
    content_filter: Option<Categories<'a>>,
    prompt_attack: Option<Categories<'a>>,
    sensitive_information: Option<Entities<'a>>,
}

#[derive(Deserialize)]
struct Categories<'a> {
    #[serde(borrow)]
    categories: Vec<Category<'a>>,
}

#[derive(Deserialize)]
struct Category<'a> {
    #[serde(borrow)]
    category: Text<'a>,
}

#[derive(Deserialize)]
struct Entities<'a> {
    #[serde(borrow)]
    entities: Vec<Entity<'a>>,
}

#[derive(Deserialize)]
struct Entity<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Content<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Serialize)]
struct Checked<'a> {
    results: Results<'a>,
    usage: Usage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Results<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter: Option<Scored<Severity<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_attack: Option<Scored<Severity<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitive_information: Option<Found>,
}

#[derive(Serialize)]
struct Scored<T> {
    results: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Severity<'a> {
    category: &'a str,
    severity_score: f64,
}

#[derive(Serialize)]
struct Found {
    results: Vec<Place>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    begin_offset: usize,
    confidence_score: f64,
    content_index: usize,
    end_offset: usize,
    message_index: usize,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter: Option<Units>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_attack: Option<Units>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitive_information: Option<Units>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Units {
    text_units: usize,
}

impl Bedrock {
    pub(in crate::bedrock) async fn guardrail_checks(
        &self,
        engine: &Engine,
        call: &Call<'_>,
    ) -> Result<Response<Body>, Failure> {
        let request: Request<'_> = serde_json::from_slice(call.body)
            .map_err(|error| Failure::invalid(text::malformed_input(&error.to_string())))?;
        let checked = check(&request);
        engine.sleep(call, DELAY).await;
        Ok(reply::json(engine, call, wire::json::to_bytes(&checked)))
    }
}

fn check<'r>(request: &'r Request<'_>) -> Checked<'r> {
    let texts: Vec<(usize, usize, &str)> = request
        .messages
        .iter()
        .enumerate()
        .flat_map(|(turn, message)| {
            message.content.iter().enumerate().map(move |(block, content)| (turn, block, &*content.text))
        })
        .collect();
    let is_blocked = texts.iter().any(|(_, _, text)| policy::words(text, BLOCKED_WORD).next().is_some());
    let severity_score = if is_blocked { 1.0 } else { 0.0 };
    let scored = |categories: &'r Categories<'_>| Scored {
        results: categories
            .categories
            .iter()
            .map(|category| Severity { category: &category.category, severity_score })
            .collect(),
    };
    let characters: usize = texts.iter().map(|(_, _, text)| text.chars().count()).sum();
    let units = Units { text_units: characters.div_ceil(1_000) };
    let Checks { content_filter, prompt_attack, sensitive_information } = &request.checks;
    Checked {
        results: Results {
            content_filter: content_filter.as_ref().map(scored),
            prompt_attack: prompt_attack.as_ref().map(scored),
            sensitive_information: sensitive_information.as_ref().map(|wanted| found(wanted, &texts)),
        },
        usage: Usage {
            content_filter: content_filter.as_ref().map(|_| units),
            prompt_attack: prompt_attack.as_ref().map(|_| units),
            sensitive_information: sensitive_information.as_ref().map(|_| units),
        },
    }
}

fn found(wanted: &Entities<'_>, texts: &[(usize, usize, &str)]) -> Found {
    let is_wanted = wanted.entities.iter().any(|entity| entity.r#type == "EMAIL");
    let place = |(message_index, content_index, text): &(usize, usize, &str), place: Range<usize>| Place {
        begin_offset: text[..place.start].chars().count(),
        confidence_score: 1.0,
        content_index: *content_index,
        end_offset: text[..place.end].chars().count(),
        message_index: *message_index,
        r#type: "EMAIL",
    };
    let results = texts
        .iter()
        .filter(|_| is_wanted)
        .flat_map(|text| policy::addresses(text.2).map(move |found| place(text, found)))
        .collect();
    Found { results, truncated: false }
}
