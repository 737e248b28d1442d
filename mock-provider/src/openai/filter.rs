//! What Azure's content filters say: that all is harmless, but where an answer is broken off.

use wire::json::Raw;

use super::withheld::Withheld;

/// What they found in an answer.
pub(super) const RESULTS: &str = r#"{"hate":{"filtered":false,"severity":"safe"},"protected_material_code":{"filtered":false,"detected":false},"protected_material_text":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}"#;

/// What they found in an answer that they broke off.
const FOUND: &str = r#"{"hate":{"filtered":false,"severity":"safe"},"protected_material_code":{"filtered":false,"detected":false},"protected_material_text":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}"#;

/// What they found in a prompt.
pub(super) const PROMPT_RESULTS: &str = r#"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}}]"#;

/// What they found in a whole answer.
pub(super) fn results(withheld: Withheld) -> Raw<'static> {
    let found = if withheld == Withheld::Answer { FOUND } else { RESULTS };
    Raw::parse(found).unwrap_or_else(|_| Raw::empty_object())
}

/// What the last event of a stream says that they found.
pub(super) fn at_end(withheld: Withheld) -> &'static str {
    if withheld == Withheld::Answer { FOUND } else { "{}" }
}

/// [`PROMPT_RESULTS`] as a value.
pub(super) fn prompt_results() -> Raw<'static> {
    Raw::parse(PROMPT_RESULTS).unwrap_or_else(|_| Raw::empty_object())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_json() {
        assert_eq!(results(Withheld::Nothing).get(), RESULTS);
        assert_eq!(results(Withheld::Answer).get(), FOUND);
        assert_eq!(prompt_results().get(), PROMPT_RESULTS);
    }
}
