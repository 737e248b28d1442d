//! Signatures: against botocore, against the vendor's Rust signer, and every way in which a check fails.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use brownout_wire::bedrock::sigv4::PayloadHash;
use brownout_wire::bedrock::sigv4::{
    AccessKey, ApiKey, AuthError, Authenticator, Credentials, Head, Identity, MOCK_ACCESS_KEY, MOCK_API_KEY,
    MOCK_SECRET_KEY, Mode, SignError, Signer, SigningKey, Timestamp, sign,
};
use http::Request;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use proptest::prelude::*;

/// 2026-01-01T12:34:56Z
const NOW: u64 = 1_767_270_896;
const RUNTIME: &str = "bedrock-runtime.us-east-1.amazonaws.com";
const CONVERSE: &str = "/model/us.anthropic.claude-3-haiku-20240307-v1%3A0/converse";
const BODY: &[u8] = br#"{"messages":[]}"#;

fn request(method: &str, host: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let builder = Request::builder().method(method).uri(target).header(HOST, host);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(()).unwrap().into_parts().0
}

fn converse() -> Parts {
    request("POST", RUNTIME, CONVERSE, &[("content-type", "application/json")])
}

fn signer() -> Signer {
    Signer::new(MOCK_ACCESS_KEY, MOCK_SECRET_KEY, "us-east-1")
}

fn signed() -> Parts {
    let mut parts = converse();
    signer().sign(&mut parts, BODY, NOW).unwrap();
    parts
}

fn authorization(parts: &Parts) -> &str {
    parts.headers[AUTHORIZATION].to_str().unwrap()
}

// === Against botocore 1.43.11: botocore.auth.SigV4Auth, its clock set to NOW ===

#[test]
fn a_converse_call_is_signed_as_botocore_signs_it() {
    assert_eq!(
        authorization(&signed()),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, \
         Signature=c6ae4f4f2955527720de7f5e5c97e3721ebd344a19d941d3086c28654defaee9"
    );
    assert_eq!(signed().headers["x-amz-date"], "20260101T123456Z");
}

#[test]
fn an_arn_a_session_token_and_service_headers_are_signed_as_botocore_signs_them() {
    let path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/invoke";
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("x-amzn-bedrock-trace", "ENABLED  FULL"),
        ("user-agent", "unsigned"),
    ];
    let mut parts = request("POST", RUNTIME, path, &headers);
    signer().with_session_token("session-token-MOCK").sign(&mut parts, b"{}", NOW).unwrap();
    assert_eq!(
        authorization(&parts),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, \
         SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token;x-amzn-bedrock-trace, \
         Signature=990a7ae80bc35d7f253e4cdc212fd3e59e277a25781cc0f22d060e561ad24df9"
    );
    assert_eq!(parts.headers["x-amz-security-token"], "session-token-MOCK");
}

#[test]
fn a_query_is_signed_as_botocore_signs_it() {
    let target = "/foundation-models?byProvider=Mistral%20AI&byOutputModality=TEXT";
    let mut parts = request("GET", "bedrock.us-east-1.amazonaws.com", target, &[]);
    signer().sign(&mut parts, b"", NOW).unwrap();
    assert!(
        authorization(&parts).ends_with("bb2bdb604ad8e4f7ba90184706afcc48495982ba1001e58377f40ed636452baa")
    );
}

// === Against the vendor's Rust signer ===

/// The signature that the crate's own request signer gives for these headers.
fn vendor_signature(parts: &Parts, body: &[u8], secret: &str, region: &str, now: u64) -> String {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let identity = AwsCredentials::new(MOCK_ACCESS_KEY, secret, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("bedrock")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(now))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let host = parts.headers[HOST].to_str().unwrap();
    let uri = format!("https://{host}{}", parts.uri);
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let signable =
        SignableRequest::new(parts.method.as_str(), uri, headers, SignableBody::Bytes(body)).unwrap();
    aws_sigv4::http_request::sign(signable, &params).unwrap().signature().to_owned()
}

proptest! {
    #[test]
    fn any_request_is_signed_as_the_vendors_signer_signs_it(
        path in "(/[a-zA-Z0-9.:~_-]{1,20}(%3A|%2F|%20)?[a-z0-9]{0,5}){1,4}",
        query in prop::option::of("[a-z]{1,5}=[a-zA-Z0-9_.-]{0,5}(&[A-Z]{1,5}=(%20|%2F|[a-z]){0,5}){0,2}"),
        meta in "[!-~]{1,10}( {1,3}[!-~]{1,10})?",
        body in prop::collection::vec(any::<u8>(), 0..80),
        secret in "[ -~]{1,40}",
        region in "[a-z]{2}-[a-z]{4,9}-[0-9]",
        now in 0u64..4_000_000_000,
    ) {
        let target = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        let headers = [("content-type", "application/json"), ("x-amz-meta", &meta)];
        let unsigned = request("POST", RUNTIME, &target, &headers);
        let mut parts = unsigned.clone();
        Signer::new(MOCK_ACCESS_KEY, secret.as_str(), region.as_str()).sign(&mut parts, &body, now).unwrap();
        let expected = vendor_signature(&unsigned, &body, &secret, &region, now);
        prop_assert_eq!(authorization(&parts).rsplit('=').next(), Some(expected.as_str()));
    }

    #[test]
    fn arbitrary_authorization_is_judged_without_panic(text in "(AWS4-HMAC-SHA256 |Bearer )?[ -~]{0,80}", date in "[ -~]{0,20}") {
        let parts = request("POST", RUNTIME, CONVERSE, &[("authorization", &text), ("x-amz-date", &date)]);
        prop_assert!(strict().authenticate(&Head::of_parts(&parts), BODY, NOW).is_err());
    }
}

// === Verifying ===

fn strict() -> Authenticator {
    Authenticator::new(Mode::Strict, credentials()).in_region("us-east-1")
}

fn credentials() -> Credentials {
    let mut credentials = Credentials::default();
    let temporary = |expired| AccessKey {
        secret: "temporary-secret".into(),
        session_token: Some("token".into()),
        expired,
    };
    credentials
        .access_keys
        .extend([("ASIATEMP".into(), temporary(false)), ("ASIAOLD".into(), temporary(true))]);
    credentials.api_keys.insert("ABSKold".into(), ApiKey { expired: true });
    credentials
}

fn check(parts: &Parts) -> Result<Identity<'_>, AuthError> {
    strict().authenticate(&Head::of_parts(parts), BODY, NOW)
}

/// A request signed by others, with this change to its `Authorization`.
fn altered(from: &str, to: &str) -> Parts {
    let mut parts = signed();
    let text = authorization(&parts).replace(from, to);
    assert_ne!(text, authorization(&parts), "nothing to alter");
    parts.headers.insert(AUTHORIZATION, text.parse().unwrap());
    parts
}

#[track_caller]
fn assert_refused(parts: &Parts, code: &str, body: &str) {
    let error = check(parts).unwrap_err();
    let origin = "http://internal.amazon.com/coral/com.amazon.coral.service/";
    let response = error.response();
    assert_eq!((response.status, std::str::from_utf8(&response.body).unwrap()), (403, body));
    assert_eq!(response.headers, [("x-amzn-errortype", format!("{code}:{origin}"))]);
}

#[test]
fn what_is_signed_is_verified() {
    assert_eq!(check(&signed()), Ok(Identity::AccessKey(MOCK_ACCESS_KEY)));
    let mut temporary = converse();
    let signer = Signer::new("ASIATEMP", "temporary-secret", "us-east-1").with_session_token("token");
    signer.sign(&mut temporary, BODY, NOW).unwrap();
    assert_eq!(check(&temporary), Ok(Identity::AccessKey("ASIATEMP")));
}

#[test]
fn the_headers_that_a_client_names_are_verified() {
    // As anthropic's SDK does: nearly everything is signed, so nothing on the way may touch it.
    let headers = [("accept-encoding", "gzip"), ("content-length", "15"), ("x-stainless-retry-count", "0")];
    let unsigned = request("POST", RUNTIME, CONVERSE, &headers);
    let names = "accept-encoding;content-length;host;x-amz-date;x-stainless-retry-count";
    let signature = vendor_signature(&unsigned, BODY, MOCK_SECRET_KEY, "us-east-1", NOW);
    let text = format!(
        "AWS4-HMAC-SHA256 Credential={MOCK_ACCESS_KEY}/20260101/us-east-1/bedrock/aws4_request, SignedHeaders={names}, Signature={signature}"
    );
    let mut parts = unsigned;
    parts.headers.insert("x-amz-date", "20260101T123456Z".parse().unwrap());
    parts.headers.insert(AUTHORIZATION, text.parse().unwrap());
    assert_eq!(check(&parts), Ok(Identity::AccessKey(MOCK_ACCESS_KEY)));
    parts.headers.insert("accept-encoding", "br".parse().unwrap());
    assert_eq!(check(&parts), Err(AuthError::SignatureMismatch));
}

const MISMATCH: &str = r#"{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}"#;

#[test]
fn whatever_the_signature_covers_must_not_change() {
    let mut other_path = signed();
    other_path.uri = CONVERSE.replace("%3A", ":").parse().unwrap();
    let mut other_host = signed();
    other_host.headers.insert(HOST, "localhost".parse().unwrap());
    let mut other_type = signed();
    other_type.headers.insert("content-type", "text/plain".parse().unwrap());
    let mut other_method = signed();
    other_method.method = http::Method::PUT;
    for parts in [other_path, other_host, other_type, other_method, altered("Signature=c6", "Signature=c7")] {
        assert_refused(&parts, "InvalidSignatureException", MISMATCH);
    }
    let parts = signed();
    assert_eq!(strict().authenticate(&Head::of_parts(&parts), b"{}", NOW), Err(AuthError::SignatureMismatch));
}

#[test]
fn no_authorization_is_a_missing_token() {
    let body = r#"{"message":"Missing Authentication Token"}"#;
    assert_refused(&converse(), "MissingAuthenticationTokenException", body);
}

#[test]
fn an_incomplete_signature_has_a_sentence_for_each_missing_part() {
    let mut bare = converse();
    bare.headers.insert(AUTHORIZATION, "AWS4-HMAC-SHA256 SignedHeaders=host".parse().unwrap());
    assert_refused(
        &bare,
        "IncompleteSignatureException",
        r#"{"message":"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."}"#,
    );
    bare.headers.insert(AUTHORIZATION, "Basic abc".parse().unwrap());
    assert!(matches!(check(&bare), Err(AuthError::Incomplete(parts)) if parts.len() == 4));
    let short = altered("/bedrock/aws4_request", "");
    assert_refused(
        &short,
        "IncompleteSignatureException",
        r#"{"message":"Credential must have at least 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20260101/us-east-1'"}"#,
    );
    let mut undated = signed();
    undated.headers.insert("x-amz-date", "yesterday".parse().unwrap());
    assert_eq!(check(&undated), Err(AuthError::MalformedDate("yesterday".into())));
}

#[test]
fn the_scope_is_checked_part_by_part() {
    let code = "InvalidSignatureException";
    let service = r#"{"message":"Credential should be scoped to correct service: 'bedrock'. "}"#;
    assert_refused(&altered("/bedrock/", "/sagemaker/"), code, service);
    let region = r#"{"message":"Credential should be scoped to a valid region. "}"#;
    assert_refused(&altered("us-east-1", "eu-west-1"), code, region);
    let terminator = r#"{"message":"Credential should be scoped with a valid terminator: 'aws4_request'. "}"#;
    assert_refused(&altered("aws4_request", "aws5_request"), code, terminator);
    let date = r#"{"message":"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != '20260101', from '20260101T123456Z'. "}"#;
    assert_refused(&altered("20260101/", "20200101/"), code, date);
}

#[test]
fn the_date_may_be_five_minutes_off_either_way() {
    let parts = signed();
    let at =
        |now| strict().authenticate(&Head::of_parts(&parts), BODY, now).map_err(|error| error.to_string());
    assert!(at(NOW + 300).is_ok() && at(NOW - 300).is_ok());
    assert_eq!(
        at(NOW + 301).unwrap_err(),
        "Signature expired: 20260101T123456Z is now earlier than 20260101T123457Z (20260101T123957Z - 5 min.)"
    );
    assert_eq!(
        at(NOW - 301).unwrap_err(),
        "Signature not yet current: 20260101T123456Z is still later than 20260101T123455Z (20260101T122955Z + 5 min.)"
    );
}

#[test]
fn keys_and_tokens_must_be_known_and_belong_together() {
    let invalid = r#"{"message":"The security token included in the request is invalid."}"#;
    assert_refused(&altered("AKIDEXAMPLE", "AKIDNOBODY"), "UnrecognizedClientException", invalid);
    let sign_as = |id: &str, token: Option<&str>| {
        let signer = Signer::new(id, "temporary-secret", "us-east-1");
        let signer = match token {
            Some(token) => signer.with_session_token(token),
            None => signer,
        };
        let mut parts = converse();
        signer.sign(&mut parts, BODY, NOW).unwrap();
        parts
    };
    assert_refused(&sign_as("ASIATEMP", None), "UnrecognizedClientException", invalid);
    assert_refused(&sign_as("ASIATEMP", Some("other")), "UnrecognizedClientException", invalid);
    let expired = r#"{"message":"The security token included in the request is expired"}"#;
    assert_refused(&sign_as("ASIAOLD", Some("token")), "ExpiredTokenException", expired);
    assert_eq!(check(&altered("content-type;host;", "content-type;")), Err(AuthError::HostNotSigned));
}

#[test]
fn bearer_keys_have_their_own_failures() {
    let with = |key: &str| {
        let mut parts = converse();
        parts.headers.insert(AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
        parts
    };
    assert_eq!(check(&with(MOCK_API_KEY)), Ok(Identity::ApiKey(MOCK_API_KEY)));
    for (key, body) in [
        ("sk-1", r#"{"Message":"Invalid API Key format: Must start with pre-defined prefix"}"#),
        ("ABSKnobody", r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#),
        ("ABSKold", r#"{"Message":"Bearer Token has expired"}"#),
    ] {
        let response = check(&with(key)).unwrap_err().response();
        assert_eq!((response.status, std::str::from_utf8(&response.body).unwrap()), (403, body));
        assert_eq!(
            response.headers[0].1,
            "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/#AccessDeniedException"
        );
    }
}

#[test]
fn the_weaker_modes_let_in_more() {
    let of = |mode, parts| {
        Authenticator::new(mode, Credentials::default()).authenticate(&Head::of_parts(parts), BODY, 0)
    };
    let (bare, wrong) = (converse(), altered("AKIDEXAMPLE", "AKIDNOBODY"));
    assert_eq!(of(Mode::Off, &bare), Ok(Identity::Anonymous));
    assert_eq!(of(Mode::Off, &wrong), Ok(Identity::AccessKey("AKIDNOBODY")));
    assert_eq!(of(Mode::Presence, &bare), Err(AuthError::MissingToken));
    assert_eq!(of(Mode::Presence, &wrong), Ok(Identity::AccessKey("AKIDNOBODY")));
    assert!(of(Mode::Strict, &wrong).is_err());
}

#[test]
fn what_cannot_be_signed_is_said() {
    let payload = PayloadHash::of(BODY);
    let key = SigningKey::derive(MOCK_SECRET_KEY, "us-east-1", Timestamp::from_unix(NOW));
    let (mut hostless, _) = Request::builder().uri("/model").body(()).unwrap().into_parts();
    assert_eq!(sign(&mut hostless, &payload, "id", None, &key, NOW), Err(SignError::NoHost));
    assert_eq!(sign(&mut converse(), &payload, "id", None, &key, NOW + 86_400), Err(SignError::WrongDay));
    assert_eq!(sign(&mut converse(), &payload, "i\nd", None, &key, NOW), Err(SignError::Credentials));
}

#[test]
fn what_is_printed_keeps_the_secrets() {
    let printed = format!("{:?} {:?}", strict(), signer().with_session_token("token-1"));
    for secret in [MOCK_SECRET_KEY, MOCK_API_KEY, "temporary-secret", "token-1"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
