//! Routes of Vertex AI.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use wire::vertex::generate_content::{FinishReason, GenerateContentResponse};
use wire::vertex::stream::StreamEvent;

use crate::harness::{Bench, NONCE, against, ms, request};

const EXACT: &str =
    "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const SCOPE: &str = "projects/p-1/locations/us-central1";
const FLASH: &str = "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-flash";

fn conversation(max_tokens: u32) -> String {
    format!(
        r#"{{"contents":[{{"role":"user","parts":[{{"text":"{NONCE}\nhello"}}]}}],"generationConfig":{{"maxOutputTokens":{max_tokens}}}}}"#
    )
}

fn token_texts(count: u32) -> String {
    let nonce: evidence::Nonce = NONCE.parse().expect("a nonce");
    (0..count).map(|seq| nonce.token_text(seq)).collect()
}

#[test]
fn generate_content_answers_whole() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{FLASH}:generateContent"), &conversation(4)).await;
        let response = GenerateContentResponse::parse(&answered.body).expect("an answer");
        let id = response.response_id.as_deref().expect("an id");
        assert_eq!(
            answered.text(),
            format!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":" 8bd0.0 8bd0.1 8bd0.2 8bd0.3"}}]}},"finishReason":"MAX_TOKENS"}}],"usageMetadata":{{"promptTokenCount":9,"candidatesTokenCount":4,"totalTokenCount":13,"trafficType":"ON_DEMAND","promptTokensDetails":[{{"modality":"TEXT","tokenCount":9}}],"candidatesTokensDetails":[{{"modality":"TEXT","tokenCount":4}}]}},"modelVersion":"gemini-2.5-flash","createTime":"2026-01-01T00:00:00.000000Z","responseId":"{id}"}}"#
            )
        );
        assert_eq!(id.len(), 22);
        assert_eq!(
            answered.head_text(),
            "200\ndate: Thu, 01 Jan 2026 00:00:00 GMT\ncontent-type: application/json; charset=UTF-8\n\
             vary: Origin\nvary: X-Origin\nvary: Referer\nserver: scaffolding on HTTPServer2\n\
             x-xss-protection: 0\nx-frame-options: SAMEORIGIN\nx-content-type-options: nosniff\n\
             alt-svc: h3=\":443\"; ma=2592000,h3-29=\":443\"; ma=2592000\ncontent-length: 471\n"
        );
        assert_eq!(answered.end_at.as_micros(), 400_000 + 9 * 50 + 3 * 7_500);
    });
}

#[test]
fn a_stream_of_events() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{FLASH}:streamGenerateContent?alt=sse"), &conversation(64)).await;
        assert_eq!(answered.header("content-type"), "text/event-stream");
        let events: Vec<&str> = answered.text().split_terminator("\r\n\r\n").collect();
        let chunks: Vec<_> =
            events.iter().map(|event| event.strip_prefix("data: ").expect("one line")).collect();
        check_chunks(&chunks);
        assert_eq!(answered.head_at.as_micros(), 400_450);
        assert_eq!(answered.end_at.as_micros(), 400_450 + 63 * 7_500);
    });
}

#[test]
fn a_stream_as_an_array() {
    against(EXACT, |bench| async move {
        for query in ["", "?%24alt=json%3Benum-encoding%3Dint"] {
            let path = format!("{FLASH}:streamGenerateContent{query}");
            let answered = bench.post(&path, &conversation(64)).await;
            assert_eq!(answered.header("content-type"), "application/json; charset=UTF-8");
            let inside = answered
                .text()
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix("\n]"))
                .expect("an array");
            check_chunks(&inside.split("\n,\r\n").collect::<Vec<_>>());
        }
    });
}

/// One token, then sixteen each: five chunks, the last with the reason and the counts.
fn check_chunks(chunks: &[&str]) {
    assert_eq!(chunks.len(), 5);
    let mut text = String::new();
    for (position, chunk) in chunks.iter().enumerate() {
        let StreamEvent::Chunk(chunk) = StreamEvent::parse(chunk.as_bytes()).expect(chunk) else {
            panic!("{chunk}")
        };
        let is_last = position + 1 == chunks.len();
        assert_eq!(chunk.finish_reason(), is_last.then_some(FinishReason::MaxTokens));
        let usage = chunk.usage_metadata.as_ref().expect("usage");
        assert_eq!(usage.total_token_count, if is_last { 73 } else { 0 });
        text.extend(chunk.texts());
    }
    assert_eq!(text, token_texts(64));
}

#[test]
fn every_version_and_express_mode_are_served() {
    against(EXACT, |bench| async move {
        for path in [
            format!("/v1beta1/{SCOPE}/publishers/google/models/gemini-2.5-flash:generateContent"),
            "/v1/publishers/google/models/gemini-2.5-flash:generateContent".to_owned(),
        ] {
            assert_eq!(bench.post(&path, &conversation(4)).await.status(), 200, "{path}");
        }
    });
}

#[test]
fn tokens_are_counted_and_models_listed() {
    against(EXACT, |bench| async move {
        let counted = bench.post(&format!("{FLASH}:countTokens"), &conversation(4)).await;
        assert_eq!(
            counted.text(),
            r#"{"totalTokens":9,"totalBillableCharacters":24,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]}"#
        );
        let get = |path: &str| request(Method::GET, path, &[], "");
        let page = bench.call(get("/v1beta1/publishers/google/models?pageSize=2")).await;
        assert!(page.text().starts_with(r#"{"publisherModels":[{"name":"publishers/google/models/gemini-2.0-flash-001","versionId":"default","openSourceCategory":"PROPRIETARY""#), "{}", page.text());
        let one = bench.call(get("/v1/publishers/google/models/gemini-2.5-pro")).await;
        assert_eq!(one.status(), 200);
    });
}

#[test]
fn errors_are_wrapped_as_the_request_asks() {
    against(EXACT, |bench| async move {
        let object = concat!(
            "{\n  \"error\": {\n    \"code\": 400,\n",
            "    \"message\": \"Unable to submit request because at least one contents field is required. Learn more: ",
            "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini\",\n",
            "    \"status\": \"INVALID_ARGUMENT\"\n  }\n}"
        );
        for (verb, expected) in [
            ("generateContent", format!("{object}\n")),
            ("streamGenerateContent?alt=sse", format!("{object}\n")),
            ("streamGenerateContent", format!("[{object}\n]\n")),
        ] {
            let answered = bench.post(&format!("{FLASH}:{verb}"), "{}").await;
            assert_eq!((answered.status(), answered.text()), (400, expected.as_str()), "{verb}");
        }
    });
}

#[test]
fn what_is_wrong_is_said_in_googles_words() {
    against(EXACT, |bench| async move {
        let body = conversation(4);
        let unknown = FLASH.replace("gemini-2.5-flash", "gemini-0");
        let cases = [
            (
                format!("{unknown}:generateContent"),
                body.as_str(),
                404,
                "Publisher Model `projects/p-1/locations/us-central1/publishers/google/models/gemini-0` was not found",
            ),
            (format!("{FLASH}:generateContent"), "{", 400, "Invalid JSON payload received. "),
            (
                format!("{FLASH}:generateContent"),
                "[]",
                400,
                r#"Invalid JSON payload received. Unknown name \"\": Root element must be a message."#,
            ),
            (
                format!("{FLASH}:generateContent"),
                r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":[]}}]}]}"#,
                400,
                r#"Unknown name \"args\" at 'contents[0].parts[0].function_call': Proto field is not repeating, cannot start list."#,
            ),
            (
                format!("{FLASH}:countTokens"),
                r#"{"contents":[{"parts":[{"inlineData":["image/png"]}]}]}"#,
                400,
                r#"Unknown name \"inlineData\" at 'contents[0].parts[0]': Proto field is not repeating, cannot start list."#,
            ),
            (
                format!("{FLASH}:generateContent"),
                r#"{"contents":{"role":"user","parts":{"text":"x"}},"tools":{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":["STRING","NULL"]}}}}]}}"#,
                400,
                r#"Unknown name \"type\" at 'tools[0].function_declarations[0].parameters.properties[1].value': Proto field is not repeating, cannot start list."#,
            ),
            (
                format!("{FLASH}:generateContent"),
                r#"{"contents":{"role":"user","parts":{"text":"x"}},"generationConfig":{"responseSchema":{"type":"OBJECT","properties":{"a":{"type":"DATE"}}}}}"#,
                400,
                r#"Invalid value at 'generation_config.response_schema.properties[0].value.type' (type.googleapis.com/google.cloud.aiplatform.v1.Schema), \"DATE\""#,
            ),
            (
                format!("{FLASH}:generateContent"),
                &conversation(70_000),
                400,
                "it has a maxOutputTokens value of 70000 but the supported range is from 1 (inclusive) to 65537 (exclusive).",
            ),
            (
                format!("{FLASH}:generateContent"),
                r#"{"contents":[{"role":"system","parts":[{"text":"x"}]}]}"#,
                400,
                "Please use a valid role: user, model.",
            ),
            (format!("{FLASH}:dance"), &body, 404, "<title>Error 404 (Not Found)!!1</title>"),
            ("/v3/x".to_owned(), &body, 404, "<title>Error 404 (Not Found)!!1</title>"),
        ];
        for (path, body, status, message) in cases {
            let answered = bench.post(&path, body).await;
            assert_eq!(answered.status(), status, "{path}: {}", answered.text());
            assert!(answered.text().contains(message), "{path}: {}", answered.text());
        }
        let got = bench.call(request(Method::GET, &format!("{FLASH}:generateContent"), &[], "")).await;
        assert_eq!(got.status(), 404);
    });
}

#[test]
fn any_credentials_do_and_none_do_not() {
    against("profile = \"vertex/gemini-flash\"", |bench| async move {
        let path = format!("{FLASH}:generateContent");
        let missing = bench.post(&path, &conversation(4)).await;
        assert_eq!(missing.status(), 401);
        assert!(missing.text().contains("CREDENTIALS_MISSING"), "{}", missing.text());
        assert!(missing.text().contains("google.cloud.aiplatform.v1beta1.PredictionService.GenerateContent"));
        for header in [("authorization", "Bearer x"), ("x-goog-api-key", "k")] {
            let answered = bench.call(request(Method::POST, &path, &[header], &conversation(4))).await;
            assert_eq!(answered.status(), 200, "{header:?}");
        }
    });
}

#[test]
fn only_json_is_written() {
    against(EXACT, |bench| async move {
        for (verb, query) in [
            ("generateContent", "alt=proto"),
            ("generateContent", "$alt=proto"),
            ("streamGenerateContent", "alt=media"),
            ("countTokens", "%24alt=proto"),
        ] {
            let answered = bench.post(&format!("{FLASH}:{verb}?{query}"), &conversation(4)).await;
            assert_eq!(answered.status(), 501, "{verb}?{query}");
            let is_list = verb == "streamGenerateContent";
            assert_eq!(answered.text().starts_with("[{\n"), is_list);
            assert!(answered.text().contains("in any other form than JSON"), "{}", answered.text());
        }
    });
}

#[test]
fn keys_count_where_the_mock_was_told_which_there_are() {
    let file = "profile = \"vertex/gemini-flash\"\napi_keys = [\"good\"]\n";
    against(file, |bench| async move {
        let path = format!("{FLASH}:generateContent");
        let ask =
            |headers: &[(&str, &str)]| bench.call(request(Method::POST, &path, headers, &conversation(4)));
        let form = "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r";
        let issued: serde_json::Value = serde_json::from_str(&token(&bench, form).await.1).expect("a token");
        let issued = format!("Bearer {}", issued["access_token"].as_str().expect("a token"));
        for header in
            [("authorization", "Bearer good"), ("x-goog-api-key", "good"), ("authorization", issued.as_str())]
        {
            assert_eq!(ask(&[header]).await.status(), 200, "{header:?}");
        }
        for (header, status, reason, message) in [
            (
                ("authorization", "Bearer bad"),
                401,
                "ACCESS_TOKEN_TYPE_UNSUPPORTED",
                "Request had invalid authentication credentials.",
            ),
            (
                ("x-goog-api-key", "bad"),
                400,
                "API_KEY_INVALID",
                "API key not valid. Please pass a valid API key.",
            ),
        ] {
            let refused = ask(&[header]).await;
            assert_eq!(refused.status(), status, "{}", refused.text());
            assert!(
                refused.text().contains(reason) && refused.text().contains(message),
                "{}",
                refused.text()
            );
        }
        let in_query = bench.post(&format!("{path}?key=good"), &conversation(4)).await;
        assert_eq!(in_query.status(), 200);
        assert_eq!(bench.post(&format!("{path}?key=bad"), &conversation(4)).await.status(), 400);
    });
}

async fn token(bench: &Bench, form: &str) -> (u16, String) {
    let answered = bench.call(request(Method::POST, "/token", &[], form)).await;
    (answered.status(), answered.text().to_owned())
}

#[test]
fn tokens_are_issued() {
    against("profile = \"vertex/gemini-flash\"", |bench| async move {
        let jwt = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=JWT";
        let claims = concat!(
            r#"{"iss":"tests@mock-project.iam.gserviceaccount.com","aud":"http://mock/token","iat":1767225600,"#,
            r#""exp":1767229200,"scope":"https://www.googleapis.com/auth/cloud-platform"}"#
        );
        let jwt = jwt.replace("JWT", &format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims)));
        let refresh = "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r";
        for form in [jwt.as_str(), refresh] {
            let (status, body) = token(&bench, form).await;
            assert_eq!(status, 200, "{body}");
            assert!(body.starts_with(r#"{"access_token":"ya29.mock-"#), "{body}");
            assert!(body.ends_with(r#","expires_in":3599,"token_type":"Bearer"}"#), "{body}");
        }
        for (form, error) in [
            (refresh.replace("refresh_token=r", "refresh_token=revoked"), (400, "invalid_grant")),
            (refresh.replace("client_id=c", "client_id=unknown"), (401, "invalid_client")),
            (refresh.replace("secret=s", "secret=wrong"), (401, "invalid_client")),
        ] {
            let (status, body) = token(&bench, &form).await;
            assert_eq!(status, error.0, "{body}");
            assert!(body.starts_with(&format!(r#"{{"error":"{}""#, error.1)), "{body}");
        }
        let (status, body) = token(&bench, "grant_type=password").await;
        assert_eq!(
            (status, body.as_str()),
            (400, r#"{"error":"unsupported_grant_type","error_description":"Invalid grant_type: password"}"#)
        );
        let (status, body) = token(&bench, &jwt.replace(".c2ln", "")).await;
        assert_eq!(
            (status, body.as_str()),
            (400, r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#)
        );
    });
}

#[test]
fn the_metadata_server_wants_to_be_asked_by_name() {
    against("profile = \"vertex/gemini-flash\"", |bench| async move {
        let flavor = [("metadata-flavor", "Google")];
        let get = |path: &str, headers: &[(&str, &str)]| request(Method::GET, path, headers, "");
        let account = "/computeMetadata/v1/instance/service-accounts/default/";
        for (path, expected) in [
            ("/computeMetadata/v1/project/project-id", "mock-project"),
            ("/computeMetadata/v1/instance/zone", "projects/123456789012/zones/"),
            ("/computeMetadata/v1/instance/service-accounts/", "default/\nmock@"),
            ("/computeMetadata/v1/instance/service-accounts/?recursive=true", r#"{"default":{"aliases":"#),
            (account, "aliases\nemail\n"),
            (&format!("{account}email"), "mock@mock-project.iam.gserviceaccount.com"),
            (&format!("{account}scopes"), "https://www.googleapis.com/auth/cloud-platform\n"),
            (&format!("{account}identity?audience=x"), "eyJ"),
            ("/computeMetadata/v1/universe/universe-domain", "googleapis.com"),
            (&format!("{account}?recursive=true"), r#"{"aliases":["default"],"#),
            (&format!("{account}token"), r#"{"access_token":"ya29.mock-"#),
        ] {
            let answered = bench.call(get(path, &flavor)).await;
            assert!(answered.text().starts_with(expected), "{path}: {}", answered.text());
            assert_eq!((answered.status(), answered.header("metadata-flavor")), (200, "Google"));
            assert_eq!(bench.call(get(path, &[])).await.status(), 403, "{path}");
        }
        assert_eq!(bench.call(get("/", &flavor)).await.status(), 200);
        assert_eq!(bench.call(get("/computeMetadata/v1/nothing", &flavor)).await.status(), 404);
        assert_eq!(bench.world.clock().now(), ms(0), "no model is asked");
    });
}
