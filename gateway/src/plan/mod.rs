//! What a gateway is started with: where it listens, who may call it, where requests go, and the policy.
//!
//! [`GatewayFile`] is what users write; [`GatewayFile::plan`] checks it into a [`GatewayPlan`].

mod declared;
mod file;
mod policy;

pub use declared::DeclaredPolicy;
pub use file::{
    BedrockCredentials, CredentialsFile, FamilyName, GatewayFile, KeyFile, ModelFile, ModelKind, PolicyFile,
    ProviderFile,
};
pub use policy::{
    AdmissionPolicy, AttemptPolicy, BackoffPolicy, Blame, BreakerPolicy, BudgetPolicy, Buffers, Commit,
    CooldownPolicy, CooldownScope, DeadlinePolicy, Delivery, Discipline, EmbeddingFailover, ErrorStyle,
    Failover, Loss, OnLeave, Policy, RampPolicy, StreamPolicy, WhenBlocked,
};

use std::fmt;

use evidence::Name;
use world::{Address, BaseUrl};

/// A checked gateway.
#[derive(Debug, Clone)]
pub struct GatewayPlan {
    /// Where it listens.
    pub listen: Address,
    /// Who may call it.
    pub keys: Vec<Key>,
    /// The providers.
    pub providers: Vec<Provider>,
    /// What every target is, in no particular order.
    pub targets: Vec<Target>,
    /// The names that clients ask for.
    pub aliases: Vec<Alias>,
    /// What it does.
    pub policy: Policy,
    /// What it says that it does; a weakness does not change it.
    pub declared: DeclaredPolicy,
    /// Weaknesses that were switched on, by name.
    pub weaknesses: Vec<&'static str>,
}

/// A client's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// What the client sends as bearer token.
    pub secret: String,
    /// Who that is.
    pub tenant: Name,
}

/// A provider's endpoint: one address, one account, one breaker.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name in responses, logs and pinned model names.
    pub name: Name,
    /// Where to send to.
    pub url: BaseUrl,
    /// What it speaks, and as whom.
    pub family: Family,
    /// Most attempts in flight; further ones go elsewhere.
    pub in_flight_max: usize,
}

/// What a provider speaks, with what is needed to speak it.
#[derive(Clone, PartialEq, Eq)]
pub enum Family {
    /// Amazon Bedrock, signed.
    Bedrock {
        /// The region that signatures name.
        region: String,
        /// The key's id.
        access_key: String,
        /// The key.
        secret_key: String,
    },
    /// Google Vertex AI.
    Vertex {
        /// The project in paths.
        project: String,
        /// The location in paths.
        location: String,
        /// The bearer token.
        token: String,
    },
}

/// One model at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Index of its provider in [`GatewayPlan::providers`].
    pub provider: usize,
    /// The provider's name of the model.
    pub model: Name,
}

/// A name that clients ask for, and who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: Name,
    /// What it is for.
    pub kind: ModelKind,
    /// Indices into [`GatewayPlan::targets`], in the order in which they are tried.
    pub targets: Vec<usize>,
}

impl GatewayPlan {
    /// A target's name as clients pin it: `PROVIDER/MODEL`.
    #[must_use]
    pub fn pinned_name(&self, target: &Target) -> String {
        let provider = self.providers.get(target.provider).map_or("?", |provider| &*provider.name);
        format!("{provider}/{}", target.model)
    }
}

// Secrets mask themselves, so that a plan may be printed.

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bedrock { region, .. } => {
                f.debug_struct("Bedrock").field("region", region).finish_non_exhaustive()
            }
            Self::Vertex { project, location, .. } => f
                .debug_struct("Vertex")
                .field("project", project)
                .field("location", location)
                .finish_non_exhaustive(),
        }
    }
}
