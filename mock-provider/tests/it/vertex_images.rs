//! Pictures of Vertex AI: Imagen's and those inside answers; and the embeddings of pictures.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::{Bench, against};

const EXACT: &str =
    "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const MODELS: &str = "/v1/projects/p-1/locations/us-central1/publishers/google/models";

async fn ask(bench: &Bench, path: &str, body: &Value) -> (u16, Value) {
    let answered = bench.post(&format!("{MODELS}/{path}"), &body.to_string()).await;
    (answered.status(), serde_json::from_slice(&answered.body).expect("JSON"))
}

/// Width and height of a PNG.
fn size(base64: &Value) -> (u32, u32) {
    let picture = BASE64_STANDARD.decode(base64.as_str().expect("a text")).expect("base64");
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.ends_with(b"IEND\xaeB`\x82"));
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

fn imagen(prompt: &str, parameters: &Value) -> Value {
    json!({"instances": [{"prompt": prompt}], "parameters": parameters})
}

#[test]
fn imagen_draws_what_and_how_many_are_asked_for() {
    against(EXACT, |bench| async move {
        let path = "imagen-4.0-generate-001:predict";
        let body = imagen("a cat", &json!({"sampleCount": 2, "aspectRatio": "16:9"}));
        let (status, answered) = ask(&bench, path, &body).await;
        assert_eq!(status, 200, "{answered}");
        let predictions = answered["predictions"].as_array().expect("predictions");
        assert_eq!(predictions.len(), 2);
        assert!(predictions.iter().all(|one| size(&one["bytesBase64Encoded"]) == (1_408, 768)));
        assert_ne!(predictions[0], predictions[1]);
        let (_, again) = ask(&bench, path, &body).await;
        assert_eq!(again, answered, "the same request draws the same pictures");
        for (parameters, message) in [
            (json!({"sampleCount": 5}), "sampleCount value of 5"),
            (json!({"sampleCount": 0}), "sampleCount value of 0"),
            (json!({"aspectRatio": "5:4"}), "Aspect ratio 5:4 is not supported."),
            (json!({"seed": 1}), "Seed is not supported when watermark is enabled."),
            (json!({"outputOptions": {"mimeType": "image/gif"}}), "image/gif"),
            (json!({"outputOptions": {"compressionQuality": 101}}), "compressionQuality value of 101"),
        ] {
            let (status, error) = ask(&bench, path, &imagen("a cat", &parameters)).await;
            assert_eq!(status, 400);
            assert!(error["error"]["message"].as_str().is_some_and(|text| text.contains(message)), "{error}");
        }
        let (status, error) = ask(&bench, "imagen-0:predict", &body).await;
        assert_eq!((status, &error["error"]["status"]), (404, &json!("NOT_FOUND")));
    });
}

#[test]
fn imagen_writes_jpeg_where_it_is_asked_to() {
    against(EXACT, |bench| async move {
        let path = "imagen-4.0-generate-001:predict";
        let mut sizes = Vec::new();
        for quality in [10, 95] {
            let options = json!({"mimeType": "image/jpeg", "compressionQuality": quality});
            let parameters =
                json!({"sampleCount": 1, "outputOptions": options, "seed": 1, "addWatermark": false});
            let (status, answered) = ask(&bench, path, &imagen("a cat", &parameters)).await;
            assert_eq!(status, 200, "{answered}");
            let picture = &answered["predictions"][0];
            assert_eq!(picture["mimeType"], "image/jpeg");
            let file = BASE64_STANDARD.decode(picture["bytesBase64Encoded"].as_str().expect("a text"));
            let file = file.expect("base64");
            // From the first marker of a JPEG to the last.
            assert!(file.starts_with(b"\xff\xd8\xff") && file.ends_with(b"\xff\xd9"));
            sizes.push(file.len());
            assert_eq!(ask(&bench, path, &imagen("a cat", &parameters)).await.1, answered);
        }
        assert!(sizes[0] < sizes[1], "{sizes:?}");
    });
}

#[test]
fn pictures_are_withheld_when_the_prompt_asks_for_it() {
    against(EXACT, |bench| async move {
        let path = "imagen-3.0-generate-002:predict";
        let parameters = json!({"sampleCount": 2, "includeRaiReason": true});
        let (_, answered) = ask(&bench, path, &imagen("brownout:filter=1", &parameters)).await;
        assert!(answered["predictions"][0]["raiFilteredReason"].is_string(), "{answered}");
        assert!(answered["predictions"][1]["bytesBase64Encoded"].is_string());
        let silent = imagen("brownout:filter", &json!({"sampleCount": 2}));
        assert_eq!(ask(&bench, path, &silent).await, (200, json!({})));
        assert_eq!(ask(&bench, path, &imagen("brownout:block", &json!({}))).await.0, 400);
    });
}

#[test]
fn a_picture_comes_inside_an_answer() {
    against(EXACT, |bench| async move {
        let body = json!({
            "contents": [{"role": "user", "parts": [{"text": "draw"}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "9:16"}},
        });
        let (status, answered) = ask(&bench, "gemini-2.5-flash-image:generateContent", &body).await;
        assert_eq!(status, 200, "{answered}");
        let parts = answered["candidates"][0]["content"]["parts"].as_array().expect("parts");
        let picture = &parts.last().expect("a part")["inlineData"];
        assert_eq!((size(&picture["data"]), &picture["mimeType"]), ((768, 1_344), &json!("image/png")));
        let details = &answered["usageMetadata"]["candidatesTokensDetails"][1];
        assert_eq!(details, &json!({"modality": "IMAGE", "tokenCount": 1_290}));
        let (status, error) = ask(&bench, "gemini-2.5-flash:generateContent", &body).await;
        assert_eq!(status, 400);
        assert_eq!(
            error["error"]["message"],
            "Model does not support the requested response modalities: image,text"
        );
    });
}

#[test]
fn texts_and_pictures_are_embedded_in_one_space() {
    against(EXACT, |bench| async move {
        let path = "multimodalembedding@001:predict";
        let body = json!({
            "instances": [{"text": "a", "image": {"bytesBase64Encoded": "AAAA"}, "video": {"gcsUri": "gs://b/o"}}],
            "parameters": {"dimension": 128},
        });
        let (status, answered) = ask(&bench, path, &body).await;
        assert_eq!(status, 200, "{answered}");
        let prediction = &answered["predictions"][0];
        let dimension = |vector: &Value| vector.as_array().map_or(0, Vec::len);
        assert_eq!(dimension(&prediction["textEmbedding"]), 128);
        assert_eq!(dimension(&prediction["imageEmbedding"]), 128);
        assert_eq!(dimension(&prediction["videoEmbeddings"][0]["embedding"]), 128);
        let (status, _) =
            ask(&bench, path, &json!({"instances": [{"text": "a"}], "parameters": {"dimension": 7}})).await;
        assert_eq!(status, 400);
    });
}

#[test]
fn a_long_text_is_cut_or_refused() {
    against(EXACT, |bench| async move {
        let long = "word ".repeat(9_000);
        let body = |truncates: bool| json!({"content": {"parts": [{"text": long}]}, "embedContentConfig": {"autoTruncate": truncates, "outputDimensionality": 8}});
        let (status, answered) = ask(&bench, "gemini-embedding-2:embedContent", &body(true)).await;
        assert_eq!((status, &answered["truncated"]), (200, &json!(true)), "{answered}");
        assert_eq!(answered["usageMetadata"]["promptTokenCount"], 8_192);
        assert_eq!(ask(&bench, "gemini-embedding-2:embedContent", &body(false)).await.0, 400);
        let task = json!({"instances": [{"content": "a", "task_type": "DREAMING"}]});
        assert_eq!(ask(&bench, "text-embedding-005:predict", &task).await.0, 400);
    });
}
