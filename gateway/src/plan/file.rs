//! The `[gateway]` section of a file, and its check.

use evidence::Name;
use indexmap::IndexMap;
use notation::{DurationText, Problems, Rate};
use serde::{Deserialize, Serialize};
use world::{Address, BaseUrl};

use super::{Alias, DeclaredPolicy, Discipline, Family, GatewayPlan, Key, Policy, Provider, Target};

/// The section as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayFile {
    /// Where it listens; `127.0.0.1:8080` when left out.
    pub listen: Option<String>,
    /// Who may call it.
    pub keys: Vec<KeyFile>,
    /// The providers, by name.
    pub providers: IndexMap<String, ProviderFile>,
    /// The names that clients ask for.
    pub models: IndexMap<String, ModelFile>,
    /// Changes to the policy.
    pub policy: PolicyFile,
}

/// A client's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// The bearer token.
    pub key: String,
    /// Whose it is.
    pub tenant: String,
}

/// A provider's endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderFile {
    /// What it speaks.
    pub family: FamilyName,
    /// Where to send to.
    #[serde(default)]
    pub url: Option<String>,
    /// Bedrock's region or Vertex AI's location.
    #[serde(default)]
    pub region: Option<String>,
    /// Vertex AI's project.
    #[serde(default)]
    pub project: Option<String>,
    /// As whom to send; the mock's own when left out.
    #[serde(default)]
    pub credentials: CredentialsFile,
    /// Most attempts in flight.
    #[serde(default)]
    pub in_flight_max: Option<usize>,
}

/// The families of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FamilyName {
    /// Amazon Bedrock.
    Bedrock,
    /// Google Vertex AI.
    Vertex,
}

/// Credentials: of the family of their provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsFile {
    /// For Bedrock.
    #[serde(default)]
    pub aws: Option<BedrockCredentials>,
    /// For Vertex AI: the access token.
    #[serde(default)]
    pub token: Option<String>,
}

/// An AWS access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BedrockCredentials {
    /// Its id.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
}

/// A name that clients ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// What it is for; chat when left out.
    #[serde(default)]
    pub kind: ModelKind,
    /// `PROVIDER/MODEL`, in the order in which they are tried.
    pub targets: Vec<String>,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Chat completions.
    #[default]
    Chat,
    /// Embeddings.
    Embeddings,
}

/// Changes to the policy; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyFile {
    /// Requests a second that the worker slots serve.
    pub capacity: Option<Rate>,
    /// How long a request occupies its slot; adjusted so that slots ÷ this is the capacity.
    pub service_time: Option<DurationText>,
    /// Most requests that wait for a slot.
    pub queue_length_max: Option<usize>,
    /// Longest wait for a slot.
    pub queue_age_max: Option<DurationText>,
    /// Most requests in flight.
    pub in_flight_max: Option<usize>,
    /// Most attempts of one request.
    pub attempts_max: Option<u32>,
    /// Longest wait for the first content of a stream, for an empty prompt.
    pub first_content_max: Option<DurationText>,
    /// Longest silence inside a stream.
    pub idle_max: Option<DurationText>,
    /// Least limit of a whole answer.
    pub answer_min: Option<DurationText>,
    /// Longest stream.
    pub stream_max: Option<DurationText>,
    /// Whether there is a circuit breaker.
    pub breaker: Option<bool>,
}

impl GatewayFile {
    /// Checks the section.
    ///
    /// # Errors
    /// Every problem, with its path under the section.
    pub fn plan(&self) -> Result<GatewayPlan, Problems> {
        let mut problems = Problems::new();
        let providers: Vec<_> =
            self.providers.iter().filter_map(|(name, file)| provider(name, file, &mut problems)).collect();
        let mut targets = Vec::new();
        let aliases: Vec<_> = self
            .models
            .iter()
            .map(|(name, file)| self.alias(name, file, &mut targets, &mut problems))
            .collect();
        if aliases.is_empty() {
            problems.add("models", "no model is named", "`models.NAME.targets = [\"PROVIDER/MODEL\", …]`");
        }
        let keys = self.keys(&mut problems);
        let policy = self.policy.apply(&mut problems);
        let declared = DeclaredPolicy::of(&policy);
        let listen = Address::new(self.listen.as_deref().unwrap_or("127.0.0.1:8080"));
        let weaknesses = Vec::new();
        let mut plan =
            GatewayPlan { listen, keys, providers, targets, aliases, policy, declared, weaknesses };
        plan.declared = plan.declared.clone().with_names(&plan);
        problems.into_result(plan)
    }

    fn keys(&self, problems: &mut Problems) -> Vec<Key> {
        for (index, file) in self.keys.iter().enumerate() {
            if file.key.is_empty() {
                problems.add(format!("keys[{index}].key"), "is empty", "a bearer token such as `sk-1`");
            }
            if self.keys[..index].iter().any(|earlier| earlier.key == file.key) {
                problems.add(format!("keys[{index}].key"), "is there twice", "each key once");
            }
        }
        let key = |file: &KeyFile| Key { secret: file.key.clone(), tenant: file.tenant.as_str().into() };
        self.keys.iter().map(key).collect()
    }

    fn alias(
        &self,
        name: &str,
        file: &ModelFile,
        targets: &mut Vec<Target>,
        problems: &mut Problems,
    ) -> Alias {
        if file.targets.is_empty() {
            problems.add(format!("models.{name}.targets"), "is empty", "at least one `PROVIDER/MODEL`");
        }
        if name.contains('/') {
            problems.add(
                format!("models.{name}"),
                "has a slash, as only pinned names do",
                "a name without `/`",
            );
        }
        let mut indices = Vec::new();
        for (position, text) in file.targets.iter().enumerate() {
            match self.target(text) {
                Ok(target) => indices.push(index_of(targets, target)),
                Err(accepted) => problems.add(
                    format!("models.{name}.targets[{position}]"),
                    format!("`{text}` names no provider's model"),
                    accepted,
                ),
            }
        }
        Alias { name: name.into(), kind: file.kind, targets: indices }
    }

    /// Reads `PROVIDER/MODEL`; else says what would be accepted.
    fn target(&self, text: &str) -> Result<Target, String> {
        let accepted = || {
            let names: Vec<_> = self.providers.keys().map(|name| format!("`{name}/MODEL`")).collect();
            names.join(", ")
        };
        let (provider, model) =
            text.split_once('/').filter(|(_, model)| !model.is_empty()).ok_or_else(accepted)?;
        let provider = self.providers.get_index_of(provider).ok_or_else(accepted)?;
        Ok(Target { provider, model: model.into() })
    }
}

/// The index of `target`, which is added when it is new.
fn index_of(targets: &mut Vec<Target>, target: Target) -> usize {
    targets.iter().position(|known| *known == target).unwrap_or_else(|| {
        targets.push(target);
        targets.len() - 1
    })
}

/// Attempts in flight that a provider gets when nothing is said.
const PROVIDER_IN_FLIGHT_MAX: usize = 2_048;

fn provider(name: &str, file: &ProviderFile, problems: &mut Problems) -> Option<Provider> {
    let accepted = "a URL such as `http://127.0.0.1:9001`";
    let url = file.url.as_deref().unwrap_or_default().parse::<BaseUrl>();
    if let Err(error) = &url {
        problems.add(format!("providers.{name}.url"), error.to_string(), accepted);
    }
    if name.is_empty() || name.contains('/') {
        problems.add(format!("providers.{name}"), "is no usable name", "a name without `/`");
    }
    Some(Provider {
        name: Name::from(name),
        url: url.ok()?,
        family: family(file),
        in_flight_max: file.in_flight_max.unwrap_or(PROVIDER_IN_FLIGHT_MAX),
    })
}

fn family(file: &ProviderFile) -> Family {
    let region = file.region.clone();
    match file.family {
        FamilyName::Bedrock => {
            let aws = file.credentials.aws.clone();
            let (access_key, secret_key) = aws
                .map(|aws| (aws.access_key, aws.secret_key))
                .unwrap_or_else(|| ("AKIDEXAMPLE".to_owned(), "mock-secret-key".to_owned()));
            Family::Bedrock {
                region: region.unwrap_or_else(|| "us-east-1".to_owned()),
                access_key,
                secret_key,
            }
        }
        FamilyName::Vertex => Family::Vertex {
            project: file.project.clone().unwrap_or_else(|| "brownout".to_owned()),
            location: region.unwrap_or_else(|| "us-central1".to_owned()),
            token: file.credentials.token.clone().unwrap_or_else(|| "ya29.mock".to_owned()),
        },
    }
}

impl PolicyFile {
    fn apply(&self, problems: &mut Problems) -> Policy {
        let mut policy = Policy::default();
        self.apply_admission(&mut policy, problems);
        let limits = &mut policy.deadlines;
        for (limit, written) in [
            (&mut limits.first_content, self.first_content_max),
            (&mut limits.idle, self.idle_max),
            (&mut limits.answer_min, self.answer_min),
            (&mut limits.stream_max, self.stream_max),
        ] {
            *limit = written.map(|text| text.0).or(*limit);
        }
        match self.attempts_max {
            Some(0) => problems.add("policy.attempts_max", "is zero", "1 or more"),
            Some(max) => policy.attempts.max = max,
            None => {}
        }
        if self.breaker == Some(false) {
            policy.breaker = None;
        }
        policy
    }

    fn apply_admission(&self, policy: &mut Policy, problems: &mut Problems) {
        let admission = &mut policy.admission;
        let capacity = self.capacity.map_or(admission.capacity_per_second(), Rate::per_second);
        let service_s = self.service_time.map_or(admission.service_time, |text| text.0).as_secs_f64();
        let slots = (capacity * service_s - 1e-9).ceil().max(1.0);
        if capacity > 0.0 && service_s > 0.0 && slots < 1e6 {
            // Exactly the capacity that was asked for: a whole number of slots, the time adjusted to it.
            admission.slots = slots as u32;
            admission.service_time =
                std::time::Duration::from_micros((slots / capacity * 1e6).round() as u64);
        } else {
            problems.add(
                "policy.capacity",
                "makes no whole number of worker slots",
                "such as `350/s` with `20ms`",
            );
        }
        if let Discipline::Queue { length_max, age_max, .. } = &mut admission.discipline {
            *length_max = self.queue_length_max.or(*length_max);
            *age_max = self.queue_age_max.map(|text| text.0).or(*age_max);
        }
        admission.in_flight_max = self.in_flight_max.or(admission.in_flight_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> GatewayFile {
        toml::from_str(text).expect("a section")
    }

    fn problems(text: &str) -> Vec<String> {
        let found = read(text).plan().expect_err("it has problems");
        found.as_slice().iter().map(|problem| problem.path.clone()).collect()
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text = r#"
            keys = [{ key = "", tenant = "a" }, { key = "", tenant = "b" }]
            providers.a = { family = "bedrock", url = "ftp://x" }
            models.chat.targets = ["a/claude", "b/gemini", "a/"]
            models.empty.targets = []
            policy.attempts_max = 0
        "#;
        assert_eq!(
            problems(text),
            [
                "providers.a.url",
                "models.chat.targets[1]",
                "models.chat.targets[2]",
                "models.empty.targets",
                "keys[0].key",
                "keys[1].key",
                "keys[1].key",
                "policy.attempts_max",
            ]
        );
    }

    #[test]
    fn a_typo_is_not_ignored() {
        assert!(toml::from_str::<GatewayFile>("policy.attempt_max = 2").is_err());
        assert!(toml::from_str::<GatewayFile>("provider.a = {}").is_err());
    }

    #[test]
    fn capacity_becomes_whole_slots() {
        for (policy, slots, service_us) in [
            ("", 7, 20_000),
            ("policy.capacity = \"350/s\"", 7, 20_000),
            ("policy.capacity = \"600/s\"", 12, 20_000),
            ("policy.capacity = \"333/s\"", 7, 21_021),
            ("policy.capacity = \"1/s\"", 1, 1_000_000),
            ("policy = { capacity = \"1000/s\", service_time = \"5ms\" }", 5, 5_000),
        ] {
            let text = format!(
                "providers.a = {{ family = \"vertex\", url = \"http://a\" }}\nmodels.chat.targets = [\"a/b\"]\n{policy}"
            );
            let plan = read(&text).plan().expect("a plan");
            let admission = &plan.policy.admission;
            assert_eq!(
                (admission.slots, admission.service_time.as_micros()),
                (slots, service_us),
                "{policy}"
            );
        }
    }

    #[test]
    fn a_plan_declares_what_a_weakness_does_not_change() {
        let text = r#"
            providers.a = { family = "vertex", url = "http://a", in_flight_max = 9 }
            models.chat.targets = ["a/one", "a/two"]
        "#;
        let mut plan = read(text).plan().expect("a plan");
        plan.weaken(crate::weakness::find("no-breaker").expect("it exists"));
        assert!(plan.policy.breaker.is_none() && plan.declared.breaker);
        assert_eq!(plan.declared.breaker_open_max.as_secs(), 24);
        assert_eq!(plan.declared.order, [("chat".to_owned(), vec!["a/one".to_owned(), "a/two".to_owned()])]);
        assert_eq!(plan.declared.in_flight_max, [("a".to_owned(), 9)]);
        assert_eq!(plan.weaknesses, ["no-breaker"]);
    }

    #[test]
    fn a_plan_does_not_print_its_secrets() {
        let text = r#"
            keys = [{ key = "sk-secret", tenant = "acme" }]
            providers.a = { family = "vertex", url = "http://a", credentials = { token = "ya29.secret" } }
            providers.b = { family = "bedrock", url = "http://b", credentials = { aws = { access_key = "AK", secret_key = "aws-secret" } } }
            models.chat.targets = ["a/one", "b/two"]
        "#;
        let printed = format!("{:?}", read(text).plan().expect("a plan"));
        assert!(!printed.contains("secret"), "{printed}");
    }
}
