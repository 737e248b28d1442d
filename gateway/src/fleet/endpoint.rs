//! What is fixed about sending to a provider: how to prove who we are, and the path of each operation.

use http::header::AUTHORIZATION;
use http::{HeaderValue, Uri, request};
use wire::bedrock::error::Error as BedrockError;
use wire::bedrock::path::Operation as BedrockOperation;
use wire::bedrock::sigv4::Signer;
use wire::vertex::error::Status as VertexStatus;
use wire::vertex::path::{ApiVersion, Operation as VertexOperation, Path, Scope, Verb};
use world::BaseUrl;

use crate::failure::{Cause, Failure};
use crate::plan::Family;

/// How to speak to one provider.
#[derive(Debug)]
pub(crate) enum Speaker {
    /// Amazon Bedrock.
    Bedrock(Signer),
    /// Vertex AI.
    Vertex { authorization: HeaderValue },
}

/// The paths of one target.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) chat: Uri,
    pub(crate) chat_stream: Uri,
    pub(crate) embed: Uri,
}

/// What cannot be put into a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot stand in a request")]
pub(crate) struct Unsendable(pub(crate) String);

impl Speaker {
    pub(crate) fn new(family: &Family) -> Result<Self, Unsendable> {
        match family {
            Family::Bedrock { region, access_key, secret_key } => {
                Ok(Self::Bedrock(Signer::new(access_key, secret_key, region)))
            }
            Family::Vertex { token, .. } => {
                let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
                    .map_err(|_| Unsendable("the access token".to_owned()))?;
                authorization.set_sensitive(true);
                Ok(Self::Vertex { authorization })
            }
        }
    }

    /// Adds what proves who we are.
    pub(crate) fn authorize(
        &self,
        request: &mut request::Parts,
        body: &[u8],
        unix_seconds: u64,
    ) -> Result<(), Failure> {
        match self {
            Self::Bedrock(signer) => signer
                .sign(request, body, unix_seconds)
                .map_err(|error| Failure::new(Cause::Untranslatable, error.to_string())),
            Self::Vertex { authorization } => {
                request.headers.insert(AUTHORIZATION, authorization.clone());
                Ok(())
            }
        }
    }

    /// The words of an error answer.
    pub(crate) fn error_message(&self, status: u16, body: &[u8]) -> String {
        let words = match self {
            Self::Bedrock(_) => BedrockError::parse(status, None, body).message,
            Self::Vertex { .. } => {
                VertexStatus::parse(body).map(|status| status.message.to_string()).unwrap_or_default()
            }
        };
        if words.is_empty() { format!("the provider answered {status}") } else { words }
    }
}

impl Endpoint {
    pub(crate) fn new(family: &Family, url: &BaseUrl, model: &str) -> Result<Self, Unsendable> {
        let uri = |path: String| url.join(&path).parse().map_err(|_| Unsendable(path));
        match family {
            Family::Bedrock { .. } => Ok(Self {
                chat: uri(BedrockOperation::Converse.path(model))?,
                chat_stream: uri(BedrockOperation::ConverseStream.path(model))?,
                embed: uri(BedrockOperation::InvokeModel.path(model))?,
            }),
            Family::Vertex { project, location, .. } => {
                let path = |verb| vertex_path(project, location, model, verb);
                Ok(Self {
                    chat: uri(path(Verb::GenerateContent))?,
                    chat_stream: uri(path(Verb::StreamGenerateContent) + "?alt=sse")?,
                    embed: uri(path(Verb::Predict))?,
                })
            }
        }
    }
}

fn vertex_path(project: &str, location: &str, model: &str, verb: Verb) -> String {
    let operation = VertexOperation::Model { publisher: "google".into(), model: model.into(), verb };
    let scope = Some(Scope { project: project.into(), location: location.into() });
    Path { version: ApiVersion::V1, scope, operation }.to_string()
}
