//! Embeddings: `:predict` of many texts, `:embedContent` of one content.

use http::Response;
use wire::vertex::embeddings::{
    EmbedContentRequest, EmbedContentResponse, PredictMetadata, PredictRequest, PredictResponse, Prediction,
    Statistics,
};
use wire::vertex::generate_content::UsageMetadata;
use world::http::Body;

use crate::call::{Call, Engine};
use crate::engine::embedding::fill;
use crate::engine::tokens;
use crate::profile::Kind;
use crate::surface::Surface;
use crate::vertex::Vertex;
use crate::vertex::front::{Counted, Failure, Request, Settlement, reply};
use crate::vertex::generate::prompt::{Size, billable_characters};

/// Most texts of a request.
const INSTANCES_MAX: usize = 250;
/// Most tokens of a request.
const REQUEST_TOKENS_MAX: u64 = 20_000;
/// Tokens of each text that are used.
const INPUT_TOKENS_MAX: u64 = 2_048;
/// Tokens of a content that are used, by models that take contents.
const CONTENT_TOKENS_MAX: u64 = 8_192;
/// What a vector may be for.
const TASK_TYPES: [&str; 8] = [
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

impl Vertex {
    pub(in crate::vertex) async fn predict(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let body = PredictRequest::parse(call.body)
            .map_err(|_| Failure::payload::<PredictRequest<'_>>(call.body))?;
        let parameters = body.parameters.unwrap_or_default();
        let dimension = dimension(model, parameters.output_dimensionality)?;
        let tasks = body.instances.iter().filter_map(|instance| instance.task_type.as_deref());
        check_tasks(tasks)?;
        let counts: Vec<u64> =
            body.instances.iter().map(|instance| tokens::count(&instance.content)).collect();
        check_instances(&counts, parameters.auto_truncate.unwrap_or(true))?;
        self.wait(engine, call, request, (model, counts.iter().sum())).await?;

        let embeddings: Vec<_> = body
            .instances
            .iter()
            .map(|instance| engine.embedder.embed(model, instance.content.as_bytes(), dimension))
            .collect();
        let characters = body.instances.iter().map(|instance| billable_characters(&instance.content));
        let billable_character_count = characters.fold(0, u32::saturating_add);
        let answered = PredictResponse {
            predictions: counts.iter().map(|count| prediction(*count)).collect(),
            metadata: Some(PredictMetadata { billable_character_count }),
        };
        Ok(reply::json(engine, fill(&answered.to_bytes(), &embeddings)))
    }

    pub(in crate::vertex) async fn embed_content(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let body = EmbedContentRequest::parse(call.body)
            .map_err(|_| Failure::payload::<EmbedContentRequest<'_>>(call.body))?;
        let dimension = dimension(model, body.dimension())?;
        let config = body.embed_content_config.as_ref();
        let task = config.and_then(|config| config.task_type.as_deref()).or(body.task_type.as_deref());
        check_tasks(task.into_iter())?;
        let size = Size::of_content(&body.content);
        let truncated = size.tokens() > CONTENT_TOKENS_MAX;
        if truncated && !may_truncate(&body) {
            return Err(Failure::TooLong { used: size.tokens(), limit: CONTENT_TOKENS_MAX });
        }
        let count = size.tokens().min(CONTENT_TOKENS_MAX);
        self.wait(engine, call, request, (model, count)).await?;
        let input: String = body.content.texts().collect();
        let embedding = engine.embedder.embed(model, input.as_bytes(), dimension);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let usage = UsageMetadata {
            prompt_token_count: count,
            total_token_count: count,
            prompt_tokens_details: if truncated { Vec::new() } else { size.details() },
            ..UsageMetadata::default()
        };
        let answered = EmbedContentResponse {
            usage_metadata: Some(usage),
            truncated,
            ..EmbedContentResponse::default()
        };
        Ok(reply::json(engine, fill(&answered.to_bytes(), &[embedding])))
    }

    /// Counts the quota and takes the model's time.
    pub(super) async fn wait(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (model, input): (&str, u64),
    ) -> Result<(), Failure> {
        let quota = (&self.quota, &self.pool);
        let _settlement = Settlement::admit(quota, request, &call.identity, input, Counted::Embeddings)?;
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Embeddings, model);
        engine.sleep(call, engine.timing(profile, &call.identity, input).first()).await;
        Ok(())
    }
}

/// The statistics of one text; its vector is filled in afterwards.
fn prediction(count: u64) -> Prediction<'static> {
    let truncated = count > INPUT_TOKENS_MAX;
    let token_count = u32::try_from(count.min(INPUT_TOKENS_MAX)).unwrap_or(u32::MAX);
    let mut prediction = Prediction::new(Vec::new().into(), token_count);
    prediction.embeddings.statistics = Statistics { token_count, truncated };
    prediction
}

fn check_instances(counts: &[u64], may_truncate: bool) -> Result<(), Failure> {
    if counts.is_empty() || counts.len() > INSTANCES_MAX {
        let found = counts.len();
        return Err(Failure::Parameter(format!(
            "it has {found} instances but the supported range is from 1 (inclusive) to 251 (exclusive)."
        )));
    }
    let longest = counts.iter().copied().max().unwrap_or(0);
    if !may_truncate && longest > INPUT_TOKENS_MAX {
        return Err(Failure::TooLong { used: longest, limit: INPUT_TOKENS_MAX });
    }
    let total = counts.iter().sum();
    if total > REQUEST_TOKENS_MAX {
        return Err(Failure::TooLong { used: total, limit: REQUEST_TOKENS_MAX });
    }
    Ok(())
}

fn may_truncate(body: &EmbedContentRequest<'_>) -> bool {
    let config = body.embed_content_config.as_ref();
    config.and_then(|config| config.auto_truncate).or(body.auto_truncate).unwrap_or(true)
}

fn check_tasks<'t>(mut tasks: impl Iterator<Item = &'t str>) -> Result<(), Failure> {
    match tasks.find(|task| !TASK_TYPES.contains(task)) {
        None => Ok(()),
        Some(task) => Err(Failure::Parameter(format!("task type {task} is not supported."))),
    }
}

/// How long vectors are: as asked, at most what the model makes.
fn dimension(model: &str, asked: Option<u32>) -> Result<usize, Failure> {
    let full: u32 = if model.starts_with("gemini-embedding") { 3_072 } else { 768 };
    match asked {
        Some(asked) if asked == 0 || asked > full => Err(Failure::Parameter(format!(
            "it has an outputDimensionality value of {asked} but the supported range is from 1 (inclusive) to {} \
             (exclusive). Update the value and try again.",
            full + 1
        ))),
        asked => Ok(asked.unwrap_or(full) as usize),
    }
}
