//! How long a session may last and be silent, what it costs, and faults within it.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{EXACT, Live, NONCE, NOVA, NOVA_2, ask, briefs, run, service, words};

const QUIET: &str = "InternalErrorCode=532::Timed out waiting for audio bytes or interactive content. Please ensure gaps \
                     between audio bytes and interactive content are less than 55 seconds.";

#[test]
fn a_session_that_hears_nothing_is_ended() {
    run(|world| async move {
        let begun = world.clock().now();
        let mut live = Live::open(&world, EXACT, NOVA).await;
        live.begin(4, Value::Null).await;
        let all = live.rest().await;
        assert_eq!(briefs(&all), ["validationException"]);
        assert_eq!((all[0].text("message"), all[0].at), (QUIET, begun + Duration::from_secs(55)));
        // Also one that stalls within a frame.
        let mut live = Live::open(&world, EXACT, NOVA).await;
        let message = live.signed(b"never mind");
        live.raw(&message[..20]).await;
        assert_eq!(live.rest().await[0].text("message"), QUIET);
    });
}

#[test]
fn a_session_ends_after_eight_minutes_whatever_is_said() {
    run(|world| async move {
        let begun = world.clock().now();
        let mut live = Live::open(&world, EXACT, NOVA).await;
        live.begin(4, Value::Null).await;
        live.audio_start("mic").await;
        for _ in 0..12 {
            live.audio("mic", 100, 0).await;
            let told = world.clock().timeout(Duration::from_secs(40), live.next()).await;
            if let Ok(Some(last)) = told {
                assert_eq!(
                    (last.name.as_str(), last.at),
                    ("modelTimeoutException", begun + Duration::from_secs(480))
                );
                assert_eq!(
                    last.text("message"),
                    "Model has timed out in processing the request. Try your request again."
                );
                assert_eq!(live.rest().await, []);
                return;
            }
            assert!(told.is_err(), "it ends too early");
        }
        panic!("it goes on and on");
    });
}

#[test]
fn sessions_draw_on_the_model_s_quota() {
    let file = format!("{EXACT}quota = {{ requests_per_minute = 2 }}\n");
    run(|world| async move {
        let service = service(&world, &file);
        for _ in 0..2 {
            let mut live = Live::of(&world, &service, NOVA).await;
            live.hang_up();
            live.rest().await;
        }
        let (response, ..) = ask(&world, &service, NOVA, |_| {}).await;
        assert_eq!(response.status(), 429);
    });
}

#[test]
fn a_fault_acts_on_the_stream_of_a_session() {
    run(|world| async move {
        let service = service(&world, EXACT);
        let spec = "in_band_error=throttling-tokens:4 events";
        let (response, up, chain) = ask(&world, &service, NOVA_2, |request| {
            request.headers_mut().insert("x-brownout-fault", spec.parse().expect("a value"));
        })
        .await;
        assert_eq!(response.status(), 200);
        let mut live = Live::resume(&world, response, up, chain);
        live.begin(12, Value::Null).await;
        live.text("hello", NONCE, "USER", true).await;
        let all = live.rest().await;
        assert_eq!(briefs(&all).last().map(String::as_str), Some("throttlingException"));
        assert_eq!(all.len(), 5, "{:?}", briefs(&all));
    });
}

#[test]
fn what_is_held_stays_small_whatever_is_sent() {
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        live.begin(4, Value::Null).await;
        live.say(
            "contentStart",
            json!({ "promptName": "p", "contentName": "c", "type": "TEXT", "role": "USER" }),
        )
        .await;
        // The text of a content has an end.
        let part = "x".repeat(300_000);
        for _ in 0..4 {
            live.say("textInput", json!({ "promptName": "p", "contentName": "c", "content": part })).await;
        }
        let all = live.rest().await;
        assert_eq!(briefs(&all), ["validationException"]);
    });
}

#[test]
fn text_alone_is_answered_by_the_second_nova_only() {
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA).await;
        live.begin(4, Value::Null).await;
        live.audio_start("mic").await;
        live.text("hello", NONCE, "USER", true).await;
        live.end().await;
        assert_eq!(briefs(&live.rest().await), [""; 0]);
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        live.begin(4, Value::Null).await;
        live.text("hello", NONCE, "USER", true).await;
        live.end().await;
        let all = live.rest().await;
        assert_eq!(words(&all, "ASSISTANT FINAL").split('.').count(), 5);
        assert_eq!(briefs(&all).last().map(String::as_str), Some("completionEnd END_TURN"));
    });
}
