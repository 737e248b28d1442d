//! `brownout mock-provider`: mock Bedrock and Vertex AI on sockets.

use std::collections::BTreeMap;

use drill::file::Document;
use drill::run::Announcement;
use mock_provider::{Mock, MockFile, MockPlan, Pools, QuotaFile};
use world::{Address, Seed, World};

use super::{listen_address, serving};
use crate::cli::MockArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

/// The name of a mock that no file names.
const ALONE: &str = "mock";
const DEFAULT_LISTEN: &str = "127.0.0.1:9100";

pub(crate) fn run(args: &MockArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    serving::prepare(&args.part)?;
    let plans = read_plans(args)?;
    let addresses = addresses(args, &plans)?;
    world::run_real(Seed(args.seed), serving::THREADS, async |world| {
        let mocks = start(&world, plans, &addresses, args.part.child)?;
        let providers: BTreeMap<String, String> =
            mocks.iter().map(|(name, mock)| (name.clone(), mock.address().to_string())).collect();
        let listening = mocks.first().map(|(_, mock)| mock.address().to_string()).unwrap_or_default();
        let banner = banner(&providers);
        serving::announce(terminal, &args.part, &Announcement { listening, providers }, &banner);
        serving::until_stopped(&world).await?;
        for (_, mock) in mocks {
            mock.shutdown(serving::GRACE).await;
        }
        Ok(Exit::Pass)
    })
    .map_err(CommandError::unreachable)?
}

fn read_plans(args: &MockArgs) -> Result<Vec<(String, MockPlan)>, CommandError> {
    let Some(path) = &args.config else {
        let plan = MockFile::default().plan(ALONE).map_err(CommandError::configuration)?;
        return Ok(vec![(ALONE.to_owned(), plan)]);
    };
    let (name, text) = serving::read_config(path)?;
    let document = Document::parse(&name, &text).map_err(CommandError::configuration)?;
    let files = document.entries::<MockFile>("providers");
    let files = files.map_err(|problems| CommandError::configuration(document.errors(problems)))?;
    if files.is_empty() {
        return Err(CommandError::configuration(format!("{name}: has no [providers.NAME] section")));
    }
    let quotas = document.entries::<QuotaFile>("quotas");
    let quotas = quotas.map_err(|problems| CommandError::configuration(document.errors(problems)))?;
    let quotas: BTreeMap<String, QuotaFile> = quotas.into_iter().collect();
    let mut problems = notation::Problems::new();
    let plans: Vec<(String, MockPlan)> = files
        .into_iter()
        .filter_map(|(provider, file)| {
            let plan =
                problems.take(&format!("providers.{provider}"), file.plan_among(&provider, &quotas))?;
            Some((provider, plan))
        })
        .collect();
    problems.into_result(plans).map_err(|problems| CommandError::configuration(document.errors(problems)))
}

/// A port for each provider: the one asked for if there is one provider, free ones for several.
fn addresses(args: &MockArgs, plans: &[(String, MockPlan)]) -> Result<Vec<Address>, CommandError> {
    let several = plans.len() > 1 || args.part.child;
    let default = if several { "127.0.0.1:0" } else { DEFAULT_LISTEN };
    let first = listen_address(args.listen.as_deref().unwrap_or(default))?;
    let others =
        std::iter::repeat_n(Address::new(format!("{}:0", first.host())), plans.len().saturating_sub(1));
    Ok(std::iter::once(first).chain(others).collect())
}

fn start(
    world: &World,
    plans: Vec<(String, MockPlan)>,
    addresses: &[Address],
    announces: bool,
) -> Result<Vec<(String, Mock)>, CommandError> {
    let mut mocks = Vec::new();
    let pools = Pools::default();
    for ((name, plan), address) in plans.into_iter().zip(addresses) {
        // A drill's proxy reads what an answer was to be from its head, and takes it out again.
        let plan = if announces { plan.announcing_tokens() } else { plan };
        let mock = mock_provider::start_among(world, address, plan, &pools).map_err(|error| {
            CommandError::unreachable(format!(
                "the mock provider cannot listen on {address}: {error} (accepted: a free address of this machine)"
            ))
        })?;
        mocks.push((name, mock));
    }
    Ok(mocks)
}

fn banner(providers: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, address) in providers {
        text.push_str(&format!(
            "mock provider `{name}` on http://{address}, every surface on this port\n\n\
             Amazon Bedrock (boto3):\n  \
             boto3.client(\"bedrock-runtime\", region_name=\"us-east-1\", endpoint_url=\"http://{address}\",\n    \
             aws_access_key_id=\"AKIDEXAMPLE\", aws_secret_access_key=\"mock-secret-key\")\n  \
             bearer key: bedrock-api-key-MOCK\n\n\
             Vertex AI (google-genai):\n  \
             genai.Client(vertexai=True, project=\"brownout\", location=\"us-central1\", credentials=CREDENTIALS,\n    \
             http_options={{\"base_url\": \"http://{address}\"}})\n  \
             any bearer token; a service account's token_uri: http://{address}/token\n\n\
             Faults for one request: header `x-brownout-fault: SPEC`, or the path prefix /fault/SPEC/\n  \
             such as http-429, stream-stall, stream-truncate-boundary, `latency=500ms`\n\n"
        ));
    }
    text
}
