//! `:predict` of multimodalembedding@001: a text, a picture and a film in one space.

use http::Response;
use wire::vertex::embeddings::{
    Media, MultimodalInstance, MultimodalPrediction, MultimodalRequest, MultimodalResponse, VideoEmbedding,
};
use world::http::Body;

use crate::call::{Call, Engine};
use crate::engine::embedding::{Embedding, fill};
use crate::engine::tokens;
use crate::vertex::Vertex;
use crate::vertex::front::{Failure, Request, reply};

/// The dimensions that there are.
const DIMENSIONS: [u32; 4] = [128, 256, 512, 1_408];
/// Seconds of a film that one vector stands for.
const SEGMENT_SECONDS: u32 = 16;

impl Vertex {
    pub(in crate::vertex) async fn predict_multimodal(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let body = MultimodalRequest::parse(call.body)
            .map_err(|_| Failure::payload::<MultimodalRequest<'_>>(call.body))?;
        let dimension = dimension(body.parameters.and_then(|parameters| parameters.dimension))?;
        let [instance] = &*body.instances else {
            return Err(Failure::Parameter("it must have exactly one instance.".to_owned()));
        };
        let inputs = inputs(instance);
        if inputs.is_empty() {
            return Err(Failure::Parameter("the instance has neither text nor image nor video.".to_owned()));
        }
        let input = instance.text.as_ref().map_or(0, |text| tokens::count(text));
        self.wait(engine, call, request, (model, input)).await?;
        let embeddings: Vec<Embedding> =
            inputs.iter().map(|input| engine.embedder.embed(model, input.as_bytes(), dimension)).collect();
        let answered = MultimodalResponse {
            predictions: vec![frame(instance)],
            deployed_model_id: Some("6180786943526862848".into()),
        };
        Ok(reply::json(engine, fill(&answered.to_bytes(), &embeddings)))
    }
}

/// What there is to embed, in the order of the answer.
fn inputs<'a>(instance: &'a MultimodalInstance<'_>) -> Vec<&'a str> {
    let text = instance.text.iter().map(|text| &**text);
    let media = [&instance.image, &instance.video].into_iter().flatten().map(source);
    text.chain(media).collect()
}

fn source<'a>(media: &'a Media<'_>) -> &'a str {
    media.bytes_base64_encoded.as_deref().or(media.gcs_uri.as_deref()).unwrap_or_default()
}

/// The answer around its vectors, which are filled in afterwards.
fn frame(instance: &MultimodalInstance<'_>) -> MultimodalPrediction<'static> {
    let segment = || VideoEmbedding { end_offset_sec: SEGMENT_SECONDS, ..VideoEmbedding::default() };
    MultimodalPrediction {
        text_embedding: instance.text.as_ref().map(|_| Vec::new().into()),
        image_embedding: instance.image.as_ref().map(|_| Vec::new().into()),
        video_embeddings: instance.video.iter().map(|_| segment()).collect(),
    }
}

fn dimension(asked: Option<u32>) -> Result<usize, Failure> {
    match asked {
        None => Ok(1_408),
        Some(asked) if DIMENSIONS.contains(&asked) => Ok(asked as usize),
        Some(asked) => Err(Failure::Parameter(format!(
            "it has a dimension value of {asked} but the supported values are 128, 256, 512 and 1408."
        ))),
    }
}
