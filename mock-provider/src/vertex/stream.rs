//! `:streamGenerateContent`: the same answer, chunk by chunk, as events or as a JSON array.

use bytes::BytesMut;
use http::{HeaderValue, Response, StatusCode};
use wire::vertex::generate_content::{FinishReason, UsageMetadata};
use wire::vertex::stream::{ChunkHead, StreamWriter};
use world::Instant;
use world::http::Body;

use super::failure::Failure;
use super::generate::Decided;
use super::settlement::Settlement;
use super::{Request, Vertex, reply};
use crate::call::{Call, Engine};
use crate::engine::Answer;
use crate::engine::paced::{Pace, Script};

impl Vertex {
    pub(super) async fn stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let decided = self.decide(engine, call, request, model)?;
        let framing = request.query.framing();
        let head = ChunkHead {
            model_version: model.into(),
            create_time: reply::create_time(engine, call).into(),
            response_id: reply::response_id(engine, call).into(),
            traffic_type: Some(decided.traffic),
        };
        let script = ChunkScript::new(decided, StreamWriter::new(framing, &head), call);
        // The head comes with the first token, as from the service.
        let mut timer = engine.sleep(call, script.pace.first());
        (&mut timer).await;
        let content_type = HeaderValue::from_static(framing.content_type());
        let answer = script.answer;
        let response = reply::base(engine, StatusCode::OK, content_type, engine.play(script, timer));
        Ok(engine.announce(response, &answer))
    }
}

struct ChunkScript {
    writer: StreamWriter,
    pace: Pace,
    answer: Answer,
    reason: FinishReason,
    usage: UsageMetadata,
    settlement: Settlement,
    text: String,
}

impl ChunkScript {
    fn new(decided: Decided<'_>, writer: StreamWriter, call: &Call<'_>) -> Self {
        Self {
            writer,
            pace: Pace::new(
                call.arrived,
                decided.timing,
                decided.profile.coalescing,
                decided.answer.tokens(),
            ),
            answer: decided.answer,
            reason: decided.finish_reason(),
            usage: decided.usage,
            settlement: decided.settlement,
            text: String::new(),
        }
    }
}

impl Script for ChunkScript {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        self.settlement.generated(tokens.end);
        self.text.clear();
        self.answer.write(tokens, &mut self.text);
        if self.pace.due().is_some() {
            self.writer.text(&self.text, out);
        } else {
            self.writer.finish(&self.text, self.reason, &self.usage, out);
            self.writer.end(out);
        }
    }
}
