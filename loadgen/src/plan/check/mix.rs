//! Checking `mix` and `classes`: what is asked.

use std::sync::Arc;

use indexmap::IndexMap;
use notation::{Problems, Share};
use world::Law;

use crate::plan::{Binding, Class, ClassFile, Kind, Lengths, LengthsFile, LoadFile};

/// A prompt's length when nothing is said.
pub(super) const PROMPT_TOKENS: Lengths = Lengths::fixed(200);

/// An answer's limit when nothing is said. Never none: a provider then reserves its model's maximum.
pub(super) const MAX_TOKENS: u32 = 64;

/// The longest prompt in tokens: 2 MiB of text.
const PROMPT_TOKENS_MAX: u32 = 1 << 19;

/// More inputs than any provider takes at once.
const BATCH_MAX: u32 = 2_048;

/// The most tokens of all inputs of a request: 16 MiB of text.
const REQUEST_TOKENS_MAX: u64 = 1 << 22;

/// What is asked, in which proportion.
pub(super) struct Mix {
    pub(super) classes: Vec<Arc<Class>>,
    pub(super) weights: Vec<u32>,
}

/// Where requests of a kind go; a `get` says so itself.
pub(super) fn path_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Chat => "/v1/chat/completions",
        Kind::Embeddings => "/v1/embeddings",
        Kind::Models => "/v1/models",
        Kind::Images => "/v1/images/generations",
        Kind::Get => "",
    }
}

impl Mix {
    /// Checks one mix of the file: the main one, or that of a kind of user.
    pub(super) fn check(
        shares: &IndexMap<String, u32>,
        file: &LoadFile,
        binding: &Binding,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut mix = Self { classes: Vec::new(), weights: Vec::new() };
        let nothing = ClassFile::default();
        let chat_only = [("chat".to_owned(), 1)].into_iter().collect();
        let shares = if shares.is_empty() { &chat_only } else { shares };
        for (name, weight) in shares {
            let class = check_class(name, file.classes.get(name).unwrap_or(&nothing), file, binding);
            let path = if file.classes.contains_key(name) {
                format!("classes.{name}")
            } else {
                format!("mix.{name}")
            };
            if let (Some(class), true) = (problems.take(&path, class), *weight > 0) {
                mix.classes.push(Arc::new(class));
                mix.weights.push(*weight);
            }
        }
        if problems.is_empty() && mix.classes.is_empty() {
            problems.add("mix", "has no class with a weight", "at least one weight above zero");
        }
        problems.into_result(mix)
    }
}

/// Notes classes that no mix gives a weight: a typo in a name must not change what is asked.
pub(super) fn check_unused(file: &LoadFile, problems: &mut Problems) {
    let user_mixes = file.users.iter().flat_map(|users| users.classes.iter().map(|class| &class.mix));
    let mixes: Vec<_> = user_mixes.chain([&file.mix]).collect();
    for unused in file.classes.keys().filter(|name| !mixes.iter().any(|mix| mix.contains_key(*name))) {
        problems.add(format!("classes.{unused}"), "is not in the mix", "a class that a `mix` gives a weight");
    }
}

fn check_class(name: &str, class: &ClassFile, file: &LoadFile, binding: &Binding) -> Result<Class, Problems> {
    let mut problems = Problems::new();
    let kind = class_kind(name, class, &mut problems);
    let kind_model =
        || binding.models.get(kind.as_str()).cloned().unwrap_or_else(|| kind.as_str().to_owned());
    let lengths = class.prompt_tokens.as_ref().or(file.prompt_tokens.as_ref());
    let lengths = lengths.and_then(|lengths| problems.take("prompt_tokens", check_lengths(lengths)));
    let streaming = class.streaming.or(file.streaming.filter(|_| kind == Kind::Chat));
    if kind != Kind::Chat && class.streaming.is_some_and(|share| share.fraction() > 0.0) {
        problems.add("streaming", format!("no answer to `{}` can be streamed", kind.as_str()), "");
    }
    if class.batch.is_some_and(|batch| batch == 0 || batch > BATCH_MAX || kind != Kind::Embeddings) {
        problems.add(
            "batch",
            "is no number of embeddings inputs",
            format!("1 to {BATCH_MAX}, on `embeddings`"),
        );
    }
    let longest = u64::from(lengths.unwrap_or(PROMPT_TOKENS).max) * u64::from(class.batch.unwrap_or(1));
    if longest > REQUEST_TOKENS_MAX {
        let accepted = format!("at most {REQUEST_TOKENS_MAX} tokens in all inputs of a request");
        problems.add("batch", format!("makes requests of {longest} tokens"), accepted);
    }
    if class.max_tokens.or(file.max_tokens) == Some(0) {
        problems.add("max_tokens", "leaves no room for an answer", "a number from 1");
    }
    let path = class_path(kind, class, &mut problems);
    problems.into_result(Class {
        name: name.into(),
        kind,
        kind_name: kind.as_str().into(),
        model: class.model.clone().unwrap_or_else(kind_model).into(),
        prompt_tokens: lengths.unwrap_or(PROMPT_TOKENS),
        max_tokens: (kind == Kind::Chat).then(|| class.max_tokens.or(file.max_tokens).unwrap_or(MAX_TOKENS)),
        streamed: streaming.map_or(0.0, Share::fraction),
        batch: class.batch.unwrap_or(1),
        path,
    })
}

fn class_kind(name: &str, class: &ClassFile, problems: &mut Problems) -> Kind {
    let said = class.kind.as_deref().unwrap_or(name);
    Kind::of_name(said).unwrap_or_else(|| {
        let accepted = "`chat`, `embeddings`, `models`, `images` or `get`";
        problems.add("kind", format!("`{said}` is no kind of request"), accepted);
        Kind::Chat
    })
}

fn class_path(kind: Kind, class: &ClassFile, problems: &mut Problems) -> String {
    let is_path = |path: &str| path.starts_with('/') && path.parse::<http::uri::PathAndQuery>().is_ok();
    match (kind, &class.path) {
        (Kind::Get, Some(path)) if is_path(path) => return path.clone(),
        (Kind::Get, _) => problems.add("path", "a `get` needs a path", "a path such as `/health`"),
        (_, None) => {}
        (_, Some(_)) => problems.add("path", "only a `get` has a path of its own", ""),
    }
    path_of(kind).to_owned()
}

pub(super) fn check_lengths(file: &LengthsFile) -> Result<Lengths, Problems> {
    let mut problems = Problems::new();
    let lengths = match (file.fixed, &file.uniform, &file.lognormal) {
        (Some(tokens), None, None) => Lengths::fixed(tokens),
        (None, Some(range), None) if range.low <= range.high => {
            Lengths { law: Law::Uniform { low: range.low.into(), high: range.high.into() }, max: range.high }
        }
        (None, None, Some(law)) if 0 < law.median && law.median <= law.p95 => Lengths {
            law: Law::lognormal_of_p50_p95(law.median.into(), law.p95.into()),
            // Far beyond what chance brings, and a bound on memory all the same.
            max: law.max.unwrap_or_else(|| law.p95.saturating_mul(10).min(PROMPT_TOKENS_MAX)),
        },
        _ => {
            let accepted = "one of `{ fixed = 200 }`, `{ uniform = { low = 50, high = 400 } }`, \
                            `{ lognormal = { median = 120, p95 = 500, max = 4000 } }`";
            problems.add("", "is no law of lengths", accepted);
            PROMPT_TOKENS
        }
    };
    if lengths.max > PROMPT_TOKENS_MAX || lengths.max == 0 {
        problems.add("", "is no length of a prompt", format!("1 to {PROMPT_TOKENS_MAX} tokens"));
    }
    problems.into_result(lengths)
}
