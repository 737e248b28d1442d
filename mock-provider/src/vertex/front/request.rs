//! A request of which it is known where it goes, and whose quota it uses.

use wire::vertex::path::{Path, Query};

/// A request whose path is understood.
pub(in crate::vertex) struct Request<'a> {
    pub(in crate::vertex) path: Path<'a>,
    pub(in crate::vertex) query: Query,
}

impl Request<'_> {
    /// Whose quota it uses.
    pub(in crate::vertex) fn quota_scope(&self) -> quota::vertex::Scope<'_> {
        self.quota_scope_of(self.path.operation.model().unwrap_or_default())
    }

    /// The same where the path does not name the model.
    pub(in crate::vertex) fn quota_scope_of<'a>(&'a self, base_model: &'a str) -> quota::vertex::Scope<'a> {
        let scope = self.path.scope.as_ref();
        quota::vertex::Scope {
            project: scope.map_or("", |scope| &scope.project),
            location: scope.map_or("global", |scope| &scope.location),
            base_model: self::base_model(base_model),
        }
    }
}

/// What a quota calls a model: by its name without version.
pub(super) fn base_model(model: &str) -> &str {
    let name = model.split('@').next().unwrap_or(model);
    match name.rsplit_once('-') {
        Some((base, version)) if version.len() == 3 && version.bytes().all(|byte| byte.is_ascii_digit()) => {
            base
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_quota_is_one_for_all_versions_of_a_model() {
        for (model, base) in [
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("gemini-embedding-001", "gemini-embedding"),
            ("gemini-2.0-flash-001", "gemini-2.0-flash"),
            ("gemini-2.5-pro", "gemini-2.5-pro"),
            ("claude-opus-4-6", "claude-opus-4-6"),
        ] {
            assert_eq!(super::base_model(model), base);
        }
    }
}
