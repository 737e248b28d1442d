//! Every way in which Bedrock refuses a caller, at runtime and control endpoints alike: status, code, words.

use http::{HeaderValue, Method, Request};
use wire::bedrock::sigv4::Signer;
use world::http::Body;

use crate::harness::{Bench, against, request};

/// 2026-01-01T00:00:00Z, when virtual time begins.
const NOW: u64 = 1_767_225_600;
const CORAL: &str = "http://internal.amazon.com/coral/com.amazon.coral.service/";
const BEDROCK: &str = "http://internal.amazon.com/coral/com.amazon.bedrock/";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// One endpoint of each kind: method, path, body.
const ENDPOINTS: [(Method, &str, &str); 9] = [
    (Method::POST, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse", "{}"),
    (Method::POST, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream", "{}"),
    (Method::POST, "/model/amazon.titan-embed-text-v2%3A0/invoke", r#"{"inputText":"x"}"#),
    (Method::POST, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream", "{}"),
    (Method::POST, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/count-tokens", "{}"),
    (Method::POST, "/guardrail/abc/version/1/apply", "{}"),
    (Method::GET, "/async-invoke", ""),
    (Method::GET, "/foundation-models?byProvider=amazon", ""),
    (Method::GET, "/inference-profiles/us.amazon.nova-lite-v1%3A0", ""),
];

type Alteration = fn(&mut Request<Body>);

/// How a request is signed, and what is then done to it.
struct Shown {
    key: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
    at: u64,
    then: Alteration,
}

const GOOD: Shown =
    Shown { key: "AKIDEXAMPLE", secret: "mock-secret-key", token: None, at: NOW, then: |_| {} };

impl Shown {
    fn to(&self, (method, path, body): &(Method, &str, &str)) -> Request<Body> {
        let signer = Signer::new(self.key, self.secret, "us-east-1");
        let signer = match self.token {
            Some(token) => signer.with_session_token(token),
            None => signer,
        };
        let (mut parts, payload) = request(method.clone(), path, &[], body).into_parts();
        signer.sign(&mut parts, body.as_bytes(), self.at).expect("signable");
        let mut request = Request::from_parts(parts, payload);
        (self.then)(&mut request);
        request
    }
}

fn rewrite(request: &mut Request<Body>, from: &str, to: &str) {
    let value = request.headers()["authorization"].to_str().expect("ASCII").replace(from, to);
    set(request, "authorization", &value);
}

fn set(request: &mut Request<Body>, name: &'static str, value: &str) {
    request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
}

async fn check(bench: &Bench, shown: &Shown, (code, origin): (&str, &str), body: &str) {
    for endpoint in &ENDPOINTS {
        let answered = bench.call(shown.to(endpoint)).await;
        let seen = (answered.status(), answered.header("x-amzn-errortype"), answered.text());
        let fragment = if body.starts_with(r#"{"Message""#) { format!("#{code}") } else { String::new() };
        assert_eq!(seen, (403, format!("{code}:{origin}{fragment}").as_str(), body), "{}", endpoint.1);
        assert_eq!(answered.header("content-type"), "application/json");
        assert_eq!(answered.header("x-amzn-requestid").len(), 36);
    }
}

fn message(text: &str) -> String {
    serde_json::json!({ "message": text }).to_string()
}

#[test]
fn good_credentials_enter_everywhere() {
    against("", |bench| async move {
        let temporary = Shown { key: "ASIAEXAMPLE", token: Some("mock-session-token"), ..GOOD };
        for shown in [GOOD, temporary] {
            for endpoint in &ENDPOINTS {
                let status = bench.call(shown.to(endpoint)).await.status();
                assert!(status == 200 || status == 400, "{}: {status}", endpoint.1);
            }
        }
    });
}

#[test]
fn what_is_missing_or_malformed_is_said() {
    let cases: [(Alteration, &str, &str); 5] = [
        (
            |request| drop(request.headers_mut().remove("authorization")),
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        (
            |request| rewrite(request, "Credential=", "Credentials="),
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            |request| rewrite(request, ", Signature=", ", Signed="),
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter.",
        ),
        (
            |request| drop(request.headers_mut().remove("x-amz-date")),
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            |request| set(request, "x-amz-date", "2026-01-01"),
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'. Got '2026-01-01'. See http://en.wikipedia.org/wiki/ISO_8601",
        ),
    ];
    against("", |bench| async move {
        for (then, code, text) in cases {
            check(&bench, &Shown { then, ..GOOD }, (code, CORAL), &message(text)).await;
        }
    });
}

#[test]
fn a_scope_of_elsewhere_is_refused() {
    let cases: [(Alteration, &str); 4] = [
        (
            |request| rewrite(request, "/bedrock/", "/s3/"),
            "Credential should be scoped to correct service: 'bedrock'. ",
        ),
        (
            |request| rewrite(request, "/us-east-1/", "/eu-west-1/"),
            "Credential should be scoped to a valid region. ",
        ),
        (
            |request| rewrite(request, "aws4_request", "aws4"),
            "Credential should be scoped with a valid terminator: 'aws4_request'. ",
        ),
        (
            |request| rewrite(request, "/20260101/", "/20200101/"),
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != \
             '20260101', from '20260101T000000Z'. ",
        ),
    ];
    against("region = \"us-east-1\"", |bench| async move {
        for (then, text) in cases {
            let code = ("InvalidSignatureException", CORAL);
            check(&bench, &Shown { then, ..GOOD }, code, &message(text)).await;
        }
    });
}

#[test]
fn a_clock_that_is_off_is_told_the_time() {
    against("", |bench| async move {
        bench.world.clock().sleep(std::time::Duration::from_secs(600)).await;
        // Every refusal takes ten milliseconds, so all are within one second of the service's clock.
        for (at, text) in [
            (
                NOW + 299,
                "Signature expired: 20260101T000459Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)",
            ),
            (
                NOW + 901,
                "Signature not yet current: 20260101T001501Z is still later than 20260101T001500Z (20260101T001000Z + \
                 5 min.)",
            ),
        ] {
            let code = ("InvalidSignatureException", CORAL);
            check(&bench, &Shown { at, ..GOOD }, code, &message(text)).await;
        }
    });
}

#[test]
fn keys_tokens_and_signatures_must_be_right() {
    let invalid = "The security token included in the request is invalid.";
    let expired = "The security token included in the request is expired";
    let cases = [
        (Shown { key: "AKIDNOBODY", ..GOOD }, "UnrecognizedClientException", invalid),
        (Shown { token: Some("another"), ..GOOD }, "UnrecognizedClientException", invalid),
        (Shown { key: "ASIAEXAMPLE", ..GOOD }, "UnrecognizedClientException", invalid),
        (
            Shown { key: "ASIAEXPIRED", token: Some("mock-session-token"), ..GOOD },
            "ExpiredTokenException",
            expired,
        ),
        (Shown { secret: "another", ..GOOD }, "InvalidSignatureException", MISMATCH),
        (
            Shown { then: |request| set(request, "x-amz-date", "20260101T000001Z"), ..GOOD },
            "InvalidSignatureException",
            MISMATCH,
        ),
        (
            Shown { then: |request| set(request, "host", "elsewhere"), ..GOOD },
            "InvalidSignatureException",
            MISMATCH,
        ),
    ];
    against("", |bench| async move {
        for (shown, code, text) in cases {
            check(&bench, &shown, (code, CORAL), &message(text)).await;
        }
    });
}

#[test]
fn bearer_keys_have_their_own_words() {
    let cases: [(Alteration, &str); 3] = [
        (
            |request| set(request, "authorization", "Bearer sk-1"),
            r#"{"Message":"Invalid API Key format: Must start with pre-defined prefix"}"#,
        ),
        (
            |request| set(request, "authorization", "Bearer ABSKnobody"),
            r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#,
        ),
        (
            |request| set(request, "authorization", "Bearer bedrock-api-key-EXPIRED"),
            r#"{"Message":"Bearer Token has expired"}"#,
        ),
    ];
    against("", |bench| async move {
        for (then, body) in cases {
            check(&bench, &Shown { then, ..GOOD }, ("AccessDeniedException", CORAL), body).await;
        }
    });
}

#[test]
fn who_may_do_nothing_is_told_what_a_policy_would_have_to_allow() {
    against("", |bench| async move {
        let powerless = Shown { key: "AKIDPOWERLESS", ..GOOD };
        let haiku = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
        for (endpoint, action, resource) in [
            (0, "InvokeModel", haiku),
            (1, "InvokeModelWithResponseStream", haiku),
            (4, "CountTokens", haiku),
            (5, "ApplyGuardrail", "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc"),
            (7, "ListFoundationModels", "*"),
            (
                8,
                "GetInferenceProfile",
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
            ),
        ] {
            let answered = bench.call(powerless.to(&ENDPOINTS[endpoint])).await;
            assert_eq!(answered.status(), 403, "{action}");
            assert_eq!(answered.header("x-amzn-errortype"), format!("AccessDeniedException:{BEDROCK}"));
            assert_eq!(
                answered.text(),
                message(&format!(
                    "User: arn:aws:iam::123456789012:user/powerless is not authorized to perform: bedrock:{action} on \
                     resource: {resource} because no identity-based policy allows the bedrock:{action} action"
                ))
            );
        }
    });
}
