//! Operations of Bedrock without an answer of a model: guardrails, lists, counts.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Bench, EXACT, against, request};

async fn get(bench: &Bench, path: &str) -> (u16, Value) {
    let answered = bench.call(request(Method::GET, path, &[], "")).await;
    (answered.status(), serde_json::from_slice(&answered.body).expect("JSON"))
}

async fn apply(bench: &Bench, text: &str) -> Value {
    let body = json!({"source": "INPUT", "content": [{"text": {"text": text}}]});
    let answered = bench.post("/guardrail/abc123/version/DRAFT/apply", &body.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    serde_json::from_slice(&answered.body).expect("JSON")
}

#[test]
fn a_guardrail_is_applied_by_itself() {
    against(EXACT, |bench| async move {
        let fine = apply(&bench, "All is well.").await;
        assert_eq!((&fine["action"], &fine["outputs"]), (&json!("NONE"), &json!([])));
        assert_eq!(fine["guardrailCoverage"]["textCharacters"], json!({"guarded": 12, "total": 12}));
        let blocked = apply(&bench, "Do blockme.").await;
        assert_eq!(blocked["action"], "GUARDRAIL_INTERVENED");
        assert_eq!(blocked["outputs"][0]["text"], "Sorry, the model cannot answer this question.");
        assert_eq!(blocked["usage"]["wordPolicyUnits"], 1);
        let masked = apply(&bench, "Write to a@example.org!").await;
        assert_eq!(masked["outputs"][0]["text"], "Write to {EMAIL}!");
        let entity = &masked["assessments"][0]["sensitiveInformationPolicy"]["piiEntities"][0];
        assert_eq!((&entity["type"], &entity["action"]), (&json!("EMAIL"), &json!("ANONYMIZED")));
        let missing = bench.post("/guardrail/abc123/version/0/apply", "{}").await;
        assert_eq!(missing.status(), 404);
        assert!(missing.header("x-amzn-errortype").starts_with("ResourceNotFoundException:"));
    });
}

#[test]
fn checks_need_no_guardrail() {
    against(EXACT, |bench| async move {
        let body = json!({
            "messages": [{"role": "user", "content": [{"text": "blockme"}, {"text": "é a@b.cd"}]}],
            "checks": {
                "contentFilter": {"categories": [{"category": "HATE"}]},
                "sensitiveInformation": {"entities": [{"type": "EMAIL"}]},
            },
        });
        let answered = bench.post("/guardrail-checks/invoke", &body.to_string()).await;
        let checked: Value = serde_json::from_slice(&answered.body).expect("JSON");
        assert_eq!(
            checked["results"]["contentFilter"]["results"],
            json!([{"category": "HATE", "severityScore": 1.0}])
        );
        let place = &checked["results"]["sensitiveInformation"]["results"][0];
        assert_eq!(
            (&place["beginOffset"], &place["endOffset"], &place["contentIndex"]),
            (&json!(2), &json!(8), &json!(1))
        );
        assert_eq!(checked["results"].get("promptAttack"), None);
    });
}

#[test]
fn models_are_filtered() {
    against(EXACT, |bench| async move {
        let ids = |list: &Value| -> Vec<String> {
            let models = list["modelSummaries"].as_array().expect("a list");
            models.iter().map(|model| model["modelId"].as_str().expect("an id").to_owned()).collect()
        };
        let (_, images) =
            get(&bench, "/foundation-models?byOutputModality=IMAGE&byProvider=Stability%20AI").await;
        assert!(!ids(&images).is_empty() && ids(&images).iter().all(|id| id.starts_with("stability.")));
        let (_, none) = get(&bench, "/foundation-models?byCustomizationType=FINE_TUNING").await;
        assert!(ids(&none).is_empty());
        let (status, wrong) = get(&bench, "/foundation-models?byOutputModality=SMELL").await;
        assert_eq!(status, 400);
        assert!(wrong["message"].as_str().expect("a text").contains("'SMELL' at 'byOutputModality'"));
        let arn = "arn:aws:bedrock:us-east-1::foundation-model%2Famazon.nova-pro-v1:0";
        let (status, one) = get(&bench, &format!("/foundation-models/{arn}")).await;
        assert_eq!((status, &one["modelDetails"]["modelName"]), (200, &json!("Nova Pro")));
        assert_eq!(get(&bench, "/foundation-models/us.amazon.nova-pro-v1:0").await.0, 400);
    });
}

#[test]
fn profiles_are_listed_and_found() {
    against(&format!("{EXACT}region = \"eu-west-1\"\n"), |bench| async move {
        let (_, page) = get(&bench, "/inference-profiles?maxResults=3").await;
        assert_eq!(page["inferenceProfileSummaries"].as_array().expect("a list").len(), 3);
        let token = page["nextToken"].as_str().expect("more");
        let (_, rest) = get(&bench, &format!("/inference-profiles?nextToken={token}")).await;
        assert_eq!(rest.get("nextToken"), None);
        let (_, own) = get(&bench, "/inference-profiles?type=APPLICATION").await;
        assert_eq!(own["inferenceProfileSummaries"], json!([]));
        let id = "eu.anthropic.claude-sonnet-4-20250514-v1:0";
        let (status, one) = get(&bench, &format!("/inference-profiles/{id}")).await;
        assert_eq!((status, &one["type"]), (200, &json!("SYSTEM_DEFINED")));
        assert_eq!(
            one["inferenceProfileArn"],
            format!("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/{id}")
        );
        let arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile%2Fabc";
        assert_eq!(get(&bench, &format!("/inference-profiles/{arn}")).await.1["type"], "APPLICATION");
        assert_eq!(get(&bench, "/inference-profiles/eu.nothing").await.0, 404);
    });
}

#[test]
fn tokens_are_counted_in_every_format() {
    against(EXACT, |bench| async move {
        use base64::Engine as _;
        // Three tokens, and what the formats of chats have around them.
        for (model, body, tokens) in [
            ("amazon.titan-text-express-v1", json!({"inputText": "12345678"}), 3),
            ("meta.llama3-1-8b-instruct-v1:0", json!({"prompt": "12345678"}), 3),
            ("mistral.mistral-7b-instruct-v0:2", json!({"prompt": "12345678"}), 3),
            ("openai.gpt-oss-20b-1:0", json!({"messages": [{"role": "user", "content": "12345678"}]}), 7),
            ("cohere.command-r-v1:0", json!({"message": "12345678"}), 3),
            (
                "amazon.nova-lite-v1:0",
                json!({"messages": [{"role": "user", "content": [{"text": "12345678"}]}]}),
                10,
            ),
        ] {
            let body = base64::engine::general_purpose::STANDARD.encode(body.to_string());
            let body = json!({"input": {"invokeModel": {"body": body}}});
            let answered = bench.post(&format!("/model/{model}/count-tokens"), &body.to_string()).await;
            assert_eq!(answered.text(), format!(r#"{{"inputTokens":{tokens}}}"#), "{model}");
        }
        let body = json!({"input": {"invokeModel": {"body": "e30="}}}).to_string();
        let refused = bench.post("/model/amazon.titan-embed-text-v1/count-tokens", &body).await;
        assert_eq!(refused.status(), 400);
    });
}

#[test]
fn films_are_made_in_their_own_time() {
    against(EXACT, |bench| async move {
        let body = |seed: u32| {
            json!({
                "modelId": "amazon.nova-reel-v1:1",
                "clientRequestToken": "once",
                "modelInput": {"taskType": "TEXT_VIDEO", "seed": seed},
                "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://bucket/films"}},
            })
            .to_string()
        };
        let started = bench.post("/async-invoke", &body(1)).await;
        assert_eq!(started.status(), 200, "{}", started.text());
        let value: Value = serde_json::from_slice(&started.body).expect("JSON");
        let arn = value["invocationArn"].as_str().expect("an ARN").to_owned();
        let again = bench.post("/async-invoke", &body(1)).await;
        assert_eq!(again.body, started.body, "the same token, the same invocation");
        let other = bench.post("/async-invoke", &body(2)).await;
        assert!(other.header("x-amzn-errortype").starts_with("ConflictException:"));

        let path = format!("/async-invoke/{}", arn.replace('/', "%2F"));
        let (_, running) = get(&bench, &path).await;
        assert_eq!((&running["status"], running.get("endTime")), (&json!("InProgress"), None));
        assert_eq!(running["submitTime"], "2026-01-01T00:00:00Z");
        bench.world.clock().sleep(std::time::Duration::from_secs(61)).await;
        let (_, done) = get(&bench, &path).await;
        assert_eq!(
            (&done["status"], &done["endTime"]),
            (&json!("Completed"), &json!("2026-01-01T00:01:00Z"))
        );
        let (_, list) = get(&bench, "/async-invoke?statusEquals=Completed&maxResults=5").await;
        assert_eq!(list["asyncInvokeSummaries"], json!([done]));
        assert_eq!(get(&bench, "/async-invoke/nothing").await.0, 400);
        let chat = body(1).replace("amazon.nova-reel-v1:1", "amazon.nova-lite-v1:0");
        assert_eq!(bench.post("/async-invoke", &chat).await.status(), 400);
    });
}
