//! The paths of the service, and of Azure, which serves the same operations under its own.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// Where the operation is asked for.
    pub host: Host<'a>,
    /// What is asked for.
    pub operation: Operation<'a>,
}

/// Whose path it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host<'a> {
    /// `/v1/…`
    OpenAi,
    /// `/openai/deployments/{deployment}/…?api-version=…`: the model is in the path.
    AzureDeployment(Cow<'a, str>),
    /// `/openai/…?api-version=…`, for what is not about one deployment.
    AzureResource,
    /// `/openai/v1/…`: the model is in the body, as it is at OpenAI, and no version is asked for.
    AzureV1,
}

impl Host<'_> {
    /// Whether Azure serves it.
    pub fn is_azure(&self) -> bool {
        *self != Host::OpenAi
    }

    /// Whether the query must say which version of the API is meant.
    pub fn is_versioned(&self) -> bool {
        matches!(self, Host::AzureDeployment(_) | Host::AzureResource)
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation<'a> {
    /// `POST chat/completions`
    ChatCompletions,
    /// `POST completions`
    Completions,
    /// `POST embeddings`
    Embeddings,
    /// `POST responses`
    Responses,
    /// `GET` or `DELETE responses/{id}`
    Response(Cow<'a, str>),
    /// `GET responses/{id}/input_items`
    ResponseInputItems(Cow<'a, str>),
    /// `POST responses/{id}/cancel`
    ResponseCancel(Cow<'a, str>),
    /// `POST responses/input_tokens`
    ResponseInputTokens,
    /// `GET models`
    Models,
    /// `GET models/{id}`
    Model(Cow<'a, str>),
    /// `POST images/generations`
    ImageGenerations,
    /// `POST moderations`
    Moderations,
}

impl Operation<'_> {
    /// The methods it takes.
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Operation::Response(_) => &["GET", "DELETE"],
            Operation::ResponseInputItems(_) | Operation::Models | Operation::Model(_) => &["GET"],
            _ => &["POST"],
        }
    }

    /// Azure's own name of it, which its errors tell.
    pub fn azure_name(&self) -> &'static str {
        match self {
            Operation::ChatCompletions => "ChatCompletions_Create",
            Operation::Completions => "Completions_Create",
            Operation::Embeddings => "Embeddings_Create",
            Operation::ImageGenerations => "ImageGenerations_Create",
            Operation::Responses
            | Operation::Response(_)
            | Operation::ResponseInputItems(_)
            | Operation::ResponseCancel(_)
            | Operation::ResponseInputTokens => "Responses_Create",
            Operation::Models | Operation::Model(_) => "Models_List",
            Operation::Moderations => "Moderations_Create",
        }
    }
}

impl<'a> Path<'a> {
    /// Reads a path; `None` when it is nobody's.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (host, rest) = split_host(path)?;
        let operation = operation(rest)?;
        let has_deployments = matches!(
            operation,
            Operation::ChatCompletions
                | Operation::Completions
                | Operation::Embeddings
                | Operation::ImageGenerations
        );
        let is_served = match host {
            Host::OpenAi | Host::AzureV1 => true,
            Host::AzureDeployment(_) => has_deployments,
            Host::AzureResource => !has_deployments,
        };
        is_served.then_some(Path { host, operation })
    }
}

fn split_host(path: &str) -> Option<(Host<'_>, &str)> {
    if let Some(rest) = path.strip_prefix("/v1/") {
        return Some((Host::OpenAi, rest));
    }
    let rest = path.strip_prefix("/openai/")?;
    if let Some(rest) = rest.strip_prefix("v1/") {
        return Some((Host::AzureV1, rest));
    }
    let Some(rest) = rest.strip_prefix("deployments/") else { return Some((Host::AzureResource, rest)) };
    let (deployment, rest) = rest.split_once('/')?;
    (!deployment.is_empty()).then(|| (Host::AzureDeployment(decoded(deployment)), rest))
}

fn operation(rest: &str) -> Option<Operation<'_>> {
    Some(match rest.trim_end_matches('/') {
        "chat/completions" => Operation::ChatCompletions,
        "completions" => Operation::Completions,
        "embeddings" => Operation::Embeddings,
        "responses" => Operation::Responses,
        "responses/input_tokens" => Operation::ResponseInputTokens,
        "models" => Operation::Models,
        "images/generations" => Operation::ImageGenerations,
        "moderations" => Operation::Moderations,
        rest => {
            if let Some(model) = rest.strip_prefix("models/") {
                return Some(Operation::Model(decoded(model)));
            }
            return of_response(rest.strip_prefix("responses/")?);
        }
    })
}

fn of_response(rest: &str) -> Option<Operation<'_>> {
    match rest.split_once('/') {
        None => Some(Operation::Response(decoded(rest))),
        Some((id, "input_items")) => Some(Operation::ResponseInputItems(decoded(id))),
        Some((id, "cancel")) => Some(Operation::ResponseCancel(decoded(id))),
        Some(_) => None,
    }
}

fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(path: &str, host: Host<'_>, operation: Operation<'_>) {
        assert_eq!(Path::parse(path), Some(Path { host, operation }), "{path}");
    }

    #[test]
    fn every_path_says_where_and_what() {
        check("/v1/chat/completions", Host::OpenAi, Operation::ChatCompletions);
        check("/v1/models", Host::OpenAi, Operation::Models);
        check("/v1/models/ft%3Agpt-4o", Host::OpenAi, Operation::Model("ft:gpt-4o".into()));
        check("/v1/responses/resp_1", Host::OpenAi, Operation::Response("resp_1".into()));
        check("/v1/responses/input_tokens", Host::OpenAi, Operation::ResponseInputTokens);
        check("/v1/responses/r/input_items", Host::OpenAi, Operation::ResponseInputItems("r".into()));
        check("/v1/responses/r/cancel", Host::OpenAi, Operation::ResponseCancel("r".into()));
        let deployment = || Host::AzureDeployment("my gpt".into());
        check("/openai/deployments/my%20gpt/chat/completions", deployment(), Operation::ChatCompletions);
        check("/openai/deployments/my%20gpt/images/generations", deployment(), Operation::ImageGenerations);
        check("/openai/responses", Host::AzureResource, Operation::Responses);
        check("/openai/v1/embeddings", Host::AzureV1, Operation::Embeddings);
    }

    #[test]
    fn other_paths_are_nobodys() {
        for path in [
            "/v1/chat",
            "/chat/completions",
            "/v2/models",
            "/v1/responses/r/s",
            "/openai/chat/completions",
            "/openai/deployments/d/responses",
            "/openai/deployments//chat/completions",
            "",
        ] {
            assert_eq!(Path::parse(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in any::<String>()) {
            let _ = Path::parse(&path);
        }
    }
}
