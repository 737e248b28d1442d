//! The client as it ships, pointed at the mock, and the requests that the cases share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_bedrockruntime::config::{
    BehaviorVersion, Builder, Config, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_bedrockruntime::error::BoxError;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    AnyToolChoice, ContentBlock, ConversationRole, InferenceConfiguration, Message, Tool, ToolChoice,
    ToolConfiguration, ToolInputSchema, ToolSpecification,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::Document;
use serde_json::{Value, json};

use crate::setting;

pub const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
pub const TITAN: &str = "amazon.titan-embed-text-v2:0";
pub const MAX_TOKENS: i32 = 24;

/// Said by the caller, as the API wants it: by itself the SDK calls a body a stream of octets.
pub const JSON: &str = "application/json";

/// Whom the client says it is.
pub struct Keys {
    pub id: &'static str,
    pub secret: &'static str,
    pub session: Option<&'static str>,
}

/// What the mock lets in.
pub const KEYS: Keys = Keys { id: "AKIDEXAMPLE", secret: "mock-secret-key", session: None };

/// A client, and how many attempts it made.
pub struct Counted {
    pub client: Client,
    attempts: Arc<AtomicU32>,
}

impl Counted {
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }
}

/// Counts what goes out, and asks for a fault after the request is signed, as a proxy on the way would.
#[derive(Debug)]
struct OnTheWay {
    fault: Option<String>,
    attempts: Arc<AtomicU32>,
}

impl Intercept for OnTheWay {
    fn name(&self) -> &'static str {
        "OnTheWay"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if let Some(fault) = &self.fault {
            context.request_mut().headers_mut().insert("x-brownout-fault", fault.clone());
        }
        Ok(())
    }
}

/// The client with all its defaults, but for endpoint and keys; its connector is the default one, without TLS.
pub fn client(keys: &Keys, fault: Option<&str>) -> Counted {
    counted(of(keys), fault)
}

/// The same with TLS, which is where the SDK speaks HTTP/2: ALPN chooses it.
pub fn secure_client(keys: &Keys, fault: Option<&str>) -> Counted {
    let authority = std::fs::read(setting("BROWNOUT_CA")).expect("the authority's certificate");
    let trusted = TrustStore::empty().with_pem_certificate(authority);
    let context = TlsContext::builder().with_trust_store(trusted).build().expect("a certificate");
    let connector = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https();
    over(of(keys), fault, &setting("BROWNOUT_BEDROCK_TLS"), connector)
}

fn of(keys: &Keys) -> Builder {
    let given = Credentials::new(keys.id, keys.secret, keys.session.map(str::to_owned), None, "tests");
    Config::builder().credentials_provider(given)
}

/// A client that signs nothing.
pub fn anonymous() -> Counted {
    counted(Config::builder().allow_no_auth(), None)
}

fn counted(config: Builder, fault: Option<&str>) -> Counted {
    let connector = aws_smithy_http_client::Builder::new().build_http();
    over(config, fault, &setting("BROWNOUT_BEDROCK"), connector)
}

fn over(config: Builder, fault: Option<&str>, endpoint: &str, connector: SharedHttpClient) -> Counted {
    let attempts = Arc::new(AtomicU32::new(0));
    let config = config
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .http_client(connector)
        .interceptor(OnTheWay { fault: fault.map(str::to_owned), attempts: attempts.clone() })
        .build();
    Counted { client: Client::from_conf(config), attempts }
}

/// A client without faults.
pub fn plain() -> Client {
    client(&KEYS, None).client
}

// --- Requests ---

/// One user message that carries its nonce.
pub fn message(nonce: &str) -> Message {
    let text = ContentBlock::Text(format!("{nonce}\nSay something."));
    Message::builder().role(ConversationRole::User).content(text).build().expect("a message")
}

pub fn up_to(tokens: i32) -> InferenceConfiguration {
    InferenceConfiguration::builder().max_tokens(tokens).build()
}

/// The body of InvokeModel with Claude.
pub fn claude_body(nonce: &str, more: Value) -> Blob {
    let mut body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": MAX_TOKENS,
        "messages": [{ "role": "user", "content": format!("{nonce}\nSay something.") }],
    });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    Blob::new(body.to_string())
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "city": { "type": "string" },
            "days": { "type": "integer" },
            "unit": { "enum": ["celsius", "fahrenheit"] },
        },
        "required": ["city", "unit"],
    })
}

/// A tool in Converse's words, to be called in any case.
pub fn tools() -> ToolConfiguration {
    let spec = ToolSpecification::builder()
        .name("weather")
        .description("The weather.")
        .input_schema(ToolInputSchema::Json(document(&schema())))
        .build()
        .expect("a tool");
    ToolConfiguration::builder()
        .tools(Tool::ToolSpec(spec))
        .tool_choice(ToolChoice::Any(AnyToolChoice::builder().build()))
        .build()
        .expect("tools")
}

/// The same in Claude's words.
pub fn claude_tools() -> Value {
    json!({
        "max_tokens": 400,
        "tools": [{ "name": "weather", "description": "The weather.", "input_schema": schema() }],
        "tool_choice": { "type": "any" },
    })
}

/// The arguments of a call of the tool follow its schema.
pub fn check_arguments(arguments: &Value) {
    assert!(arguments["city"].is_string(), "{arguments}");
    assert!(["celsius", "fahrenheit"].contains(&arguments["unit"].as_str().expect("a unit")), "{arguments}");
    assert!(arguments.get("days").is_none_or(Value::is_i64), "{arguments}");
}

/// JSON as the SDK's own document.
fn document(value: &Value) -> Document {
    match value {
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Object(fields) => {
            Document::Object(fields.iter().map(|(name, value)| (name.clone(), document(value))).collect())
        }
        other => panic!("no schema here has {other}"),
    }
}

/// The SDK's document as JSON.
pub fn json_of(document: &Document) -> Value {
    match document {
        Document::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), json_of(value))).collect()
        }
        Document::Array(items) => items.iter().map(json_of).collect(),
        Document::Number(number) => match *number {
            aws_smithy_types::Number::PosInt(value) => value.into(),
            aws_smithy_types::Number::NegInt(value) => value.into(),
            aws_smithy_types::Number::Float(value) => value.into(),
        },
        Document::String(text) => text.clone().into(),
        Document::Bool(flag) => (*flag).into(),
        Document::Null => Value::Null,
    }
}
