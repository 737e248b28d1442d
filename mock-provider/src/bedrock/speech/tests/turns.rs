//! Turns: typed, spoken, interrupted, by way of tools.

use std::time::Duration;

use evidence::Nonce;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::client::{
    EXACT, Got, Live, NONCE, NOVA, NOVA_2, briefs, prompt_start, run, service, speech, words,
};

fn tokens(count: u32) -> String {
    let nonce: Nonce = NONCE.parse().expect("a nonce");
    (0..count).map(|seq| nonce.token_text(seq)).collect()
}

/// A turn in brief, runs of speech as one.
fn shape(all: &[Got]) -> Vec<String> {
    let mut shape = briefs(all);
    shape.dedup_by(|next, before| next == before && next.starts_with("audioOutput"));
    shape
}

#[test]
fn a_typed_turn_is_answered_while_the_request_goes_on() {
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        live.begin(30, Value::Null).await;
        live.text("system", "You are brief.", "SYSTEM", false).await;
        live.text("hello", NONCE, "USER", true).await;
        let asked = world.clock().now();
        // The request is still open: only its answer is read.
        let turn = live.until("contentEnd TEXT END_TURN").await;
        assert_eq!(
            shape(&turn),
            [
                "completionStart",
                "usageEvent",
                "contentStart TEXT ASSISTANT SPECULATIVE",
                "textOutput ASSISTANT",
                "contentEnd TEXT PARTIAL_TURN",
                "contentStart AUDIO ASSISTANT",
                "audioOutput ASSISTANT",
                "contentEnd AUDIO PARTIAL_TURN",
                "contentStart TEXT ASSISTANT FINAL",
                "textOutput ASSISTANT",
                "contentEnd TEXT PARTIAL_TURN",
                "contentStart TEXT ASSISTANT SPECULATIVE",
                "textOutput ASSISTANT",
                "contentEnd TEXT PARTIAL_TURN",
                "contentStart AUDIO ASSISTANT",
                "audioOutput ASSISTANT",
                "contentEnd AUDIO END_TURN",
                "contentStart TEXT ASSISTANT FINAL",
                "textOutput ASSISTANT",
                "contentEnd TEXT END_TURN",
            ]
        );
        assert_eq!(words(&turn, "ASSISTANT SPECULATIVE"), tokens(30));
        assert_eq!(words(&turn, "ASSISTANT FINAL"), tokens(30));
        let spoken: Vec<&Got> = turn.iter().filter(|got| got.name == "audioOutput").collect();
        for (token, got) in (0u32..).zip(&spoken) {
            assert_eq!(got.at, asked + Duration::from_millis(100 + 10 * u64::from(token)), "token {token}");
        }
        assert_eq!(spoken.len(), 30);
        // 60 ms a character at 24 kHz, two bytes a sample.
        assert_eq!(speech(&turn).len(), tokens(30).len() * 60 * 24 * 2);
        let usage = live.next().await.expect("usage");
        assert_eq!(usage.body["totalOutputTokens"], json!(30 + (tokens(30).len() * 60 * 25).div_ceil(1_000)));
        let sum = usage.body["totalInputTokens"].as_u64().zip(usage.body["totalOutputTokens"].as_u64());
        assert_eq!(usage.body["totalTokens"].as_u64(), sum.map(|(input, output)| input + output));
        live.end().await;
        assert_eq!(briefs(&live.rest().await), ["completionEnd END_TURN"]);
        let ids = |member: &str| turn.iter().map(|got| got.text(member).to_owned()).collect::<Vec<_>>();
        for member in ["sessionId", "completionId", "promptName"] {
            let ids = ids(member);
            assert!(ids.iter().all(|id| *id == ids[0] && !id.is_empty()), "{member}: {ids:?}");
        }
    });
}

#[test]
fn a_pause_ends_a_spoken_turn_and_the_same_audio_is_heard_as_the_same_words() {
    let heard = |milliseconds: u32| {
        run(move |world| async move {
            let mut live = Live::open(&world, EXACT, NOVA).await;
            live.begin(12, Value::Null).await;
            live.text("before", NONCE, "USER", true).await;
            live.audio_start("mic").await;
            live.audio("mic", milliseconds, 5_000).await;
            live.audio("mic", 1_800, 0).await;
            let turn = live.until("contentEnd TEXT END_TURN").await;
            assert_eq!(
                shape(&turn)[..5],
                [
                    "completionStart",
                    "usageEvent",
                    "contentStart TEXT USER FINAL",
                    "textOutput USER",
                    "contentEnd TEXT PARTIAL_TURN"
                ]
            );
            assert_eq!(words(&turn, "ASSISTANT FINAL"), tokens(12), "the first Nova answers to the text");
            let used = &turn[1].body["details"]["delta"]["input"];
            assert_eq!(used["speechTokens"], json!((u64::from(milliseconds) + 1_750).div_ceil(40)));
            // A second turn, without a text: other words.
            live.audio("mic", milliseconds, 5_000).await;
            live.say("contentEnd", json!({ "promptName": "p", "contentName": "mic" })).await;
            let second = live.until("contentEnd TEXT END_TURN").await;
            assert_ne!(words(&second, "ASSISTANT FINAL"), tokens(12));
            assert_eq!(words(&second, "USER FINAL"), words(&turn, "USER FINAL"));
            live.end().await;
            live.rest().await;
            (words(&turn, "USER FINAL"), words(&second, "ASSISTANT FINAL"))
        })
    };
    let (first, answer) = heard(1_000);
    assert_eq!(heard(1_000), (first.clone(), answer), "a run is a function of its bytes");
    let (longer, _) = heard(4_000);
    assert!(longer.len() > 2 * first.len(), "{longer} is no longer than {first}");
}

#[test]
fn who_speaks_interrupts() {
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        live.begin(200, Value::Null).await;
        live.audio_start("mic").await;
        live.text("hello", NONCE, "USER", true).await;
        let before = live.until("contentStart AUDIO ASSISTANT").await;
        for _ in 0..5 {
            assert_eq!(live.next().await.expect("speech").name, "audioOutput");
        }
        live.audio("mic", 200, 5_000).await;
        let broken = live.until("contentEnd TEXT INTERRUPTED").await;
        let shape: Vec<String> =
            shape(&broken).into_iter().filter(|brief| !brief.starts_with("audioOutput")).collect();
        assert_eq!(
            shape,
            [
                "contentEnd AUDIO INTERRUPTED",
                "contentStart TEXT ASSISTANT FINAL",
                "textOutput ASSISTANT",
                "contentEnd TEXT PARTIAL_TURN",
                "contentStart TEXT ASSISTANT FINAL",
                "textOutput ASSISTANT",
                "contentEnd TEXT INTERRUPTED",
            ]
        );
        let texts: Vec<&str> =
            broken.iter().filter(|got| got.name == "textOutput").map(|got| got.text("content")).collect();
        let said = broken.iter().filter(|got| got.name == "audioOutput").count() as u32 + 5;
        assert_eq!(texts, [tokens(said).as_str(), "{ \"interrupted\" : true }"], "as far as it was said");
        assert!(words(&before, "ASSISTANT SPECULATIVE").len() > texts[0].len());
        assert_eq!(live.next().await.expect("usage").name, "usageEvent");
        // The user goes on and is answered.
        live.audio("mic", 2_000, 0).await;
        let next = live.until("contentEnd TEXT PARTIAL_TURN").await;
        assert_eq!(briefs(&next)[1], "contentStart TEXT USER FINAL");
        live.until("contentEnd TEXT END_TURN").await;
    });
}

#[test]
fn a_tool_is_called_and_its_result_answered() {
    let schema = json!({ "type": "object", "required": ["city"],
        "properties": { "city": { "type": "string" }, "days": { "type": "integer" } } });
    let tool = json!({ "toolSpec": { "name": "weather", "description": "The weather.",
        "inputSchema": { "json": schema.to_string() } } });
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        live.begin(400, json!({ "tools": [tool] })).await;
        live.text("hello", NONCE, "USER", true).await;
        let called = live.until("contentEnd TOOL TOOL_USE").await;
        assert_eq!(
            briefs(&called),
            [
                "completionStart",
                "usageEvent",
                "contentStart TOOL TOOL",
                "toolUse TOOL",
                "contentEnd TOOL TOOL_USE"
            ]
        );
        let call = &called[3];
        assert_eq!(call.text("toolName"), "weather");
        let arguments: Value = serde_json::from_str(call.text("content")).expect("JSON in a text");
        assert!(arguments["city"].is_string(), "{arguments}");
        let result = json!({ "promptName": "p", "contentName": "result", "interactive": false, "type": "TOOL",
            "role": "TOOL", "toolResultInputConfiguration": { "toolUseId": call.text("toolUseId"), "type": "TEXT",
            "textInputConfiguration": { "mediaType": "text/plain" } } });
        live.say("contentStart", result).await;
        let content = json!({ "promptName": "p", "contentName": "result", "content": "{\"sky\":\"clear\"}" });
        live.say("toolResult", content).await;
        live.say("contentEnd", json!({ "promptName": "p", "contentName": "result" })).await;
        let answered = live.until("contentEnd TEXT END_TURN").await;
        assert!(words(&answered, "ASSISTANT FINAL").starts_with(&tokens(3)), "to the same question");
        assert!(answered.iter().all(|got| got.name != "completionStart"), "the completion goes on");
    });
}

#[test]
fn a_session_has_prompt_after_prompt() {
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        live.begin(4, Value::Null).await;
        let mut completions = Vec::new();
        for _ in 0..2 {
            live.text("hello", NONCE, "USER", true).await;
            // An answer that is being given is given to its end.
            live.say("promptEnd", json!({ "promptName": "p" })).await;
            let all = live.until("completionEnd END_TURN").await;
            assert_eq!(words(&all, "ASSISTANT FINAL"), tokens(4));
            completions.push(all[0].text("completionId").to_owned());
            live.say("promptStart", prompt_start("p", Value::Null)).await;
        }
        assert_ne!(completions[0], completions[1]);
        live.hang_up();
        assert_eq!(live.rest().await, []);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// However the transport cuts what the client sends, the model says the same.
    #[test]
    fn bytes_may_come_in_any_pieces(sizes in proptest::collection::vec(1usize..4_000, 1..40)) {
        let said = |sizes: Option<Vec<usize>>| run(|world| async move {
            let mut live = Live::of(&world, &service(&world, EXACT), NOVA_2).await;
            let mut bytes = Vec::new();
            for json in [
                json!({ "event": { "sessionStart": { "inferenceConfiguration": { "maxTokens": 5 } } } }),
                json!({ "event": { "promptStart": prompt_start("p", Value::Null) } }),
                json!({ "event": { "contentStart": { "promptName": "p", "contentName": "c", "type": "TEXT",
                    "role": "USER", "interactive": true } } }),
                json!({ "event": { "textInput": { "promptName": "p", "contentName": "c", "content": NONCE } } }),
                json!({ "event": { "contentEnd": { "promptName": "p", "contentName": "c" } } }),
                json!({ "event": { "promptEnd": { "promptName": "p" } } }),
                json!({ "event": { "sessionEnd": {} } }),
            ] {
                bytes.extend(live.signed(&super::client::chunk(&json.to_string())));
            }
            bytes.extend(live.signed(b""));
            let mut rest = &bytes[..];
            for size in sizes.unwrap_or_default() {
                let (piece, after) = rest.split_at(size.min(rest.len()));
                if !piece.is_empty() {
                    live.raw(piece).await;
                }
                rest = after;
            }
            if !rest.is_empty() {
                live.raw(rest).await;
            }
            live.rest().await
        });
        let whole = said(None);
        prop_assert!(whole.last().is_some_and(|got| got.brief() == "completionEnd END_TURN"));
        prop_assert_eq!(said(Some(sizes)), whole);
    }
}
