//! A drill file as a whole: sections into one checked plan.

use crate::demand::Expectation;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fault::grammar::Provider;
use fault::{FaultFile, Rule};
use gateway::GatewayFile;
use loadgen::plan::{Binding, LoadFile, LoadPlan};
use mock_provider::{MockFile, MockPlan, QuotaFile, Surface};
use notation::{DurationText, Problems};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use world::Seed;

use super::document::{Document, FileErrors};
use super::target::{TargetFile, TargetPlan};
use super::{Profile, expect, profile};
use crate::check;

/// What may be changed on the command line before a drill is checked.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The set of overrides.
    pub profile: Profile,
    /// Another root seed.
    pub seed: Option<u64>,
    /// Every length divided by this.
    pub shorten: Option<u32>,
    /// Every rate multiplied by this.
    pub scale_rate: Option<f64>,
    /// `KEY=VALUE` assignments, in order.
    pub set: Vec<String>,
    /// Somebody's gateway in place of the embedded one.
    pub target: Option<TargetFile>,
}

/// Which records the logs keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKept {
    /// Every one.
    #[default]
    All,
    /// What is not ok, was faulted, or is among one in a hundred.
    Notable,
}

/// A checked drill.
#[derive(Debug, Clone)]
pub struct DrillPlan {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence.
    pub title: String,
    /// The requirement that it comes from.
    pub source: Option<String>,
    /// How long load is offered.
    pub duration: Duration,
    /// The root seed.
    pub seed: Seed,
    /// The set of overrides in force, for reports.
    pub profile: String,
    /// The providers, in file order.
    pub providers: Vec<ProviderPlan>,
    /// The quotas that providers share by name, for a child process.
    pub quotas: BTreeMap<String, QuotaFile>,
    /// The fault rules, in file order.
    pub rules: Vec<Arc<Rule>>,
    /// The embedded gateway, without addresses.
    pub gateway: GatewayFile,
    /// Somebody's gateway, if it is not the embedded one.
    pub target: Option<TargetPlan>,
    /// The load.
    pub load: LoadPlan,
    /// What is demanded.
    pub expectations: Vec<Expectation>,
    /// Which records are kept.
    pub evidence: EvidenceKept,
}

/// One provider of a drill.
#[derive(Debug, Clone)]
pub struct ProviderPlan {
    /// Its name.
    pub name: String,
    /// What is served in its place.
    pub mock: MockPlan,
    /// The section, for a child process.
    pub file: MockFile,
}

/// The keys at the top of a drill file.
const KEYS: [&str; 14] = [
    "title",
    "about",
    "source",
    "duration",
    "seed",
    "evidence",
    "providers",
    "quotas",
    "faults",
    "gateway",
    "target",
    "load",
    "expect",
    "profiles",
];

/// Notes the keys at the top of a part's file that neither the part has, which are its `own`, nor a drill.
pub fn refuse_unknown_keys(document: &Document, own: &[&str], problems: &mut Problems) {
    for key in document.keys().filter(|key| !own.contains(key) && !KEYS.contains(key)) {
        let accepted = format!("{}; what else stands in a drill is passed over", own.join(", "));
        problems.add(key, format!("unknown key `{key}`"), accepted);
    }
}

impl DrillPlan {
    /// Applies the changes to a document and checks the whole.
    ///
    /// # Errors
    /// Every problem that was found, with file and line.
    pub fn read(name: &str, mut document: Document, changes: &Changes) -> Result<Self, FileErrors> {
        profile::apply(&mut document, changes.profile)?;
        if let Some(by) = changes.shorten {
            profile::shorten(&mut document, by)?;
        }
        let mut problems = Problems::new();
        for assignment in &changes.set {
            if let Err(error) = document.set_text(assignment) {
                problems.add("", format!("--set {assignment}: {error}"), "");
            }
        }
        let plan = Reader { document: &document, problems }.read(name, changes);
        let plan = plan.and_then(|plan| check::refuse_impossible(&plan).map(|()| plan));
        plan.map_err(|problems| document.errors(problems))
    }

    /// The same drill with healthy providers.
    #[must_use]
    pub fn without_faults(&self) -> Self {
        Self { rules: Vec::new(), ..self.clone() }
    }

    /// Whether the gateway under test is the reference gateway.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.target.is_none()
    }
}

/// Reads the sections of one document, noting every problem on the way.
struct Reader<'d> {
    document: &'d Document,
    problems: Problems,
}

impl Reader<'_> {
    fn read(mut self, name: &str, changes: &Changes) -> Result<DrillPlan, Problems> {
        for key in self.document.keys().filter(|key| !KEYS.contains(key)) {
            self.problems.add(key, format!("unknown key `{key}`"), KEYS.join(", "));
        }
        let duration = self.duration();
        let seed = Seed(changes.seed.or(self.section("seed")).unwrap_or(0));
        let evidence = self.section("evidence").unwrap_or_default();
        let quotas = self.quotas();
        let providers = self.providers(&quotas);
        let rules = self.rules(&providers);
        let gateway = self.gateway(&providers);
        let target = self.target(changes, &providers);
        let expectations = self.take(expect::read(self.document.get("expect"))).unwrap_or_default();
        let binding = binding(&gateway, target.as_ref(), duration, seed);
        let load = self.load(&binding, target.is_some(), changes.scale_rate);
        let Some(load) = load else { return Err(self.problems) };
        self.subjects(&expectations, &load);
        let plan = DrillPlan {
            name: name.to_owned(),
            title: self.section("title").unwrap_or_else(|| name.to_owned()),
            source: self.section("source"),
            duration,
            seed,
            profile: profile_name(changes),
            providers,
            quotas,
            rules,
            gateway,
            target,
            load,
            expectations,
            evidence,
        };
        self.problems.into_result(plan)
    }

    fn take<T>(&mut self, result: Result<T, Problems>) -> Option<T> {
        self.problems.take("", result)
    }

    fn section<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        self.take(self.document.section(key)).flatten()
    }

    /// One mistake is one problem: what depends on a length that cannot be read goes on with another.
    fn duration(&mut self) -> Duration {
        let is_written = self.document.get("duration").is_some();
        match self.section::<DurationText>("duration").map(Duration::from) {
            Some(duration) if !duration.is_zero() => return duration,
            None if is_written => {}
            _ => self.problems.add("duration", "says no length", "how long load is offered, such as `45m`"),
        }
        Duration::from_hours(1)
    }

    fn providers(&mut self, quotas: &BTreeMap<String, QuotaFile>) -> Vec<ProviderPlan> {
        let files = self.take(self.document.entries::<MockFile>("providers"));
        let files = files.unwrap_or_else(|| self.unreadable_providers());
        if files.is_empty() && self.document.get("providers").is_none() {
            self.problems.add("providers", "is missing", "at least one `[providers.NAME]` with a profile");
        }
        let mut plans = Vec::new();
        for (name, file) in files {
            let mock = self.problems.take(&format!("providers.{name}"), file.plan_among(&name, quotas));
            if let Some(mock) = mock.or_else(|| stand_in(&name, &file)) {
                plans.push(ProviderPlan { name, mock, file });
            }
        }
        plans
    }

    /// The quotas that providers name.
    fn quotas(&mut self) -> BTreeMap<String, QuotaFile> {
        self.take(self.document.entries::<QuotaFile>("quotas")).unwrap_or_default().into_iter().collect()
    }

    /// The providers by name and profile alone, so that what names them is still checked.
    fn unreadable_providers(&self) -> Vec<(String, MockFile)> {
        let table = self.document.get("providers").and_then(toml::Value::as_table);
        let profile = |name: &str| self.document.text_at(&format!("providers.{name}.profile"));
        let names = table.into_iter().flat_map(toml::Table::keys);
        names.map(|name| (name.clone(), MockFile { profile: profile(name), ..MockFile::default() })).collect()
    }

    /// A demand about requests that the load does not send would never be judged, and look like one that
    /// holds.
    fn subjects(&mut self, expectations: &[Expectation], load: &LoadPlan) {
        let names = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let kinds = names(load.classes().map(|class| &*class.kind_name).collect());
        let classes = names(load.classes().map(|class| &*class.name).collect());
        let tenants = names(load.tenants().map(|tenant| &*tenant.name).collect());
        let phases = names(load.phases().iter().map(|(_, name)| &**name).collect());
        for expectation in expectations {
            let subject = &expectation.subject;
            let wanted = [
                ("kind", &subject.kind, &kinds),
                ("class", &subject.class, &classes),
                ("tenant", &subject.tenant, &tenants),
                ("phase", &subject.phase, &phases),
            ];
            for (what, name, known) in wanted {
                let Some(name) = name.as_deref().filter(|name| !known.iter().any(|k| k == name)) else {
                    continue;
                };
                let message = format!("the load has no {what} `{name}`");
                self.problems.add(
                    format!("expect.{}", expect::key_of(expectation)),
                    message,
                    known.join(", "),
                );
            }
        }
    }

    fn rules(&mut self, providers: &[ProviderPlan]) -> Vec<Arc<Rule>> {
        let files: Vec<(String, FaultFile)> = self.take(self.document.entries("faults")).unwrap_or_default();
        let files: Vec<FaultFile> = files.into_iter().map(|(_, file)| file).collect();
        let known: Vec<Provider<'_>> = providers
            .iter()
            .map(|provider| Provider { name: &provider.name, family: provider.mock.home().family() })
            .collect();
        let rules = self.problems.take("faults", fault::plan(&files, &known)).unwrap_or_default();
        rules.into_iter().map(Arc::new).collect()
    }

    /// The gateway's section with every provider of the drill in it.
    fn gateway(&mut self, providers: &[ProviderPlan]) -> GatewayFile {
        let mut file: GatewayFile = self.section("gateway").unwrap_or_default();
        for provider in providers {
            let Some(family) = gateway_family(provider.mock.home()) else { continue };
            let entry = file.providers.entry(provider.name.clone());
            entry.or_insert_with(|| gateway::plan::ProviderFile {
                family,
                // A name of the virtual network until the run knows an address.
                url: Some(format!("http://proxy-{}", provider.name)),
                region: provider.file.region.clone(),
                project: None,
                credentials: gateway::plan::CredentialsFile::default(),
                in_flight_max: None,
            });
        }
        self.problems.take("gateway", file.plan());
        file
    }

    /// A provider that the drill does not have would take control traffic, a route or a declared order away unseen.
    fn target(&mut self, changes: &Changes, providers: &[ProviderPlan]) -> Option<TargetPlan> {
        let written: Option<TargetFile> = self.section("target");
        let file = changes.target.clone().or(written)?;
        let known = providers.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>();
        for (key, name) in file.providers().filter(|(_, name)| !known.contains(name)) {
            self.problems.add(
                format!("target.{key}"),
                format!("no provider is called `{name}`"),
                known.join(", "),
            );
        }
        self.problems.take("target", file.plan())
    }

    fn load(&mut self, binding: &Binding, has_target: bool, scale: Option<f64>) -> Option<LoadPlan> {
        if self.document.get("load").is_none() {
            self.problems.add("load", "is missing", "a `[load]` section with `arrivals` and `mix`");
        }
        let mut file = self.section::<LoadFile>("load")?;
        if let Some(factor) = scale {
            file.scale_rates(factor);
        }
        if has_target {
            // A target that names no pinned models gets no control traffic: the checks that need it then say
            // that they could not be judged.
            file.control.retain(|pin, _| {
                pin.strip_suffix("/*").is_none_or(|provider| binding.pinned.contains_key(provider))
            });
        }
        self.problems.take("load", file.plan(binding))
    }
}

/// A provider whose section is wrong, as far as others are concerned: of the family that it names.
fn stand_in(name: &str, file: &MockFile) -> Option<MockPlan> {
    let is_vertex = file.profile.as_deref().is_some_and(|profile| profile.starts_with("vertex"));
    let profile = is_vertex.then(|| "vertex/gemini-flash".to_owned());
    MockFile { profile, ..MockFile::default() }.plan(name).ok()
}

/// What the load calls the models, and which names pin it to one provider.
fn binding(gateway: &GatewayFile, target: Option<&TargetPlan>, duration: Duration, seed: Seed) -> Binding {
    let mut pinned = BTreeMap::new();
    let chats = gateway.models.values().filter(|model| model.kind == gateway::plan::ModelKind::Chat);
    for name in chats.flat_map(|model| &model.targets) {
        if let Some((provider, _)) = name.split_once('/') {
            pinned.entry(provider.to_owned()).or_insert_with(|| name.clone());
        }
    }
    let models = target.map(|target| target.models.clone()).unwrap_or_default();
    if let Some(target) = target {
        pinned.clone_from(&target.pinned);
    }
    Binding { duration: Some(duration), models, pinned, seed }
}

/// How the reference gateway speaks to a provider; it knows no other APIs than these.
fn gateway_family(surface: Surface) -> Option<gateway::plan::FamilyName> {
    match surface {
        Surface::Bedrock => Some(gateway::plan::FamilyName::Bedrock),
        Surface::Vertex => Some(gateway::plan::FamilyName::Vertex),
        Surface::OpenAi | Surface::Anthropic => None,
    }
}

/// The profile as reports name it.
fn profile_name(changes: &Changes) -> String {
    match changes.shorten {
        Some(by) => format!("{} ÷ {by}", changes.profile.name()),
        None => changes.profile.name().to_owned(),
    }
}
