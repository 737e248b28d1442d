//! What is known of single models: their dated names, how much they take, whether they think first.
//!
//! From OpenAI's model pages as of 2025, unchecked since. How fast models are, and which are served, stands
//! in their profiles.

/// What is known of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model {
    /// The name that a request uses; dated names begin with it.
    alias: &'static str,
    /// The dated name that answers.
    snapshot: &'static str,
    /// Most tokens of prompt and answer together.
    pub(crate) context: u32,
    /// Most tokens of an answer.
    pub(crate) output: u32,
    /// Whether it thinks first, and takes none of the knobs that others have.
    pub(crate) reasons: bool,
    /// When it was added, in seconds since 1970.
    pub(crate) created: u64,
}

const fn model(
    alias: &'static str,
    snapshot: &'static str,
    (context, output): (u32, u32),
    created: u64,
) -> Model {
    Model { alias, snapshot, context, output, reasons: false, created }
}

const fn thinker(alias: &'static str, snapshot: &'static str, size: (u32, u32), created: u64) -> Model {
    Model { reasons: true, ..model(alias, snapshot, size, created) }
}

const GPT_4O: (u32, u32) = (128_000, 16_384);
const GPT_41: (u32, u32) = (1_047_576, 32_768);
const GPT_5: (u32, u32) = (400_000, 128_000);
const O_SERIES: (u32, u32) = (200_000, 100_000);
const EMBEDDING: (u32, u32) = (8_192, 8_192);
const IMAGE: (u32, u32) = (32_000, 16_384);

/// The longer of two aliases that begin alike comes first.
const MODELS: &[Model] = &[
    model("gpt-4o-mini", "gpt-4o-mini-2024-07-18", GPT_4O, 1_721_172_741),
    model("gpt-4o-2024-05-13", "gpt-4o-2024-05-13", (128_000, 4_096), 1_715_368_132),
    model("gpt-4o", "gpt-4o-2024-08-06", GPT_4O, 1_715_367_049),
    model("chatgpt-4o-latest", "chatgpt-4o-latest", GPT_4O, 1_723_515_131),
    model("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", GPT_41, 1_744_318_173),
    model("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", GPT_41, 1_744_321_707),
    model("gpt-4.1", "gpt-4.1-2025-04-14", GPT_41, 1_744_316_542),
    model("gpt-4-turbo", "gpt-4-turbo-2024-04-09", (128_000, 4_096), 1_712_361_441),
    model("gpt-4", "gpt-4-0613", (8_192, 8_192), 1_687_882_411),
    model("gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct:20230824-v2", (4_096, 4_096), 1_692_901_427),
    model("gpt-3.5-turbo", "gpt-3.5-turbo-0125", (16_385, 4_096), 1_677_610_602),
    model("davinci-002", "davinci-002", (16_384, 16_384), 1_692_634_301),
    model("babbage-002", "babbage-002", (16_384, 16_384), 1_692_634_615),
    thinker("gpt-5-mini", "gpt-5-mini-2025-08-07", GPT_5, 1_754_425_928),
    thinker("gpt-5-nano", "gpt-5-nano-2025-08-07", GPT_5, 1_754_426_384),
    thinker("gpt-5", "gpt-5-2025-08-07", GPT_5, 1_754_425_777),
    thinker("o1", "o1-2024-12-17", O_SERIES, 1_734_375_816),
    thinker("o3-mini", "o3-mini-2025-01-31", O_SERIES, 1_737_146_383),
    thinker("o3", "o3-2025-04-16", O_SERIES, 1_744_225_308),
    thinker("o4-mini", "o4-mini-2025-04-16", O_SERIES, 1_744_225_351),
    model("gpt-image-1-mini", "gpt-image-1-mini", IMAGE, 1_758_845_821),
    model("gpt-image-1", "gpt-image-1", IMAGE, 1_745_517_030),
    model("dall-e-3", "dall-e-3", IMAGE, 1_698_785_189),
    model("dall-e-2", "dall-e-2", IMAGE, 1_698_798_177),
    model("omni-moderation-latest", "omni-moderation-2024-09-26", EMBEDDING, 1_731_689_265),
    model("omni-moderation-2024-09-26", "omni-moderation-2024-09-26", EMBEDDING, 1_732_734_466),
    model("text-embedding-3-small", "text-embedding-3-small", EMBEDDING, 1_705_948_997),
    model("text-embedding-3-large", "text-embedding-3-large", EMBEDDING, 1_705_953_180),
    model("text-embedding-ada-002", "text-embedding-ada-002-v2", EMBEDDING, 1_671_217_299),
];

/// A model that the table does not have, such as one that the user added.
const UNKNOWN: Model = Model::elsewhere(GPT_4O.0, GPT_4O.1, false);

impl Model {
    /// A model that no table has, by its sizes in tokens: prompt and answer together, and an answer.
    pub(crate) const fn elsewhere(context: u32, output: u32, reasons: bool) -> Self {
        Self { reasons, ..model("", "", (context, output), 1_735_689_600) }
    }

    /// What is known of `name`, which may be dated.
    pub(crate) fn of(name: &str) -> Self {
        MODELS.iter().find(|model| name.starts_with(model.alias)).copied().unwrap_or(UNKNOWN)
    }

    /// Whether it completes texts and does not chat.
    pub(crate) fn is_legacy(&self) -> bool {
        matches!(self.alias, "gpt-3.5-turbo-instruct" | "davinci-002" | "babbage-002")
    }

    /// Whether it keeps beginnings of prompts, as models have since GPT-4o.
    pub(crate) fn caches(&self) -> bool {
        let is_older =
            ["gpt-4-", "gpt-3.5", "gpt-4o-2024-05-13"].iter().any(|old| self.alias.starts_with(old));
        !is_older && self.alias != "gpt-4" && !self.is_legacy()
    }

    /// Whether the table has it.
    pub(crate) fn is_known(&self) -> bool {
        !self.alias.is_empty()
    }

    /// Most tokens of thinking that `effort` allows, if the model thinks. Our assumption: how much models
    /// think is not published.
    pub(crate) fn thinking(&self, effort: Option<&str>) -> Option<u32> {
        if !self.reasons {
            return None;
        }
        match effort {
            Some("none" | "minimal") => None,
            Some("low") => Some(128),
            Some("high") => Some(1_024),
            Some("xhigh") => Some(2_048),
            _ => Some(384),
        }
    }

    /// The name under which the model that was asked for by `name` answers.
    pub(crate) fn served<'n>(&self, name: &'n str) -> &'n str {
        if name == self.alias { self.snapshot } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_answers_by_its_dated_name() {
        for (asked, served) in [
            ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
            ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
            ("gpt-4o-2024-11-20", "gpt-4o-2024-11-20"),
            ("my-model", "my-model"),
        ] {
            assert_eq!(Model::of(asked).served(asked), served);
        }
    }

    #[test]
    fn the_longest_name_counts() {
        for model in MODELS {
            assert_eq!(Model::of(model.alias), *model, "{} is hidden by one before it", model.alias);
            assert_eq!(Model::of(model.snapshot).context, model.context, "{}", model.snapshot);
        }
        assert!(Model::of("o3-mini-2025-01-31").reasons && !Model::of("gpt-4o").reasons);
    }
}
