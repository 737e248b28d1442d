//! The models: what the service says of each, as far as it is known.

/// What a caller may ask of a model's thinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// Nothing.
    Never,
    /// A budget.
    Budget,
    /// A budget, or as the model sees fit.
    Both,
    /// As the model sees fit.
    Adaptive,
}

/// One model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What an answer names.
    pub id: &'static str,
    /// Other names that requests may give it.
    pub aliases: &'static [&'static str],
    /// For a person.
    pub display_name: &'static str,
    /// `haiku`, `sonnet`, `opus`, `fable` or `mythos`.
    pub line: &'static str,
    /// The day of its release, `2025-09-29`.
    pub released: &'static str,
    /// The longest prompt, in tokens.
    pub max_input_tokens: u32,
    /// The longest answer, in tokens.
    pub max_tokens: u32,
    /// What thinking it does.
    pub thinking: Thinking,
    /// Whether it is `active`, or `deprecated`: served for now.
    pub lifecycle: &'static str,
}

/// The model of that id or alias.
pub fn find(name: &str) -> Option<&'static Known> {
    MODELS.iter().find(|model| model.id == name || model.aliases.contains(&name))
}

impl Known {
    /// Whether a request may leave it to the model how much it thinks.
    pub fn takes_adaptive_thinking(&self) -> bool {
        matches!(self.thinking, Thinking::Both | Thinking::Adaptive)
    }

    /// Whether a request may set a budget of thinking.
    pub fn takes_thinking_budget(&self) -> bool {
        matches!(self.thinking, Thinking::Budget | Thinking::Both)
    }

    /// Whether an assistant's turn may come last, to be continued.
    pub fn takes_prefill(&self) -> bool {
        self.max_input_tokens < 1_000_000
    }
}

const fn model(
    id: &'static str,
    display_name: &'static str,
    line: &'static str,
    released: &'static str,
) -> Known {
    Known {
        id,
        aliases: &[],
        display_name,
        line,
        released,
        max_input_tokens: 1_000_000,
        max_tokens: 128_000,
        thinking: Thinking::Adaptive,
        lifecycle: "active",
    }
}

/// A model before 4.6.
const fn early(
    id: &'static str,
    aliases: &'static [&'static str],
    names: (&'static str, &'static str),
    released: &'static str,
    max_tokens: u32,
) -> Known {
    Known {
        aliases,
        max_input_tokens: 200_000,
        max_tokens,
        thinking: Thinking::Budget,
        ..model(id, names.0, names.1, released)
    }
}

const fn thinking(thinking: Thinking, model: Known) -> Known {
    Known { thinking, ..model }
}

const fn deprecated(model: Known) -> Known {
    Known { lifecycle: "deprecated", ..model }
}

/// The newest first, as the service lists them. Dates after 2026-02 are to the month.
pub const MODELS: &[Known] = &[
    model("claude-fable-5-2", "Claude Fable 5.2", "fable", "2026-11-01"),
    model("claude-mythos-5-2", "Claude Mythos 5.2", "mythos", "2026-11-01"),
    model("claude-haiku-5-5", "Claude Haiku 5.5", "haiku", "2026-10-01"),
    model("claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet", "2026-10-01"),
    model("claude-opus-5-5", "Claude Opus 5.5", "opus", "2026-10-01"),
    model("claude-fable-5-1", "Claude Fable 5.1", "fable", "2026-09-01"),
    model("claude-mythos-5-1", "Claude Mythos 5.1", "mythos", "2026-09-01"),
    model("claude-opus-5", "Claude Opus 5", "opus", "2026-07-24"),
    model("claude-sonnet-5", "Claude Sonnet 5", "sonnet", "2026-07-01"),
    model("claude-fable-5", "Claude Fable 5", "fable", "2026-07-01"),
    model("claude-mythos-5", "Claude Mythos 5", "mythos", "2026-07-01"),
    model("claude-opus-4-8", "Claude Opus 4.8", "opus", "2026-05-01"),
    model("claude-opus-4-7", "Claude Opus 4.7", "opus", "2026-04-14"),
    thinking(Thinking::Both, model("claude-sonnet-4-6", "Claude Sonnet 4.6", "sonnet", "2026-02-17")),
    thinking(Thinking::Both, model("claude-opus-4-6", "Claude Opus 4.6", "opus", "2026-02-04")),
    early(
        "claude-opus-4-5-20251101",
        &["claude-opus-4-5"],
        ("Claude Opus 4.5", "opus"),
        "2025-11-24",
        64_000,
    ),
    early(
        "claude-haiku-4-5-20251001",
        &["claude-haiku-4-5"],
        ("Claude Haiku 4.5", "haiku"),
        "2025-10-15",
        64_000,
    ),
    deprecated(early(
        "claude-sonnet-4-5-20250929",
        &["claude-sonnet-4-5"],
        ("Claude Sonnet 4.5", "sonnet"),
        "2025-09-29",
        64_000,
    )),
    deprecated(early(
        "claude-opus-4-1-20250805",
        &["claude-opus-4-1"],
        ("Claude Opus 4.1", "opus"),
        "2025-08-05",
        32_000,
    )),
    deprecated(early(
        "claude-opus-4-20250514",
        &["claude-opus-4-0", "claude-4-opus-20250514"],
        ("Claude Opus 4", "opus"),
        "2025-05-22",
        32_000,
    )),
    deprecated(early(
        "claude-sonnet-4-20250514",
        &["claude-sonnet-4-0", "claude-4-sonnet-20250514"],
        ("Claude Sonnet 4", "sonnet"),
        "2025-05-22",
        64_000,
    )),
    deprecated(early(
        "claude-3-7-sonnet-20250219",
        &["claude-3-7-sonnet-latest"],
        ("Claude Sonnet 3.7", "sonnet"),
        "2025-02-24",
        64_000,
    )),
    deprecated(thinking(
        Thinking::Never,
        early(
            "claude-3-5-sonnet-20241022",
            &["claude-3-5-sonnet-latest"],
            ("Claude Sonnet 3.5 (New)", "sonnet"),
            "2024-10-22",
            8_192,
        ),
    )),
    deprecated(thinking(
        Thinking::Never,
        early(
            "claude-3-5-haiku-20241022",
            &["claude-3-5-haiku-latest"],
            ("Claude Haiku 3.5", "haiku"),
            "2024-10-22",
            8_192,
        ),
    )),
    deprecated(thinking(
        Thinking::Never,
        early("claude-3-5-sonnet-20240620", &[], ("Claude Sonnet 3.5 (Old)", "sonnet"), "2024-06-20", 8_192),
    )),
    deprecated(thinking(
        Thinking::Never,
        early("claude-3-haiku-20240307", &[], ("Claude Haiku 3", "haiku"), "2024-03-07", 4_096),
    )),
    deprecated(thinking(
        Thinking::Never,
        early(
            "claude-3-opus-20240229",
            &["claude-3-opus-latest"],
            ("Claude Opus 3", "opus"),
            "2024-02-29",
            4_096,
        ),
    )),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_names_the_same_model() {
        assert_eq!(find("claude-haiku-4-5"), find("claude-haiku-4-5-20251001"));
        assert_eq!(find("claude-3-haiku-20240307").map(|model| model.max_tokens), Some(4_096));
        assert_eq!(find("claude-nope"), None);
    }

    #[test]
    fn every_name_is_one_models_alone() {
        let mut names: Vec<_> =
            MODELS.iter().flat_map(|model| model.aliases.iter().chain([&model.id])).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
