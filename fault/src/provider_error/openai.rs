//! OpenAI's errors, and Azure's: which is usual for a status, and what their words mention.

use std::time::Duration;

use wire::error_response::ErrorResponse;
use wire::openai::error::{AzureCase, Case, Particulars};
use wire::openai::path::Path;

use super::Mention;

/// The version of Azure's API that its words name.
const API_VERSION: &str = "2024-10-21";

/// The usual error of a status.
pub(super) const USUAL: &[(u16, &str)] = &[
    (400, "invalid-value"),
    (401, "invalid-api-key"),
    (403, "unsupported-country"),
    (404, "model-not-found"),
    (429, "requests-rate-limit"),
    (500, "server-error"),
    (502, "bad-gateway"),
    (503, "overloaded"),
    (504, "gateway-timeout"),
    (520, "edge-unknown-error"),
];

pub(super) fn particulars<'a>(case: Case, mention: &Mention<'a>) -> Particulars<'a> {
    let usual = case.usual();
    Particulars {
        model: if mention.model.is_empty() { usual.model } else { mention.model },
        path: if mention.path.is_empty() { usual.path } else { mention.path },
        wait: mention.wait.unwrap_or(usual.wait),
        ..usual
    }
}

pub(super) fn response(case: Case, mention: &Mention<'_>) -> ErrorResponse {
    let of = particulars(case, mention);
    // Azure serves the same under paths of its own, and words some errors itself.
    let is_azure = mention.path.contains("/openai/");
    match AzureCase::instead_of(case).filter(|_| is_azure) {
        Some(azure) => azure.respond(operation(mention.path), API_VERSION, seconds(of.wait)),
        None => case.respond(&of),
    }
}

/// Azure's name of what is asked for.
fn operation(path: &str) -> &'static str {
    let path = path.find("/openai/").map_or(path, |start| &path[start..]);
    Path::parse(path).map_or("ChatCompletions_Create", |path| path.operation.azure_name())
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_words_its_own_errors() {
        let said = |case: Case, path: &str| {
            let response = response(case, &Mention { path, ..Mention::default() });
            String::from_utf8(response.body.to_vec()).expect("text")
        };
        let azure = "/openai/deployments/gpt-4o/embeddings";
        assert!(said(Case::RequestsRateLimit, azure).starts_with(
            r#"{"error":{"code":"429","message":"Requests to the Embeddings_Create Operation under"#
        ));
        assert!(said(Case::ModelNotFound, azure).contains(r#""code":"DeploymentNotFound""#));
        assert!(said(Case::ServerError, azure).contains("The server had an error"));
        assert!(said(Case::RequestsRateLimit, "/v1/embeddings").contains("requests per min (RPM)"));
    }
}
