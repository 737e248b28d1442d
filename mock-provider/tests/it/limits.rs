//! Quotas, as clients meet them.

use std::collections::BTreeMap;
use std::time::Duration;

use brownout_mock_provider::{MockFile, Pools, start_among};
use http::Method;
use serde_json::json;
use world::http::Client;
use world::{Address, Seed, run_virtual};

use crate::harness::{Answered, EXACT, NONCE, against, ms, request};
use crate::openai::{self, CHAT, chat, parsed};

const HAIKU: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
const SONNET: &str = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse";
const FLASH: &str =
    "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent";

fn converse(max_tokens: u32) -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":[{{"text":"{NONCE}"}}]}}],"inferenceConfig":{{"maxTokens":{max_tokens}}}}}"#
    )
}

#[test]
fn bedrock_refuses_by_tokens_that_are_only_reserved() {
    let file = format!("{EXACT}quota = {{ tokens_per_minute = 1000 }}");
    against(&file, |bench| async move {
        let first = bench.post(HAIKU, &converse(900)).await;
        assert_eq!(first.status(), 200);
        // 14 in and the answer, at most 900: what is left does not hold as much again until it flows back.
        let refused = bench.post(HAIKU, &converse(996)).await;
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.text(), r#"{"message":"Too many tokens, please wait before trying again."}"#);
        assert!(refused.header("x-amzn-errortype").starts_with("ThrottlingException:"));
        assert_eq!(refused.header("retry-after"), "");
        bench.world.clock().sleep(Duration::from_secs(60)).await;
        assert_eq!(bench.post(HAIKU, &converse(900)).await.status(), 200);
    });
}

#[test]
fn bedrock_refuses_by_requests() {
    against(&format!("{EXACT}quota = {{ requests_per_minute = 2 }}"), |bench| async move {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let answered = bench.post(HAIKU, &converse(1)).await;
            statuses.push(answered.status());
            if answered.status() == 429 {
                assert_eq!(
                    answered.text(),
                    r#"{"message":"Too many requests, please wait before trying again."}"#
                );
            }
        }
        assert_eq!(statuses, [200, 200, 429]);
    });
}

#[test]
fn a_reader_who_leaves_pays_for_what_was_generated() {
    let file = format!(
        "{EXACT}answer = {{ tokens_p50 = 64, tokens_p90 = 64 }}\nquota = {{ tokens_per_minute = 80 }}"
    );
    against(&file, |bench| async move {
        let path = HAIKU.replace("converse", "converse-stream");
        let response = bench.send(crate::harness::post(&path, &converse(64))).await;
        let mut body = response.into_body();
        body.next_data().await.expect("a piece").expect("sound");
        assert_eq!(bench.mock.counters().live_streams(), 1);
        drop(body);
        bench.world.clock().sleep(Duration::from_millis(1)).await;
        assert_eq!(bench.mock.counters().live_streams(), 0, "the stream stops at once");
        // 14 in and 1 out are gone, the other 63 are back: 14 + 51 fit again, and not one more.
        assert_eq!(bench.post(HAIKU, &converse(52)).await.status(), 429);
        assert_eq!(bench.post(HAIKU, &converse(51)).await.status(), 200);
    });
}

#[test]
fn vertex_refuses_by_project_and_by_pool() {
    let base = "profile = \"vertex/gemini-flash\"\nauth = \"off\"\n";
    let body = format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"{NONCE}"}}]}}]}}"#);
    let project = format!("{base}quota = {{ requests_per_minute = 1 }}");
    against(&project, |bench| {
        let body = body.clone();
        async move {
            assert_eq!(bench.post(FLASH, &body).await.status(), 200);
            let sent_at = bench.world.clock().now();
            let refused = bench.post(FLASH, &body).await;
            assert_eq!(refused.status(), 429);
            assert!(refused.text().contains("Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-2.5-flash."), "{}", refused.text());
            assert_eq!(refused.header("retry-after"), "");
            assert_eq!(refused.end_at.saturating_since(sent_at), Duration::from_millis(50));
        }
    });
    let pool = format!(
        "{base}[quota.shared_pool]\ntokens_per_minute = 4000000\nload = [{{ at = \"0s\", load = 2.0 }}, {{ at = \"10s\", load = 0.1 }}]"
    );
    against(&pool, |bench| async move {
        let refused = bench.post(FLASH, &body).await;
        assert_eq!((refused.status(), refused.end_at), (429, ms(50)));
        assert!(refused.text().contains("Resource exhausted. Please try again later."), "{}", refused.text());
        bench.world.clock().sleep(Duration::from_secs(10)).await;
        assert_eq!(bench.post(FLASH, &body).await.status(), 200);
    });
}

const CLAUDE: &str =
    "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict";

fn claude(max_tokens: u32) -> String {
    format!(
        r#"{{"anthropic_version":"vertex-2023-10-16","max_tokens":{max_tokens},"messages":[{{"role":"user","content":"{NONCE}"}}]}}"#
    )
}

#[test]
fn claude_on_vertex_says_which_of_its_quotas_is_used_up() {
    let base = "profile = \"vertex/claude\"\nauth = \"off\"\n";
    for (quota, max_tokens, metric) in [
        ("requests_per_minute = 1", 1, "online_prediction_requests_per_base_model"),
        ("input_tokens_per_minute = 18", 1, "online_prediction_input_tokens_per_minute_per_base_model"),
        ("output_tokens_per_minute = 5", 5, "online_prediction_output_tokens_per_minute_per_base_model"),
    ] {
        against(&format!("{base}quota = {{ {quota} }}"), |bench| async move {
            let first = bench.post(CLAUDE, &claude(max_tokens)).await;
            assert_eq!(first.status(), 200, "{}", first.text());
            let refused = bench.post(CLAUDE, &claude(max_tokens)).await;
            assert_eq!(refused.status(), 429, "{quota}");
            let words = format!(
                "Quota exceeded for aiplatform.googleapis.com/{metric} with base model: anthropic-claude-sonnet-4-5. \
                 Please submit a quota increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai."
            );
            assert!(refused.text().contains(&words), "{}", refused.text());
            assert!(refused.text().contains(r#""status": "RESOURCE_EXHAUSTED""#));
        });
    }
}

#[test]
fn every_endpoint_of_vertex_names_its_own_quota() {
    let scope = "/v1/projects/p/locations/global";
    let models = format!("{scope}/publishers/google/models");
    let chat = r#"{"model":"google/gemini-2.5-flash","messages":[{"role":"user","content":"x"}]}"#;
    let base = "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nquota = { requests_per_minute = 1 }";
    for (path, body, words) in [
        (
            format!("{models}/gemini-embedding-001:predict"),
            r#"{"instances":[{"content":"x"}]}"#,
            "embed_content_input_tokens_per_minute_per_base_model with base model: gemini-embedding.",
        ),
        (
            format!("{models}/imagen-4.0-generate-001:predict"),
            r#"{"instances":[{"prompt":"x"}],"parameters":{"sampleCount":1}}"#,
            "online_prediction_requests_per_base_model with base model: imagen-4.0-generate.",
        ),
        (
            format!("{scope}/endpoints/openapi/chat/completions"),
            chat,
            "generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-2.5-flash.",
        ),
        (
            format!("{scope}/endpoints/7/chat/completions"),
            chat,
            "generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-2.5-flash.",
        ),
        (
            format!("{scope}/endpoints/7:predict"),
            r#"{"instances":[{}]}"#,
            "online_prediction_requests_per_base_model with base model: 7.",
        ),
        (
            format!("{scope}/endpoints/7:rawPredict"),
            r#"{"instances":[{}]}"#,
            "online_prediction_requests_per_base_model with base model: 7.",
        ),
        (
            format!("{scope}/endpoints/7:serverStreamingPredict"),
            r#"{"inputs":[{"stringVal":["x"]}]}"#,
            "online_prediction_requests_per_base_model with base model: 7.",
        ),
    ] {
        against(base, |bench| async move {
            assert_eq!(bench.post(&path, body).await.status(), 200, "{path}");
            let refused = bench.post(&path, body).await;
            assert_eq!(refused.status(), 429, "{path}");
            assert!(refused.text().contains(words), "{}", refused.text());
        });
    }
}

#[test]
fn bought_capacity_is_asked_for_in_a_header() {
    let base = "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nquota = { requests_per_minute = 1 }";
    against(base, |bench| async move {
        let body = format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"{NONCE}"}}]}}]}}"#);
        let dedicated = || {
            let headers = [("x-vertex-ai-llm-request-type", "dedicated")];
            bench.call(request(Method::POST, FLASH, &headers, &body))
        };
        let served = dedicated().await;
        assert!(served.text().contains(r#""trafficType":"PROVISIONED_THROUGHPUT""#), "{}", served.text());
        let refused = dedicated().await;
        assert_eq!(refused.status(), 429);
        assert!(refused.text().contains("Too many requests. Exceeded the Provisioned Throughput."));
    });
}

#[test]
fn mocks_of_one_account_share_its_quota() {
    let quotas =
        BTreeMap::from([("account".to_owned(), toml::from_str("requests_per_minute = 3").expect("a quota"))]);
    let file: MockFile = toml::from_str(&format!("{EXACT}quota = {{ pool = \"account\" }}")).expect("a mock");
    let statuses = run_virtual(Seed(1), |world| async move {
        let (pools, client) = (Pools::default(), Client::new(&world));
        let mut mocks = Vec::new();
        for name in ["east", "west"] {
            let plan = file.plan_among(name, &quotas).expect("sound");
            mocks.push(start_among(&world, &Address::new(name), plan, &pools).expect("a free name"));
        }
        let mut statuses = Vec::new();
        for (mock, path) in [(0, HAIKU), (1, HAIKU), (1, SONNET), (0, HAIKU), (1, SONNET)] {
            let request = crate::harness::post(path, &converse(1));
            let answered = client.send(mocks[mock].address(), request).await.expect("an answer");
            statuses.push(answered.status().as_u16());
        }
        statuses
    });
    assert_eq!(statuses, [200, 200, 200, 429, 429], "two regions and two models draw on three requests");
}

fn told(answered: &Answered, what: &str) -> [String; 3] {
    ["limit", "remaining", "reset"]
        .map(|column| answered.header(&format!("x-ratelimit-{column}-{what}")).to_owned())
}

#[test]
fn openai_refuses_by_tokens_a_day() {
    let file = format!("{}quota = {{ tokens_per_minute = 10000, tokens_per_day = 14400 }}", openai::EXACT);
    against(&file, |bench| async move {
        let ask = async |tokens: u32| bench.post(CHAT, &chat(&format!(r#","max_tokens":{tokens}"#))).await;
        let first = ask(9_000).await;
        assert_eq!(told(&first, "tokens"), ["10000", "1000", "54s"], "less is left of the minute");
        bench.world.clock().sleep_until(world::Instant::from_secs(60)).await;
        // Ten have flowed back into the day.
        let refused = ask(6_000).await;
        assert_eq!(
            (refused.status(), told(&refused, "tokens")),
            (429, ["14400", "5410", "14h59m0s"].map(str::to_owned))
        );
        let error = parsed(&refused)["error"].clone();
        assert_eq!((&error["type"], &error["code"]), (&json!("tokens"), &json!("rate_limit_exceeded")));
        let words = "Rate limit reached for gpt-4o-mini in organization org-mock on tokens per day (TPD): Limit 14400, \
                     Used 8990, Requested 6000. Please try again in 59m0s.";
        assert!(error["message"].as_str().is_some_and(|text| text.starts_with(words)), "{error}");
        assert_eq!(refused.header("retry-after"), "3540");
    });
}

#[test]
fn openai_refuses_by_pictures_a_minute() {
    let file =
        format!("{}quota = {{ images_per_minute = 5 }}", openai::EXACT.replace("gpt-4o-mini", "gpt-image"));
    against(&file, |bench| async move {
        let draw = async |model: &str, n: u32| {
            let body = format!(r#"{{"model":"{model}","prompt":"a lamp","n":{n}}}"#);
            bench.post("/v1/images/generations", &body).await
        };
        let drawn = draw("gpt-image-1", 4).await;
        assert_eq!(told(&drawn, "input-images"), ["5", "1", "48s"]);
        let refused = draw("gpt-image-1", 2).await;
        let error = parsed(&refused)["error"].clone();
        assert_eq!((refused.status(), &error["type"]), (429, &json!("input-images")));
        let message = error["message"].as_str().expect("words").to_owned();
        assert!(
            message.starts_with(
                "Rate limit reached for gpt-image-1 (for limit gpt-image) in organization org-mock on input-images per min: \
                 Limit 5, Used 4, Requested 2."
            ),
            "{message}"
        );
        assert_eq!(draw("dall-e-2", 5).await.status(), 200);
        let error = parsed(&draw("dall-e-2", 5).await)["error"].clone();
        let words =
            "Rate limit exceeded for images per minute in organization org-mock. Limit: 5/1min. Current: ";
        assert!(error["message"].as_str().is_some_and(|text| text.starts_with(words)), "{error}");
        assert_eq!(error["type"], "requests");
    });
}

#[test]
fn pictures_in_prompts_count_too_and_azure_has_no_such_limit() {
    let file = format!("{}quota = {{ images_per_minute = 3 }}", openai::EXACT);
    against(&file, |bench| async move {
        let part = r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}"#;
        let shown = chat("").replace(&format!("\"{NONCE}\\nhello\""), &format!("[{part},{part}]"));
        let input = r#"{"model":"gpt-4o-mini","input":[{"role":"user","content":[{"type":"input_image","image_url":"u"}]}]}"#;
        assert_eq!(told(&bench.post(CHAT, &shown).await, "input-images")[1], "1");
        assert_eq!(told(&bench.post("/v1/responses", input).await, "input-images")[1], "0");
        assert_eq!(parsed(&bench.post(CHAT, &shown).await)["error"]["type"], "input-images");
        let azure = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21";
        for _ in 0..3 {
            let answered = bench.post(azure, &shown).await;
            assert_eq!((answered.status(), answered.header("x-ratelimit-limit-input-images")), (200, ""));
        }
    });
}

#[test]
fn openai_tells_of_a_projects_limits_and_refuses_by_them() {
    let file = format!(
        "{}quota = {{ project_requests_per_minute = 3, project_tokens_per_minute = 1000 }}",
        openai::EXACT
    );
    against(&file, |bench| async move {
        let ask = async |tokens: u32| bench.post(CHAT, &chat(&format!(r#","max_tokens":{tokens}"#))).await;
        let first = ask(900).await;
        assert_eq!(told(&first, "project-requests"), ["3", "2", "20s"]);
        assert_eq!(told(&first, "project-tokens")[..2], ["1000", "100"]);
        assert_eq!(told(&first, "requests")[0], "500", "the profile's, which refuses nobody");
        let refused = ask(901).await;
        assert_eq!((refused.status(), told(&refused, "tokens")), (429, [""; 3].map(str::to_owned)));
        let message = parsed(&refused)["error"]["message"].as_str().expect("words").to_owned();
        assert!(message.contains("on tokens per min (TPM): Limit 1000, Used"), "{message}");
        let too_large = parsed(&ask(1_001).await)["error"]["message"].as_str().expect("words").to_owned();
        assert!(too_large.starts_with("Request too large for gpt-4o-mini"), "{too_large}");
    });
}

#[test]
fn anthropic_counts_output_as_it_is_produced() {
    let file = format!(
        "{EXACT}profile = \"anthropic/claude-haiku\"\nanswer = {{ tokens_p50 = 64, tokens_p90 = 64 }}\n\
         quota = {{ output_tokens_per_minute = 60 }}"
    );
    against(&file, |bench| async move {
        let ask = |stream: bool| {
            let body = json!({"model": "claude-haiku-4-5", "max_tokens": 60_000, "stream": stream,
                "messages": [{"role": "user", "content": NONCE}]});
            request(Method::POST, "/v1/messages", &[("anthropic-version", "2023-06-01")], &body.to_string())
        };
        let left =
            |answered: &Answered| answered.header("anthropic-ratelimit-output-tokens-remaining").to_owned();
        let limit =
            |answered: &Answered| answered.header("anthropic-ratelimit-output-tokens-limit").to_owned();
        // A reader who leaves after the first piece has had some of the 64, whatever it was allowed.
        let response = bench.send(ask(true)).await;
        assert_eq!(response.headers()["anthropic-ratelimit-output-tokens-limit"], "60");
        let mut body = response.into_body();
        body.next_data().await.expect("a piece").expect("sound");
        drop(body);
        bench.world.clock().sleep(Duration::from_millis(1)).await;
        let whole = bench.call(ask(false)).await;
        assert_eq!((whole.status(), limit(&whole)), (200, "60".to_owned()));
        let refused = bench.call(ask(false)).await;
        assert_eq!((refused.status(), left(&refused)), (429, "0".to_owned()));
        assert!(refused.text().contains("rate limit of 60 output tokens per minute"), "{}", refused.text());
        let wait: u64 = refused.header("retry-after").parse().expect("seconds");
        bench.world.clock().sleep(Duration::from_secs(wait)).await;
        assert_eq!(bench.call(ask(false)).await.status(), 200);
    });
}
