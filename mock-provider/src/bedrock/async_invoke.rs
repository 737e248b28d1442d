//! Asynchronous invocations: films, which take a minute and end in a bucket. Nothing is written there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Response;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use wire::bedrock::error::{Error, ErrorKind, text};
use wire::bedrock::model::{Family, ModelId};
use wire::json::{Raw, Text};
use world::http::Body;

use super::failure::{self, Failure};
use super::inference_profiles::{ACCOUNT, one_of, page};
use super::target::Target;
use super::{Bedrock, reply};
use crate::call::{Call, Engine};
use crate::head;

/// How long a film takes. Our assumption.
const FILMING: Duration = Duration::from_secs(60);
/// Older ones are forgotten.
const KEPT: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    client_request_token: Option<Text<'a>>,
    model_id: Text<'a>,
    model_input: Raw<'a>,
    output_data_config: OutputDataConfig<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum OutputDataConfig<'a> {
    S3OutputDataConfig(#[serde(borrow)] S3<'a>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3<'a> {
    #[serde(borrow)]
    s3_uri: Text<'a>,
}

/// One invocation, in the order in which they were made.
#[derive(Debug, Clone)]
struct Invocation {
    arn: String,
    model_arn: String,
    token: Option<String>,
    /// What was asked, to tell a second try from another request under its token.
    asked: String,
    s3_uri: String,
    submitted_micros: u64,
}

/// The invocations of a mock.
#[derive(Debug, Default)]
pub(super) struct Invocations {
    made: Mutex<BTreeMap<u64, Invocation>>,
}

impl Invocations {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Invocation>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an invocation, or finds the one that was made under the same token.
    fn note(&self, invocation: Invocation) -> Result<String, Failure> {
        let mut made = self.lock();
        let same = |other: &&Invocation| other.token.is_some() && other.token == invocation.token;
        if let Some(other) = made.values().find(same) {
            return if other.asked == invocation.asked {
                Ok(other.arn.clone())
            } else {
                Err(ErrorKind::Conflict.into())
            };
        }
        let next = made.last_key_value().map_or(0, |(last, _)| last + 1);
        let arn = invocation.arn.clone();
        made.insert(next, invocation);
        if made.len() > KEPT {
            made.pop_first();
        }
        Ok(arn)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    invocation_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    async_invoke_summaries: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    invocation_arn: String,
    last_modified_time: String,
    model_arn: String,
    output_data_config: Output,
    status: &'static str,
    submit_time: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    s3_output_data_config: Place,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    s3_uri: String,
}

impl Invocation {
    /// As it stands at an instant.
    fn summary(&self, now_micros: u64) -> Summary {
        let end = self.submitted_micros + FILMING.as_micros() as u64;
        let has_ended = now_micros >= end;
        let last = if has_ended { end } else { self.submitted_micros };
        Summary {
            client_request_token: self.token.clone(),
            end_time: has_ended.then(|| iso8601(end)),
            invocation_arn: self.arn.clone(),
            last_modified_time: iso8601(last),
            model_arn: self.model_arn.clone(),
            output_data_config: Output { s3_output_data_config: Place { s3_uri: self.s3_uri.clone() } },
            status: if has_ended { "Completed" } else { "InProgress" },
            submit_time: iso8601(self.submitted_micros),
        }
    }
}

impl Bedrock {
    /// StartAsyncInvoke.
    pub(super) async fn start_async_invoke(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        region: &str,
    ) -> Result<Response<Body>, Failure> {
        let request: Request<'_> = serde_json::from_slice(call.body)
            .map_err(|error| Failure::invalid(text::malformed_input(&error.to_string())))?;
        let target = Target::find(&engine.plan, &request.model_id, region)?;
        if target.family != Family::Video {
            return Err(Failure::invalid("The model is unsupported for asynchronous invocation."));
        }
        let OutputDataConfig::S3OutputDataConfig(S3 { s3_uri }) = &request.output_data_config;
        if !s3_uri.starts_with("s3://") {
            return Err(Failure::invalid(format!(
                "1 validation error detected: Value '{s3_uri}' at 'outputDataConfig.s3OutputDataConfig.s3Uri' failed to \
                 satisfy constraint: Member must satisfy regular expression pattern: \
                 s3://[a-z0-9][\\.\\-a-z0-9]{{1,61}}[a-z0-9](/.*)?"
            )));
        }
        let id: String =
            head::uuid(engine.request_bits(&call.identity)).replace('-', "").chars().take(12).collect();
        let invocation_arn = self.invocations.note(Invocation {
            arn: format!("arn:aws:bedrock:{region}:{ACCOUNT}:async-invoke/{id}"),
            model_arn: ModelId::new(&request.model_id).foundation_model_arn(region),
            token: request.client_request_token.as_ref().map(|token| token.as_str().to_owned()),
            asked: format!("{} {}", request.model_id, request.model_input.get()),
            s3_uri: s3_uri.as_str().to_owned(),
            submitted_micros: engine.clock.unix_micros(),
        })?;
        engine.sleep(call, failure::DELAY).await;
        Ok(reply::json(engine, call, wire::json::to_bytes(&Started { invocation_arn })))
    }

    /// GetAsyncInvoke.
    pub(super) fn get_async_invoke(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        arn: &str,
    ) -> Result<Response<Body>, Failure> {
        let now = engine.clock.unix_micros();
        let made = self.invocations.lock();
        let found = made.values().find(|invocation| invocation.arn == arn);
        let missing = || Error::new(ErrorKind::Validation, "The provided invocation ARN is invalid.");
        let summary = found.ok_or_else(missing)?.summary(now);
        Ok(reply::json(engine, call, wire::json::to_bytes(&summary)))
    }

    /// ListAsyncInvokes, the newest first unless asked otherwise.
    pub(super) fn list_async_invokes(
        &self,
        engine: &Engine,
        call: &Call<'_>,
    ) -> Result<Response<Body>, Failure> {
        let query = call.parts.uri.query().unwrap_or_default();
        let now = engine.clock.unix_micros();
        let mut all: Vec<Summary> =
            self.invocations.lock().values().rev().map(|invocation| invocation.summary(now)).collect();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "statusEquals" => {
                    let status = one_of(&value, "statusEquals", &["InProgress", "Completed", "Failed"])?;
                    all.retain(|summary| summary.status == status);
                }
                "sortOrder" if one_of(&value, "sortOrder", &["Ascending", "Descending"])? == "Ascending" => {
                    all.reverse();
                }
                _ => {}
            }
        }
        let (async_invoke_summaries, next_token) = page(all, query)?;
        let list = List { async_invoke_summaries, next_token };
        Ok(reply::json(engine, call, wire::json::to_bytes(&list)))
    }
}

/// `2026-01-01T00:00:00Z`
fn iso8601(unix_micros: u64) -> String {
    let seconds = i64::try_from(unix_micros / 1_000_000).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
