//! The parts that are processes of their own in real time, so that their figures are theirs: mock and gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use world::{BaseUrl, ChildProcess, Clock, ProcessUsage, process_usage};

use super::options::{Options, RunError};
use super::parts::gateway_file;
use crate::file::DrillPlan;

/// How long a child may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a child may take to end what it holds.
const GRACE: Duration = Duration::from_secs(5);

/// What a part that was started as a child says first: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Where it listens.
    pub listening: String,
    /// Where each named provider is served, for a mock with several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<String, String>,
}

/// The configuration of a mock with several providers, as `mock-provider --config` reads it.
#[derive(Debug, Serialize)]
struct MockConfig<'p> {
    providers: IndexMap<&'p str, &'p mock_provider::MockFile>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    quotas: &'p BTreeMap<String, mock_provider::QuotaFile>,
}

/// The configuration of a gateway, as `gateway --config` reads it.
#[derive(Debug, Serialize)]
struct GatewayConfig {
    gateway: gateway::GatewayFile,
}

/// A child that runs.
pub(super) struct Part {
    name: &'static str,
    process: ChildProcess,
    pub(super) announcement: Announcement,
}

impl Part {
    /// Starts the mock providers of a drill.
    pub(super) async fn mock(clock: Clock, plan: &DrillPlan, options: &Options) -> Result<Self, RunError> {
        let providers =
            plan.providers.iter().map(|provider| (provider.name.as_str(), &provider.file)).collect();
        let config = toml_of(&MockConfig { providers, quotas: &plan.quotas })?;
        Self::start("the mock provider", clock, options, "mock-provider", &[], &config, plan).await
    }

    /// Starts the reference gateway in front of `routes`.
    pub(super) async fn gateway(
        clock: Clock,
        plan: &DrillPlan,
        options: &Options,
        routes: &BTreeMap<String, String>,
    ) -> Result<Self, RunError> {
        let url_of =
            |name: &str| routes.get(name).map(|address| format!("http://{address}")).unwrap_or_default();
        let config = toml_of(&GatewayConfig { gateway: gateway_file(plan, "127.0.0.1:0", url_of) })?;
        let weaknesses: Vec<String> = options
            .weaknesses
            .iter()
            .flat_map(|weakness| ["--weakness".to_owned(), weakness.name.to_owned()])
            .collect();
        Self::start("the reference gateway", clock, options, "gateway", &weaknesses, &config, plan).await
    }

    async fn start(
        name: &'static str,
        clock: Clock,
        options: &Options,
        command: &str,
        extra: &[String],
        config: &str,
        plan: &DrillPlan,
    ) -> Result<Self, RunError> {
        let seed = plan.seed.to_string();
        let fixed = [command, "--child", "--config", "-", "--seed", &seed];
        let arguments = fixed.iter().map(ToString::to_string).chain(extra.iter().cloned());
        let failed = |cause| RunError::Child { part: name, cause };
        let process = ChildProcess::start(clock, &options.program, arguments, config).await;
        let mut process = process.map_err(|error| failed(error.into()))?;
        let line = process.line(PATIENCE).await.map_err(failed)?;
        let announcement = serde_json::from_str(&line)
            .map_err(|error| RunError::Configuration(format!("{name} announced itself wrongly: {error}")))?;
        Ok(Self { name, process, announcement })
    }

    /// The URL of a provider that a mock serves.
    pub(super) fn provider_url(&self, provider: &str) -> Result<BaseUrl, RunError> {
        let address = self.announcement.providers.get(provider).unwrap_or(&self.announcement.listening);
        url_of(address)
    }

    /// The URL that it announced.
    pub(super) fn url(&self) -> Result<BaseUrl, RunError> {
        url_of(&self.announcement.listening)
    }

    /// How it ended, in words, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.process.ended()?;
        Some(format!("{} ended with {status}", self.name))
    }

    /// What it uses now.
    pub(super) fn usage(&self) -> Option<ProcessUsage> {
        process_usage(self.process.id()?)
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        self.process.stop(GRACE).await;
    }
}

fn url_of(address: &str) -> Result<BaseUrl, RunError> {
    format!("http://{address}").parse().map_err(|error| RunError::Configuration(format!("{error}")))
}

fn toml_of(config: &impl Serialize) -> Result<String, RunError> {
    toml::to_string(config).map_err(|error| RunError::Configuration(error.to_string()))
}
