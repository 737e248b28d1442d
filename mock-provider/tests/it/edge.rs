//! A mock that stands alone: what it notes, the rules that are set while it runs, and starting afresh.

use std::time::Duration;

use brownout_mock_provider::{Access, EdgePlan};
use fault::FaultFile;
use http::Method;
use serde_json::Value;
use world::Address;
use world::http::Client;

use crate::harness::{Answered, Bench, EXACT, NONCE, against, alone, post, request};

const CONVERSE: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
const STREAM: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream";
const FLASH: &str = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent";

fn converse() -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":[{{"text":"{NONCE}"}}]}}],"inferenceConfig":{{"maxTokens":8}}}}"#
    )
}

fn generate() -> String {
    format!(
        r#"{{"contents":[{{"role":"user","parts":[{{"text":"{NONCE}"}}]}}],"generationConfig":{{"maxOutputTokens":8}}}}"#
    )
}

fn rules(text: &str) -> EdgePlan {
    EdgePlan { faults: serde_json::from_str::<Vec<FaultFile>>(text).expect("rules"), ..EdgePlan::default() }
}

async fn control(bench: &Bench, method: Method, path: &str, body: &str) -> (u16, Value) {
    let answered = bench.call(request(method, &format!("/__brownout{path}"), &[], body)).await;
    assert_eq!(answered.header("content-type"), "application/json", "{path}");
    (answered.status(), serde_json::from_str(answered.text()).expect("JSON"))
}

async fn ask(bench: &Bench, path: &str) -> Value {
    let (status, value) = control(bench, Method::GET, path, "").await;
    assert_eq!(status, 200, "{path}: {value}");
    value
}

/// The value of a line of the exposition.
async fn metric(bench: &Bench, line: &str) -> Option<f64> {
    let answered = bench.call(request(Method::GET, "/metrics", &[], "")).await;
    answered.text().lines().find_map(|l| l.strip_prefix(line)?.trim().parse().ok())
}

#[test]
fn every_request_is_noted_with_what_became_of_it() {
    alone(EXACT, EdgePlan::default(), |bench| async move {
        bench.post(CONVERSE, &converse()).await;
        bench.post(FLASH, &generate()).await;
        bench.post(&format!("/fault/http-429{CONVERSE}"), &converse()).await;
        bench.post(CONVERSE, "{").await;
        let told = ask(&bench, "/requests").await;
        let of = |field: &str| -> Vec<Value> {
            told["requests"].as_array().expect("a list").iter().map(|entry| entry[field].clone()).collect()
        };
        assert_eq!(of("id"), [1, 2, 3, 4]);
        assert_eq!(of("surface"), ["bedrock", "vertex", "bedrock", "bedrock"]);
        assert_eq!(of("operation"), ["converse", "generateContent", "converse", "converse"]);
        assert_eq!(of("status"), [200, 200, 429, 400]);
        assert_eq!(of("outcome"), ["ok", "ok", "error", "error"]);
        assert_eq!(of("attempt"), [0, 1, 2, 0], "one nonce, and a request without");
        assert_eq!(of("output_tokens")[..2], [8, 8]);
        assert_eq!(told["requests"][0]["nonce"], NONCE);
        assert_eq!(told["requests"][2]["fault"]["effect"], "error");
        assert!(told["requests"][0]["fault"].is_null());
        assert!(told["requests"][0]["duration_us"].as_u64() > Some(0));
        assert_eq!(ask(&bench, "/requests?status=4xx&fault=none").await["matched"], 1);
        assert_eq!(ask(&bench, "/requests/2").await["model"], "gemini-2.5-flash");
        assert_eq!(control(&bench, Method::GET, "/requests/99", "").await.0, 404);
        control(&bench, Method::DELETE, "/requests", "").await;
        assert_eq!(ask(&bench, "/requests").await["matched"], 0);
    });
}

#[test]
fn nothing_of_the_books_shows_in_an_answer() {
    let asked = |bench: Bench| async move {
        let whole = bench.post(CONVERSE, &converse()).await;
        let stream = bench.post(STREAM, &converse()).await;
        let faulted = bench.post(&format!("/fault/html{CONVERSE}"), &converse()).await;
        [whole, stream, faulted]
            .map(|answered| (answered.head_text(), answered.body.clone(), answered.end_at))
    };
    assert_eq!(against(EXACT, asked), alone(EXACT, EdgePlan::default(), asked));
}

#[test]
fn a_stream_is_live_until_its_client_leaves() {
    alone(EXACT, EdgePlan::default(), |bench| async move {
        let mut response = bench.send(post(STREAM, &converse())).await;
        assert!(response.body_mut().next_data().await.expect("a frame").is_ok());
        let state = ask(&bench, "/state").await;
        assert_eq!((&state["live_requests"], &state["live_streams"]), (&1.into(), &1.into()));
        assert_eq!(metric(&bench, "brownout_mock_live_streams{provider=\"mock\"}").await, Some(1.0));
        drop(response);
        bench.world.clock().sleep(Duration::from_millis(1)).await;
        let state = ask(&bench, "/state").await;
        assert_eq!((&state["live_requests"], &state["live_streams"]), (&0.into(), &0.into()));
        assert_eq!(ask(&bench, "/requests").await["requests"][0]["outcome"], "client_left");
    });
}

#[test]
fn rules_of_the_file_hit_by_the_seed() {
    let run = || {
        let edge = rules(r#"[{"name":"half","share":"50%","error":503,"kind":"chat"}]"#);
        alone(EXACT, edge, |bench| async move {
            let mut statuses = Vec::new();
            for _ in 0..40 {
                statuses.push(bench.post(CONVERSE, &converse()).await.status());
            }
            let hit = statuses.iter().filter(|status| **status == 503).count();
            assert!((10..=30).contains(&hit), "{hit} of 40");
            assert_eq!(ask(&bench, "/requests?fault=half").await["matched"], hit);
            let line = "brownout_mock_faults_total{applied=\"true\",effect=\"error\",provider=\"mock\"}";
            assert_eq!(metric(&bench, line).await, Some(hit as f64));
            statuses
        })
    };
    assert_eq!(run(), run());
}

#[test]
fn a_rule_before_the_request_takes_connections() {
    alone(EXACT, rules(r#"[{"reset":"before-request","requests":{"first":1}}]"#), |bench| async move {
        bench.try_send(post(CONVERSE, &converse())).await.expect_err("the first connection is reset");
        assert_eq!(bench.post(CONVERSE, &converse()).await.status(), 200);
        let told = ask(&bench, "/requests").await;
        assert_eq!(told["requests"][0]["operation"], "connection");
        assert_eq!(told["requests"][0]["outcome"], "reset");
    });
}

#[test]
fn a_rule_set_while_it_runs_holds_until_it_expires() {
    alone(EXACT, EdgePlan::default(), |bench| async move {
        let rule = r#"{"name":"outage","error":"service-unavailable","model":"*haiku*","ttl":"10s"}"#;
        let (status, told) = control(&bench, Method::POST, "/faults", rule).await;
        assert_eq!((status, &told["name"], &told["expires_in"]), (201, &"outage".into(), &"10s".into()));
        assert_eq!(bench.post(CONVERSE, &converse()).await.status(), 503);
        assert_eq!(bench.post(FLASH, &generate()).await.status(), 200, "not its model");
        assert_eq!(ask(&bench, "/faults").await["faults"][0]["name"], "outage");
        bench.world.clock().sleep(Duration::from_secs(10)).await;
        assert_eq!(bench.post(CONVERSE, &converse()).await.status(), 200);
        assert_eq!(ask(&bench, "/state").await["faults"], 0);
        control(&bench, Method::POST, "/faults", rule).await;
        assert_eq!(control(&bench, Method::DELETE, "/faults/outage", "").await.0, 200);
        assert_eq!(control(&bench, Method::DELETE, "/faults/outage", "").await.0, 404);
        assert_eq!(bench.post(CONVERSE, &converse()).await.status(), 200);
    });
}

#[test]
fn a_suite_can_start_afresh() {
    let file = format!("{EXACT}quota = {{ requests_per_minute = 2 }}\n");
    alone(&file, EdgePlan::default(), |bench| async move {
        let suite = async || {
            control(&bench, Method::POST, "/reset", "").await;
            let mut seen = Vec::new();
            for _ in 0..4 {
                let answered = bench.post(CONVERSE, &converse()).await;
                seen.push((answered.status(), answered.header("x-amzn-requestid").to_owned()));
            }
            seen
        };
        let first = suite().await;
        assert_eq!(first.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [200, 200, 429, 429]);
        let line = "brownout_mock_quota_refusals_total{provider=\"mock\",surface=\"bedrock\"}";
        assert_eq!(metric(&bench, line).await, Some(2.0));
        assert_eq!(suite().await, first, "identities, quotas and request ids begin anew");
        assert_eq!(metric(&bench, line).await, Some(2.0));
        assert_eq!(ask(&bench, "/requests").await["matched"], 4);
        assert_eq!(ask(&bench, "/state").await["requests"], 4);
    });
}

#[test]
fn bad_input_is_answered_with_what_would_be_accepted() {
    alone(EXACT, rules(r#"[{"name":"fixed","latency":"1ms"}]"#), |bench| async move {
        for (method, path, body, expected) in [
            (Method::POST, "/faults", "{", 400),
            (Method::POST, "/faults", "[]", 400),
            (Method::POST, "/faults", r#"{"errr":503}"#, 400),
            (Method::POST, "/faults", r#"{"error":"no-such-error"}"#, 400),
            (Method::POST, "/faults", r#"{"share":"150%","error":503}"#, 400),
            (Method::POST, "/faults", r#"{"name":"fixed","error":503}"#, 409),
            (Method::GET, "/requests?stat=1", "", 400),
            (Method::GET, "/requests?status=abc", "", 400),
            (Method::GET, "/nonsense", "", 404),
            (Method::GET, "/requests/abc", "", 404),
            (Method::PUT, "/faults", "", 405),
            (Method::GET, "/reset", "", 405),
        ] {
            let (status, value) = control(&bench, method.clone(), path, body).await;
            assert_eq!(status, expected, "{method} {path} {body}: {value}");
            let error = &value["error"];
            assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{value}");
            assert!(error["accepted"].is_string() || error["problems"].is_array(), "{value}");
        }
        let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000));
        assert_eq!(control(&bench, Method::POST, "/faults", &large).await.0, 413);
        assert_eq!(ask(&bench, "/faults").await["faults"].as_array().map(Vec::len), Some(1));
    });
}

async fn status(bench: &Bench, path: &str, headers: &[(&str, &str)]) -> u16 {
    bench.call(request(Method::GET, path, headers, "")).await.status()
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let edge = EdgePlan { access: Access::Token("secret".to_owned()), ..EdgePlan::default() };
    alone(EXACT, edge, |bench| async move {
        assert_eq!(status(&bench, "/__brownout/state", &[]).await, 401);
        assert_eq!(status(&bench, "/__brownout/state", &[("authorization", "Bearer wrong")]).await, 401);
        assert_eq!(status(&bench, "/__brownout/state", &[("authorization", "Bearer secret")]).await, 200);
        assert_eq!(status(&bench, "/readyz", &[]).await, 200, "health is for everybody");
    });
}

#[test]
fn a_closed_port_and_a_drills_mock_have_no_control() {
    let seen = |bench: Bench| async move {
        let answered: Answered = bench.call(request(Method::GET, "/__brownout/state", &[], "")).await;
        (answered.status(), answered.header("x-amzn-errortype").to_owned(), bench)
    };
    let closed = EdgePlan { access: Access::Closed, ..EdgePlan::default() };
    let (code, error, _) = alone(EXACT, closed, seen);
    let (drills, drills_error, _) = against(EXACT, seen);
    assert_eq!((code, &error), (drills, &drills_error), "the provider's own answer");
    assert!(!error.is_empty());
    against(EXACT, |bench| async move {
        for path in ["/metrics", "/healthz", "/readyz"] {
            assert_ne!(status(&bench, path, &[]).await, 200, "{path}");
        }
    });
}

#[test]
fn an_admin_port_of_its_own_answers_while_the_mock_drains() {
    let edge = EdgePlan {
        access: Access::Closed,
        admin: Some((Address::new("admin"), Access::Open)),
        ..EdgePlan::default()
    };
    alone(EXACT, edge, |bench| async move {
        let (world, clock) = (bench.world.clone(), *bench.world.clock());
        let ready = async || {
            let get = request(Method::GET, "/readyz", &[], "");
            let response = Client::new(&world).send(&Address::new("admin"), get).await.expect("an answer");
            response.status().as_u16()
        };
        assert_eq!((ready().await, status(&bench, "/readyz", &[]).await), (200, 200));
        let stray = request(Method::POST, CONVERSE, &[], &converse());
        let stray = Client::new(&world).send(&Address::new("admin"), stray).await.expect("an answer");
        assert_eq!(stray.status(), 404, "no provider there");
        let stream = bench.send(post(STREAM, &converse())).await;
        let reading =
            world.spawn(async move { world::http::collect(stream.into_body(), 1 << 20).await.is_ok() });
        let mock = bench.mock;
        let draining = world.spawn(async move { mock.shutdown(Duration::from_secs(60)).await });
        clock.sleep(Duration::from_millis(1)).await;
        assert_eq!(ready().await, 503);
        assert!(reading.await.expect("a task"), "the stream in flight ends whole");
        assert_eq!(draining.await.expect("a task"), 0);
    });
}

#[test]
fn metrics_come_in_one_order() {
    alone(EXACT, EdgePlan::default(), |bench| async move {
        bench.post(FLASH, &generate()).await;
        bench.post(CONVERSE, &converse()).await;
        let answered = bench.call(request(Method::GET, "/metrics", &[], "")).await;
        assert!(answered.header("content-type").starts_with("text/plain; version=0.0.4"));
        let series: Vec<_> =
            answered.text().lines().filter(|line| line.starts_with("brownout_mock_requests")).collect();
        assert_eq!(
            series,
            [
                "brownout_mock_requests_total{operation=\"converse\",provider=\"mock\",status=\"200\",surface=\"bedrock\"} 1",
                "brownout_mock_requests_total{operation=\"generateContent\",provider=\"mock\",status=\"200\",surface=\"vertex\"} 1",
            ]
        );
        let families: Vec<_> = answered.text().lines().filter(|line| line.starts_with("# TYPE")).collect();
        let mut sorted = families.clone();
        sorted.sort_unstable();
        assert_eq!(families, sorted);
    });
}
