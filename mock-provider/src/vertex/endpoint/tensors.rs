//! `:serverStreamingPredict`: a stream of tensors, the way of the language models before Gemini.
//!
//! Every message has one output for each input, a structure with the next piece of its text.

use bytes::BytesMut;
use http::{HeaderValue, Response, StatusCode};
use wire::vertex::stream::Frames;
use wire::vertex::tensor::{StreamingPredictRequest, StreamingPredictResponse, Tensor};
use world::http::Body;

use super::pieces::Messages;
use crate::call::{Call, Engine};
use crate::engine::tokens;
use crate::vertex::Vertex;
use crate::vertex::front::{Failure, Request, reply};

/// Tokens of an answer where the caller does not say, and most of them: Google's own figures for text-bison.
const OUTPUT_TOKENS: (u32, u32) = (128, 2_048);
/// What callers name the limit.
const LIMITS: [&str; 2] = ["maxOutputTokens", "maxDecodeSteps"];

/// Writes pieces of texts as tensors.
struct Tensors(Frames);

impl Vertex {
    pub(super) async fn stream_tensors(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let body = StreamingPredictRequest::parse(call.body)
            .map_err(|_| Failure::payload::<StreamingPredictRequest<'_>>(call.body))?;
        let mut input = 0;
        body.inputs.iter().for_each(|tensor| tensor.each_text(&mut |text| input += tokens::count(text)));
        let asked = (body.inputs.len(), input, limit(body.parameters.as_ref())?);
        let predicted = self.decide_predictions(engine, call, request, asked)?;
        let framing = request.query.framing();
        let mut timer = engine.sleep(call, predicted.first());
        (&mut timer).await;
        let content_type = HeaderValue::from_static(framing.content_type());
        let head = reply::base(engine, StatusCode::OK, content_type, Body::empty());
        let mut response = engine.announce(head, &predicted);
        let script = predicted.play(call, Tensors(Frames::new(framing)));
        *response.body_mut() = engine.play(script, timer);
        Ok(response)
    }
}

/// Most tokens of each output.
fn limit(parameters: Option<&Tensor<'_>>) -> Result<u32, Failure> {
    let (default, most) = OUTPUT_TOKENS;
    let named = |name: &&str| parameters?.member(name).and_then(Tensor::integer);
    let Some(limit) = LIMITS.iter().find_map(named) else { return Ok(default) };
    let within = u32::try_from(limit).ok().filter(|limit| (1..=most).contains(limit));
    within.ok_or_else(|| {
        Failure::Parameter(format!(
            "it has a maxOutputTokens value of {limit} but the supported range is from 1 (inclusive) to {} (exclusive). \
             Update the value and try again.",
            most + 1
        ))
    })
}

impl Messages for Tensors {
    fn write(&mut self, texts: Vec<String>, out: &mut BytesMut) {
        let output = |text: String| {
            let harmless = Tensor::of_struct([("blocked", Tensor::of_bool(false))]);
            Tensor::of_struct([("content", Tensor::of_text(text)), ("safetyAttributes", harmless)])
        };
        let outputs = texts.into_iter().map(output).collect();
        self.0.message(&StreamingPredictResponse { outputs }, out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.0.end(out);
    }
}
