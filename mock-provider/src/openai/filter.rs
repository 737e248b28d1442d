//! What Azure's content filters say of harmless content, which is all there is here.

use wire::json::Raw;

/// What they found in an answer.
pub(super) const RESULTS: &str = r#"{"hate":{"filtered":false,"severity":"safe"},"protected_material_code":{"filtered":false,"detected":false},"protected_material_text":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}"#;

/// What they found in a prompt.
pub(super) const PROMPT_RESULTS: &str = r#"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}}]"#;

/// [`RESULTS`] as a value.
pub(super) fn results() -> Raw<'static> {
    Raw::parse(RESULTS).unwrap_or_else(|_| Raw::empty_object())
}

/// [`PROMPT_RESULTS`] as a value.
pub(super) fn prompt_results() -> Raw<'static> {
    Raw::parse(PROMPT_RESULTS).unwrap_or_else(|_| Raw::empty_object())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_json() {
        assert_eq!(results().get(), RESULTS);
        assert_eq!(prompt_results().get(), PROMPT_RESULTS);
    }
}
