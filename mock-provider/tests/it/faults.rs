//! Faults that a request brings itself.

use bytes::Bytes;
use http::{Method, Response};
use wire::event_stream::Frame;
use world::Instant;
use world::http::{Body, SendError};

use crate::harness::{EXACT, NONCE, against, post, request};

const HAIKU: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0";
const FLASH: &str = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash";

fn converse() -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":[{{"text":"{NONCE}"}}]}}],"inferenceConfig":{{"maxTokens":64}}}}"#
    )
}

fn generate() -> String {
    format!(
        r#"{{"contents":[{{"role":"user","parts":[{{"text":"{NONCE}"}}]}}],"generationConfig":{{"maxOutputTokens":64}}}}"#
    )
}

#[test]
fn an_error_is_asked_for_in_each_of_the_three_ways() {
    against(EXACT, |bench| async move {
        let (path, body) = (format!("{HAIKU}/converse"), converse());
        let in_header = request(Method::POST, &path, &[("x-brownout-fault", "http-503")], &body);
        for request in [
            in_header,
            post(&format!("/fault/http-503{path}"), &body),
            post("/model/fault.http-503/converse", &body),
        ] {
            let answered = bench.call(request).await;
            assert_eq!(answered.status(), 503);
            assert!(answered.header("x-amzn-errortype").starts_with("ServiceUnavailableException:"));
            assert_eq!(answered.text(), r#"{"message":"Bedrock is unable to process your request."}"#);
        }
        let flash = FLASH.replace("gemini-2.5-flash", "fault.http-503");
        let answered = bench.post(&format!("{flash}:generateContent"), &generate()).await;
        assert_eq!(answered.status(), 503);
        assert!(answered.text().contains("UNAVAILABLE"), "{}", answered.text());
        assert_eq!(bench.post(&path, &body).await.status(), 200, "no fault outlives its request");
    });
}

/// Reads a stream up to where it breaks; the pieces, and whether it ended cleanly.
async fn read_broken(response: Response<Body>) -> (Bytes, bool) {
    let (mut body, mut all) = (response.into_body(), Vec::new());
    loop {
        match body.next_data().await {
            Some(Ok(piece)) => all.extend_from_slice(&piece),
            Some(Err(_)) => return (all.into(), false),
            None => return (all.into(), true),
        }
    }
}

fn event_names(mut bytes: Bytes) -> Vec<String> {
    let mut names = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("a prelude")) as usize;
        let frame = Frame::parse(bytes.split_to(length)).expect("a message");
        names.push(
            frame
                .text_header(":event-type")
                .or(frame.text_header(":exception-type"))
                .expect("named")
                .to_owned(),
        );
    }
    names
}

#[test]
fn a_stream_is_cut_after_whole_frames() {
    against(EXACT, |bench| async move {
        for (spec, is_clean) in [
            ("cut=3%20events:reset", false),
            ("cut=3%20events:fin", false),
            ("cut=3%20events:clean-end", true),
        ] {
            let response =
                bench.send(post(&format!("/fault/{spec}{HAIKU}/converse-stream"), &converse())).await;
            assert_eq!(response.status(), 200, "{spec}");
            let (bytes, ended_cleanly) = read_broken(response).await;
            assert_eq!(
                event_names(bytes),
                ["messageStart", "contentBlockDelta", "contentBlockDelta"],
                "{spec}"
            );
            assert_eq!(ended_cleanly, is_clean, "{spec}");
        }
    });
}

#[test]
fn an_error_within_a_stream_comes_as_the_provider_sends_it() {
    against(EXACT, |bench| async move {
        let path = format!("/fault/in-band-error=throttling:1%20content%20event{HAIKU}/converse-stream");
        let (bytes, _) = read_broken(bench.send(post(&path, &converse())).await).await;
        assert_eq!(event_names(bytes), ["messageStart", "contentBlockDelta", "throttlingException"]);
    });
}

#[test]
fn an_error_within_generated_content_has_the_form_of_the_stream() {
    against(EXACT, |bench| async move {
        let at = |query: &str| {
            format!(
                "/fault/in-band-error=unavailable:1%20content%20event{FLASH}:streamGenerateContent{query}"
            )
        };
        for query in ["", "?$alt=json;enum-encoding=int"] {
            let (bytes, is_clean) = read_broken(bench.send(post(&at(query), &generate())).await).await;
            assert!(is_clean);
            let elements: Vec<serde_json::Value> =
                serde_json::from_slice(&bytes).expect("an array all the same");
            assert_eq!(elements.len(), 2);
            assert!(elements[0]["candidates"][0]["content"]["parts"][0]["text"].is_string());
            assert_eq!(
                (&elements[1]["error"]["code"], &elements[1]["error"]["status"]),
                (&503.into(), &"UNAVAILABLE".into())
            );
        }
        let (bytes, _) = read_broken(bench.send(post(&at("?alt=sse"), &generate())).await).await;
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let events: Vec<&str> = text.split_terminator("\r\n\r\n").collect();
        assert_eq!(events.len(), 2);
        assert!(events[1].starts_with(r#"data: {"error":{"code":503,"#), "{text}");
    });
}

#[test]
fn a_fault_stands_for_the_model_whose_tokens_are_counted() {
    against(EXACT, |bench| async move {
        let path = "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict";
        let body = |model: &str| {
            format!(
                r#"{{"model":"{model}","anthropic_version":"vertex-2023-10-16","messages":[{{"role":"user","content":"x"}}]}}"#
            )
        };
        assert_eq!(bench.post(path, &body("claude-haiku-4-5@20251001")).await.status(), 200);
        let faulted = bench.post(path, &body("fault.http-503")).await;
        assert_eq!(faulted.status(), 503, "{}", faulted.text());
        // The answer comes first, and is late: so it was asked of a model that there is.
        let late = bench.post(path, &body("fault.latency=2s")).await;
        assert_eq!(late.status(), 200, "{}", late.text());
    });
}

#[test]
fn a_reset_before_the_head_leaves_nothing() {
    against(EXACT, |bench| async move {
        let path = format!("/fault/reset-before-headers{HAIKU}/converse");
        let error = bench.try_send(post(&path, &converse())).await.expect_err("no answer");
        assert!(matches!(error, SendError::Reset), "{error}");
        assert_eq!(bench.world.clock().now(), Instant::ZERO);
    });
}

#[test]
fn a_fault_that_does_not_exist_is_said_to_the_caller() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("/fault/dance{HAIKU}/converse"), &converse()).await;
        assert_eq!(answered.status(), 400);
        assert!(
            answered.text().starts_with(r#"{"message":"there is no fault `dance`; accepted: "#),
            "{}",
            answered.text()
        );
        let answered = bench.post(&format!("/fault/dance{FLASH}:generateContent"), &generate()).await;
        assert_eq!(answered.status(), 400);
        assert!(answered.text().contains("there is no fault `dance`"), "{}", answered.text());
    });
}
