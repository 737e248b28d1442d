//! What a mock says when it is up: where it is, what to paste into which SDK, and how to control it.

use std::fmt;
use std::path::PathBuf;

use drill::report::Style;
use mock_provider::{Access, ControlFile, Mock};

/// What clients are to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// The certificate of our own authority, in this file.
    Authority(PathBuf),
    /// Whoever vouches for the certificate that was given.
    Own,
}

/// Everything that the banner says.
pub(super) struct Banner<'a> {
    pub(super) mocks: &'a [(String, Mock)],
    pub(super) trust: Option<&'a Trust>,
    pub(super) control: &'a ControlFile,
    pub(super) style: Style,
}

/// A client: its name, and lines to paste, with `URL` for the mock's base.
type Client = (&'static str, &'static [&'static str]);

const CLIENTS: [Client; 6] = [
    (
        "boto3",
        &[
            "boto3.client(\"bedrock-runtime\", region_name=\"us-east-1\", endpoint_url=\"URL\",",
            "  aws_access_key_id=\"AKIDEXAMPLE\", aws_secret_access_key=\"mock-secret-key\")",
        ],
    ),
    (
        "AWS SDK for JavaScript v3",
        &[
            "new BedrockRuntimeClient({ region: \"us-east-1\", endpoint: \"URL\",",
            "  credentials: { accessKeyId: \"AKIDEXAMPLE\", secretAccessKey: \"mock-secret-key\" } })",
        ],
    ),
    (
        "google-genai",
        &[
            "genai.Client(vertexai=True, project=\"brownout\", location=\"us-central1\",",
            "  credentials=google.oauth2.credentials.Credentials(\"any\"), http_options={\"base_url\": \"URL\"})",
        ],
    ),
    (
        "anthropic",
        &[
            "Anthropic(base_url=\"URL\", api_key=\"any\")",
            "AnthropicBedrock(base_url=\"URL\", aws_region=\"us-east-1\",",
            "  aws_access_key=\"AKIDEXAMPLE\", aws_secret_key=\"mock-secret-key\")",
            "AnthropicVertex(base_url=\"URL/v1\", project_id=\"brownout\", region=\"us-east5\", access_token=\"any\")",
        ],
    ),
    (
        "openai",
        &[
            "OpenAI(base_url=\"URL/v1\", api_key=\"any\")",
            "AzureOpenAI(azure_endpoint=\"URL\", api_key=\"any\", api_version=\"2024-10-21\")",
        ],
    ),
    (
        "LiteLLM",
        &[
            "completion(\"bedrock/converse/anthropic.claude-3-haiku-20240307-v1:0\", messages=MESSAGES,",
            "  aws_bedrock_runtime_endpoint=\"URL\", aws_region_name=\"us-east-1\",",
            "  aws_access_key_id=\"AKIDEXAMPLE\", aws_secret_access_key=\"mock-secret-key\")",
            "completion(\"anthropic/claude-haiku-4-5\", messages=MESSAGES, api_base=\"URL\", api_key=\"any\")",
            "completion(\"openai/gpt-4o-mini\", messages=MESSAGES, api_base=\"URL/v1\", api_key=\"any\")",
        ],
    ),
];

impl Banner<'_> {
    fn base(&self, mock: &Mock) -> String {
        let scheme = if self.trust.is_some() { "https" } else { "http" };
        // Who listens everywhere is reached here.
        let address = mock.address().to_string();
        let address =
            address.strip_prefix("0.0.0.0:").map_or(address.clone(), |port| format!("127.0.0.1:{port}"));
        format!("{scheme}://{address}")
    }

    fn heading(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        match self.style {
            Style::Colour => writeln!(f, "\u{1b}[1m{text}\u{1b}[0m"),
            Style::Plain => writeln!(f, "{text}"),
        }
    }

    fn write_clients(&self, f: &mut fmt::Formatter<'_>, base: &str) -> fmt::Result {
        for (name, lines) in CLIENTS {
            self.heading(f, name)?;
            for line in lines {
                writeln!(f, "  {}", line.replace("URL", base))?;
            }
        }
        self.heading(f, "Bearer keys and tokens")?;
        let only_tls = if self.trust.is_some() { "" } else { " (boto3 sends it over TLS alone: --tls)" };
        writeln!(f, "  Bedrock: AWS_BEARER_TOKEN_BEDROCK=bedrock-api-key-MOCK{only_tls}")?;
        writeln!(f, "  Google service accounts: token_uri {base}/token")
    }

    fn write_trust(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Trust::Authority(path)) = self.trust else { return Ok(()) };
        let path = path.display();
        self.heading(f, "Trust")?;
        writeln!(f, "  AWS_CA_BUNDLE={path} (boto3)  NODE_EXTRA_CA_CERTS={path} (JavaScript)")?;
        writeln!(f, "  SSL_CERT_FILE={path} (google-genai, anthropic, openai, LiteLLM)  curl --cacert {path}")
    }

    fn write_control(&self, f: &mut fmt::Formatter<'_>, mock: &Mock, base: &str) -> fmt::Result {
        self.heading(f, "Faults")?;
        writeln!(
            f,
            "  one request: header x-brownout-fault: SPEC, path URL/fault/SPEC, or model fault.SPEC"
        )?;
        writeln!(f, "  such as http-429, stream-stall, latency=500ms, `cut=3 events:reset`")?;
        self.heading(f, "Control")?;
        writeln!(f, "  {base}/healthz  /readyz  /metrics")?;
        if let Some(admin) = mock.admin_address() {
            return writeln!(f, "  http://{admin}/__brownout, and the same while the mock drains");
        }
        match self.control.access(mock.address()) {
            Access::Open => writeln!(f, "  {base}/__brownout: journal, state, faults, reset"),
            Access::Token(_) => writeln!(f, "  {base}/__brownout with Authorization: Bearer TOKEN"),
            Access::Closed => writeln!(f, "  no control API beyond this machine without --admin-token"),
        }
    }
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, mock) in self.mocks {
            let base = self.base(mock);
            self.heading(f, &format!("mock provider `{name}` on {base}"))?;
        }
        let Some((_, first)) = self.mocks.first() else { return Ok(()) };
        let others = if self.mocks.len() > 1 { "; below, the first of them" } else { "" };
        writeln!(f, "every API on every port, HTTP/1.1 and HTTP/2{others}\n")?;
        let base = self.base(first);
        self.write_clients(f, &base)?;
        self.write_trust(f)?;
        self.write_control(f, first, &base)
    }
}
