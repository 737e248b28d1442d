//! Context caches of Vertex AI: made, found, changed, listed, used, forgotten, expired.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Bench, against, request};

const EXACT: &str =
    "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const SCOPE: &str = "projects/p-1/locations/us-central1";
const MODEL: &str = "projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-flash";

async fn call(bench: &Bench, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answered = bench.call(request(method, &format!("/v1beta1/{path}"), &[], &body)).await;
    (answered.status(), serde_json::from_slice(&answered.body).expect("JSON"))
}

fn long_text() -> Value {
    json!([{"role": "user", "parts": [{"text": "word ".repeat(2_500)}]}])
}

async fn made(bench: &Bench, members: &Value) -> Value {
    let mut body = json!({"model": MODEL, "contents": long_text(), "displayName": "d"});
    body.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
    let (status, cache) = call(bench, Method::POST, &format!("{SCOPE}/cachedContents"), &body).await;
    assert_eq!(status, 200, "{cache}");
    cache
}

#[test]
fn a_cache_lives_until_it_is_forgotten() {
    against(EXACT, |bench| async move {
        let cache = made(&bench, &json!({"ttl": "600s"})).await;
        let name = cache["name"].as_str().expect("a name");
        assert!(name.starts_with(&format!("{SCOPE}/cachedContents/")), "{name}");
        assert_eq!((&cache["model"], &cache["displayName"]), (&json!(MODEL), &json!("d")));
        assert_eq!(cache["expireTime"], "2026-01-01T00:10:00.000000Z");
        assert_eq!(cache["usageMetadata"]["totalTokenCount"], 2_501);
        assert_eq!(cache.get("contents"), None, "the service keeps them to itself");
        assert_eq!(call(&bench, Method::GET, name, &Value::Null).await, (200, cache.clone()));

        let patched =
            call(&bench, Method::PATCH, &format!("{name}?updateMask=ttl"), &json!({"ttl": "60s"})).await;
        assert_eq!((patched.0, &patched.1["expireTime"]), (200, &json!("2026-01-01T00:01:00.000000Z")));
        let (_, page) =
            call(&bench, Method::GET, &format!("{SCOPE}/cachedContents?pageSize=1"), &Value::Null).await;
        assert_eq!(
            (page["cachedContents"][0]["name"].as_str(), page.get("nextPageToken")),
            (Some(name), None)
        );

        assert_eq!(call(&bench, Method::DELETE, name, &Value::Null).await, (200, json!({})));
        let (status, error) = call(&bench, Method::GET, name, &Value::Null).await;
        assert_eq!((status, &error["error"]["status"]), (404, &json!("NOT_FOUND")));
        let (_, page) = call(&bench, Method::GET, &format!("{SCOPE}/cachedContents"), &Value::Null).await;
        assert_eq!(page, json!({}));
    });
}

#[test]
fn an_answer_goes_on_from_a_cache() {
    against(EXACT, |bench| async move {
        let tools = json!([{"functionDeclarations": [{"name": "f"}]}]);
        let cache = made(&bench, &json!({"tools": tools})).await;
        let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "go on"}]}], "cachedContent": cache["name"]});
        let generate = format!("{MODEL}:generateContent");
        let (status, answered) = call(&bench, Method::POST, &generate, &body).await;
        assert_eq!(status, 200, "{answered}");
        let usage = &answered["usageMetadata"];
        assert_eq!(usage["cachedContentTokenCount"], 2_502);
        assert_eq!(usage["cacheTokensDetails"], json!([{"modality": "TEXT", "tokenCount": 2_502}]));
        assert_eq!(usage["promptTokenCount"], 2_504);
        assert_eq!(answered["candidates"][0]["content"]["parts"][0]["functionCall"]["name"], "f");

        let pro = generate.replace("flash", "pro");
        let (status, error) = call(&bench, Method::POST, &pro, &body).await;
        assert_eq!(status, 400);
        assert!(
            error["error"]["message"].as_str().is_some_and(|text| text.ends_with("has to be the same.")),
            "{error}"
        );
        body["systemInstruction"] = json!({"parts": [{"text": "be brief"}]});
        assert_eq!(call(&bench, Method::POST, &generate, &body).await.0, 400);
    });
}

#[test]
fn a_cache_expires() {
    against(EXACT, |bench| async move {
        let cache = made(&bench, &json!({"ttl": "2s"})).await;
        let name = cache["name"].as_str().expect("a name");
        bench.world.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!(call(&bench, Method::GET, name, &Value::Null).await.0, 200);
        bench.world.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!(call(&bench, Method::GET, name, &Value::Null).await.0, 404);
    });
}

#[test]
fn what_cannot_be_kept_is_refused() {
    against(EXACT, |bench| async move {
        let path = format!("{SCOPE}/cachedContents");
        for (body, message) in [
            (
                json!({"model": MODEL, "contents": [{"role": "user", "parts": [{"text": "short"}]}]}),
                "The cached content is of 1 tokens. The minimum token count to start caching is 2048.",
            ),
            (
                json!({"model": "x", "contents": long_text()}),
                "Model x is not found or does not support caching.",
            ),
            (
                json!({"model": MODEL, "contents": long_text(), "expireTime": "2025-01-01T00:00:00Z"}),
                "The expiration time of cached content must be in the future.",
            ),
        ] {
            let (status, error) = call(&bench, Method::POST, &path, &body).await;
            assert_eq!((status, &error["error"]["message"]), (400, &json!(message)));
        }
    });
}
