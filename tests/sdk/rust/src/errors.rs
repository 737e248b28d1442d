//! What the SDK reports when Bedrock fails: the modelled variant, before a stream and within it, and its attempts.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamError;
use aws_sdk_bedrockruntime::operation::invoke_model::InvokeModelError;
use aws_sdk_bedrockruntime::operation::invoke_model_with_response_stream::InvokeModelWithResponseStreamError;
use aws_sdk_bedrockruntime::types::error::{ConverseStreamOutputError, ResponseStreamError};
use aws_smithy_runtime_api::http::Response;
use serde_json::json;

use crate::cases::{Cases, error};
use crate::client::{
    CLAUDE, Counted, JSON, KEYS, Keys, MAX_TOKENS, anonymous, claude_body, client, message, up_to,
};
use crate::converse::text_of_event;
use crate::invoke::piece;
use crate::nonce::{nonce_of, whole_tokens};

/// Which variant of an operation's error it is.
trait Variant {
    fn variant(&self) -> &'static str;
}

/// Variants that have the names of the service's exceptions.
macro_rules! variants {
    ($error:ident: $($name:ident)*) => {
        impl Variant for $error {
            fn variant(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    _ => "Unhandled",
                }
            }
        }
    };
}

variants!(ConverseError: ThrottlingException ModelNotReadyException ModelTimeoutException ModelErrorException
    InternalServerException ServiceUnavailableException AccessDeniedException ValidationException
    ResourceNotFoundException);
variants!(ConverseStreamError: ThrottlingException ModelNotReadyException ModelTimeoutException ModelErrorException
    InternalServerException ServiceUnavailableException AccessDeniedException ValidationException
    ResourceNotFoundException);
variants!(InvokeModelError: ThrottlingException ModelNotReadyException ModelTimeoutException ModelErrorException
    InternalServerException ServiceUnavailableException AccessDeniedException ValidationException
    ResourceNotFoundException ServiceQuotaExceededException);
variants!(InvokeModelWithResponseStreamError: ThrottlingException ModelNotReadyException ModelTimeoutException
    ModelErrorException InternalServerException ServiceUnavailableException AccessDeniedException
    ValidationException ResourceNotFoundException ServiceQuotaExceededException ModelStreamErrorException);
variants!(ConverseStreamOutputError: ThrottlingException InternalServerException ServiceUnavailableException
    ModelStreamErrorException ValidationException);
variants!(ResponseStreamError: ThrottlingException InternalServerException ServiceUnavailableException
    ModelStreamErrorException ValidationException ModelTimeoutException);

/// fault, exception, status, attempts
const ERRORS: &[(&str, &str, u16, u32)] = &[
    ("throttling-requests", "ThrottlingException", 429, 3),
    ("throttling-tokens", "ThrottlingException", 429, 3),
    ("model-not-ready", "ModelNotReadyException", 429, 3),
    ("model-timeout", "ModelTimeoutException", 408, 1),
    ("model-error", "ModelErrorException", 424, 1),
    ("internal-server", "InternalServerException", 500, 3),
    ("service-unavailable", "ServiceUnavailableException", 503, 3),
    ("access-denied", "AccessDeniedException", 403, 1),
    ("validation", "ValidationException", 400, 1),
    ("resource-not-found", "ResourceNotFoundException", 404, 1),
];

/// fault, exception; a model's time-out only in streams of InvokeModel
const MEMBERS: &[(&str, &str)] = &[
    ("throttling-tokens", "ThrottlingException"),
    ("internal-server", "InternalServerException"),
    ("service-unavailable", "ServiceUnavailableException"),
    ("model-stream-error", "ModelStreamErrorException"),
    ("validation", "ValidationException"),
];

/// Keys that the mock refuses, and the exception, which the service's model does not have.
const REFUSED: &[(Keys, &str)] = &[
    (Keys { id: "AKIDSOMEBODYELSE", ..KEYS }, "UnrecognizedClientException"),
    (Keys { session: Some("no-such-session"), ..KEYS }, "UnrecognizedClientException"),
    (Keys { secret: "another-secret-key", ..KEYS }, "InvalidSignatureException"),
];

pub fn cases(cases: &mut Cases) {
    for &(fault, name, status, attempts) in ERRORS {
        let cell = || vec![error(name, name)];
        let expected = Expected { name, status, attempts };
        cases.add(format!("{fault} of Converse"), cell(), converse(fault, expected));
        cases.add(format!("{fault} of ConverseStream"), cell(), converse_stream(fault, expected));
        cases.add(format!("{fault} of InvokeModel"), cell(), invoke(fault, expected));
        cases.add(
            format!("{fault} of InvokeModelWithResponseStream"),
            cell(),
            invoke_stream(fault, expected),
        );
    }
    let (fault, name) = ("service-quota-exceeded", "ServiceQuotaExceededException");
    let expected = Expected { name, status: 400, attempts: 1 };
    cases.add(format!("{fault} of InvokeModel"), vec![error(name, name)], invoke(fault, expected));
    for &(fault, name) in MEMBERS {
        let cell = || vec![error(&format!("{name} in a stream"), name)];
        for events in [0, 3] {
            cases.add(
                format!("{fault} after {events} of ConverseStream"),
                cell(),
                within_converse(fault, name, events),
            );
            cases.add(
                format!("{fault} after {events} of InvokeModel"),
                cell(),
                within_invoke(fault, name, events),
            );
        }
    }
    let name = "ModelTimeoutException";
    let cell = vec![error("ModelTimeoutException in a stream", name)];
    cases.add("model-timeout of InvokeModel", cell, within_invoke("model-timeout", name, 3));
    for (number, (keys, name)) in REFUSED.iter().enumerate() {
        cases.add(
            format!("{name} {number}"),
            vec![error(name, "Unhandled")],
            refused(client(keys, None), name),
        );
    }
    let name = "MissingAuthenticationTokenException";
    cases.add(name, vec![error(name, "Unhandled")], refused(anonymous(), name));
}

#[derive(Clone, Copy)]
struct Expected {
    name: &'static str,
    status: u16,
    attempts: u32,
}

/// The modelled variant, its code, text and request id, and as many attempts as the standard mode makes.
fn check<E>(error: SdkError<E, Response>, expected: Expected, counted: &Counted)
where
    E: Variant + ProvideErrorMetadata + std::fmt::Debug,
{
    assert_eq!(error.raw_response().expect("a response").status().as_u16(), expected.status);
    assert_eq!(error.request_id().expect("a request id").len(), 36);
    let error = error.as_service_error().expect("an error of the service");
    assert_eq!(error.variant(), expected.name, "{error:?}");
    assert_eq!(error.code(), Some(expected.name));
    assert!(error.message().is_some_and(|text| !text.is_empty()));
    assert_eq!(counted.attempts(), expected.attempts);
}

fn failing(fault: &str) -> Counted {
    client(&KEYS, Some(&format!("error={fault}")))
}

async fn converse(fault: &str, expected: Expected) {
    let counted = failing(fault);
    let request = counted.client.converse().model_id(CLAUDE).messages(message(&nonce_of(fault)));
    check(request.send().await.expect_err("an error"), expected, &counted);
}

async fn converse_stream(fault: &str, expected: Expected) {
    let counted = failing(fault);
    let request = counted.client.converse_stream().model_id(CLAUDE).messages(message(&nonce_of(fault)));
    check(request.send().await.expect_err("an error"), expected, &counted);
}

async fn invoke(fault: &str, expected: Expected) {
    let counted = failing(fault);
    let request = counted
        .client
        .invoke_model()
        .model_id(CLAUDE)
        .content_type(JSON)
        .body(claude_body(&nonce_of(fault), json!({})));
    check(request.send().await.expect_err("an error"), expected, &counted);
}

async fn invoke_stream(fault: &str, expected: Expected) {
    let counted = failing(fault);
    let request = counted.client.invoke_model_with_response_stream().model_id(CLAUDE).content_type(JSON);
    let request = request.body(claude_body(&nonce_of(fault), json!({})));
    check(request.send().await.expect_err("an error"), expected, &counted);
}

fn in_band(fault: &str, events: usize) -> Counted {
    client(&KEYS, Some(&format!("in_band_error={fault}:{events} events")))
}

async fn within_converse(fault: &str, name: &str, events: usize) {
    let counted = in_band(fault, events);
    let nonce = nonce_of(fault);
    let request = counted.client.converse_stream().model_id(CLAUDE).messages(message(&nonce));
    let mut stream = request.inference_config(up_to(MAX_TOKENS)).send().await.expect("a stream").stream;
    let mut text = String::new();
    for _ in 0..events {
        text += text_of_event(&stream.recv().await.expect("an event").expect("an event"));
    }
    let error = stream.recv().await.expect_err("an exception").into_service_error();
    assert_eq!(error.variant(), name, "{error:?}");
    whole_tokens(&nonce, &text);
    assert_eq!(counted.attempts(), 1);
}

async fn within_invoke(fault: &str, name: &str, events: usize) {
    let counted = in_band(fault, events);
    let nonce = nonce_of(fault);
    let request = counted.client.invoke_model_with_response_stream().model_id(CLAUDE).content_type(JSON);
    let mut stream = request.body(claude_body(&nonce, json!({}))).send().await.expect("a stream").body;
    let mut text = String::new();
    for _ in 0..events {
        let event = stream.recv().await.expect("a chunk").expect("a chunk");
        text += piece(&event)["delta"]["text"].as_str().unwrap_or_default();
    }
    let error = stream.recv().await.expect_err("an exception").into_service_error();
    assert_eq!(error.variant(), name, "{error:?}");
    whole_tokens(&nonce, &text);
    assert_eq!(counted.attempts(), 1);
}

async fn refused(counted: Counted, name: &str) {
    let request = counted.client.converse().model_id(CLAUDE).messages(message(&nonce_of(name)));
    let error = request.send().await.expect_err("an error");
    assert_eq!(error.raw_response().expect("a response").status().as_u16(), 403);
    let error = error.into_service_error();
    assert_eq!((error.variant(), error.code()), ("Unhandled", Some(name)));
    assert_eq!(counted.attempts(), 1);
}
