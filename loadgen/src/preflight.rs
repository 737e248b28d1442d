//! A few requests before a run: one of each kind, plain and streamed, and to each pinned provider.
//!
//! A run against a target that answers these wrongly would measure nothing. They are not part of the
//! plan and leave no record in the client log.

use std::sync::Arc;

use evidence::Nonce;
use evidence::record::{ClientOutcome, Name};
use world::World;

use crate::client::{Answer, Client};
use crate::plan::{Class, Kind, LoadPlan, Planned, StreamKind, Tenant};
use crate::target::Target;

/// What the preflight found.
#[derive(Debug, Clone, PartialEq)]
pub struct Preflight {
    /// Every request, in the order of sending.
    pub checks: Vec<PreflightCheck>,
}

/// One request of a preflight.
#[derive(Debug, Clone, PartialEq)]
pub struct PreflightCheck {
    /// The class of the mix.
    pub class: Name,
    /// The model name asked for.
    pub model: Name,
    /// The provider it was pinned to.
    pub pinned: Option<Name>,
    /// Whether it was streamed.
    pub streamed: bool,
    /// What came back.
    pub answer: Answer,
}

impl Preflight {
    /// Whether every answer was whole and right.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.checks.iter().all(PreflightCheck::is_passed)
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &PreflightCheck> {
        self.checks.iter().filter(|check| !check.is_passed())
    }
}

impl PreflightCheck {
    /// Whether the answer was whole and right.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        matches!(self.answer.outcome, ClientOutcome::Ok | ClientOutcome::Degraded)
    }
}

impl std::fmt::Display for PreflightCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let form = if self.streamed { "streamed" } else { "plain" };
        write!(f, "{form} `{}` to model `{}`: {}", self.class, self.model, self.answer.outcome.as_str())?;
        if let Some(status) = self.answer.status {
            write!(f, ", status {status}")?;
        }
        if let Some(error) = &self.answer.error_type {
            write!(f, " ({error})")?;
        }
        Ok(())
    }
}

/// Sends one request of each kind of `plan`, one after another.
pub async fn preflight(world: &World, target: Target, plan: &LoadPlan) -> Preflight {
    let client = Client::new(world, target, plan);
    let nonces = plan.seed().domain("load.preflight");
    let mut checks = Vec::new();
    for (number, probe) in (0..).zip(probes(plan)) {
        let planned = probe.planned(number, Nonce::new(nonces.hash_n(number)), world);
        let answer = client.ask(&planned, 0).await;
        checks.push(PreflightCheck {
            class: Name::clone(&planned.class.name),
            model: planned.model,
            pinned: planned.pinned,
            streamed: planned.streamed,
            answer,
        });
    }
    Preflight { checks }
}

struct Probe {
    class: Arc<Class>,
    tenant: Arc<Tenant>,
    pinned: Option<Name>,
    streamed: bool,
}

/// A plain request of each class and a streamed one of each class of chat, pinned ones included. Streams
/// that share their classes are tried once.
fn probes(plan: &LoadPlan) -> Vec<Probe> {
    let mut probes: Vec<Probe> = Vec::new();
    for stream in plan.streams() {
        let pinned = match &stream.kind {
            StreamKind::Control(provider) => Some(provider),
            StreamKind::Main | StreamKind::Tenant(_) => None,
        };
        let Some(tenant) = stream.tenants.first() else { continue };
        for class in &stream.classes {
            if probes.iter().any(|probe| Arc::ptr_eq(&probe.class, class)) {
                continue;
            }
            let forms = if class.kind == Kind::Chat { &[false, true][..] } else { &[false] };
            probes.extend(forms.iter().map(|streamed| Probe {
                class: Arc::clone(class),
                tenant: Arc::clone(tenant),
                pinned: pinned.cloned(),
                streamed: *streamed,
            }));
        }
    }
    probes
}

impl Probe {
    fn planned(self, number: u64, nonce: Nonce, world: &World) -> Planned {
        Planned {
            ordinal: number,
            due: world.clock().now(),
            model: Arc::clone(&self.class.model),
            nonce: self.class.kind.has_prompt().then_some(nonce),
            prompt_tokens: PROMPT_TOKENS,
            class: self.class,
            tenant: self.tenant,
            streamed: self.streamed,
            pinned: self.pinned,
            deliberate: None,
            phase: "preflight".into(),
            leaves_after: None,
        }
    }
}

/// Short: it is the path that is tried, not the load.
const PROMPT_TOKENS: u32 = 16;
