//! Embeddings of both surfaces.

use wire::bedrock::titan_embeddings;
use wire::vertex::embeddings::{EmbedContentResponse, PredictResponse};

use crate::harness::{EXACT, against, ms};

const V1: &str = "/model/amazon.titan-embed-text-v1/invoke";
const V2: &str = "/model/amazon.titan-embed-text-v2%3A0/invoke";
const VERTEX: &str = "/v1/projects/p/locations/us-central1/publishers/google/models";

fn assert_unit(values: &[f32], dimension: usize) {
    let length: f64 = values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    assert_eq!(values.len(), dimension);
    assert!((length - 1.0).abs() < 1e-5, "{length}");
}

#[test]
fn titan_embeds_one_text() {
    against(&format!("{EXACT}profile = \"bedrock/titan-embed\""), |bench| async move {
        for (path, body, dimension) in [
            (V1, r#"{"inputText":"hello"}"#, 1_536),
            (V2, r#"{"inputText":"hello"}"#, 1_024),
            (V2, r#"{"inputText":"hello","dimensions":256,"normalize":true}"#, 256),
        ] {
            let answered = bench.post(path, body).await;
            let response = titan_embeddings::Response::parse(&answered.body).expect("an embedding");
            assert_unit(&response.embedding.floats().expect("numbers"), dimension);
            assert_eq!(response.input_text_token_count, 1);
            assert_eq!(answered.text().contains("embeddingsByType"), path == V2);
            assert_eq!(answered.header("x-amzn-bedrock-input-token-count"), "1");
            assert_eq!(answered.header("x-amzn-bedrock-output-token-count"), "");
            assert_eq!(answered.header("x-amzn-bedrock-invocation-latency"), "70");
        }
        assert_eq!(bench.world.clock().now().as_micros(), 3 * 70_040);
        let refused = bench.post(V2, r#"{"inputText":"hello","dimensions":300}"#).await;
        assert_eq!(refused.status(), 400);
        assert!(refused.text().contains("#/dimensions"), "{}", refused.text());
    });
}

#[test]
fn the_same_text_has_the_same_vector_whatever_the_seed() {
    let vector = |seed| {
        crate::harness::seeded(seed, EXACT, |bench| async move {
            bench.post(V2, r#"{"inputText":"hello","embeddingTypes":["binary","float"]}"#).await.body
        })
    };
    assert_eq!(vector(1), vector(2));
}

#[test]
fn predict_embeds_many_texts() {
    against(EXACT, |bench| async move {
        let body = r#"{"instances":[{"content":"hello"},{"content":"a b"}],"parameters":{"outputDimensionality":100}}"#;
        let answered = bench.post(&format!("{VERTEX}/text-embedding-005:predict"), body).await;
        let response = PredictResponse::parse(&answered.body).expect("embeddings");
        let counts: Vec<_> = response
            .predictions
            .iter()
            .map(|prediction| {
                assert_unit(&prediction.embeddings.values.floats().expect("numbers"), 100);
                prediction.embeddings.statistics.token_count
            })
            .collect();
        assert_eq!(counts, [1, 2]);
        assert!(
            answered.text().ends_with(r#""metadata":{"billableCharacterCount":7}}"#),
            "{}",
            answered.text()
        );

        for (body, reason) in [
            (r#"{"instances":[]}"#, "it has 0 instances"),
            (
                r#"{"instances":[{"content":"x"}],"parameters":{"outputDimensionality":769}}"#,
                "outputDimensionality value of 769",
            ),
            (
                &format!(
                    r#"{{"instances":[{{"content":"{}"}}],"parameters":{{"autoTruncate":false}}}}"#,
                    " x".repeat(2_050)
                ),
                "The input token count (2050) exceeds the maximum number of tokens allowed (2048).",
            ),
        ] {
            let refused = bench.post(&format!("{VERTEX}/text-embedding-005:predict"), body).await;
            assert_eq!(refused.status(), 400);
            assert!(refused.text().contains(reason), "{}", refused.text());
        }
    });
}

#[test]
fn embed_content_embeds_one() {
    against(EXACT, |bench| async move {
        let body = r#"{"content":{"parts":[{"text":"hello"}],"role":"user"}}"#;
        let answered = bench.post(&format!("{VERTEX}/gemini-embedding-2:embedContent"), body).await;
        let response = EmbedContentResponse::parse(&answered.body).expect("an embedding");
        assert_unit(&response.embedding.values.floats().expect("numbers"), 3_072);
        assert_eq!(response.usage_metadata.map(|usage| usage.prompt_token_count), Some(1));
        let chat = bench.post(&format!("{VERTEX}/gemini-2.5-flash:embedContent"), body).await;
        assert_eq!(chat.status(), 404, "a chat model embeds nothing");
        assert!(bench.world.clock().now() > ms(60));
    });
}
