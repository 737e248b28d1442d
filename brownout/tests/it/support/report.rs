//! `report.json` as its readers see it.

use std::path::Path;

use serde_json::Value;

/// A report that was read back.
pub(crate) struct Report(pub(crate) Value);

/// What a check found.
pub(crate) struct Finding<'r>(&'r Value);

impl Report {
    pub(crate) fn read(folder: &Path) -> Self {
        let path = folder.join("report.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("JSON"))
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding<'_>> {
        self.0["expectations"].as_array().expect("a list").iter().map(Finding)
    }

    /// The finding of an invariant: the demanded one, if the drill demands it.
    pub(crate) fn finding(&self, invariant: &str) -> Finding<'_> {
        let found = self.findings().find(|finding| finding.0["invariant"] == invariant);
        found.unwrap_or_else(|| panic!("nothing is said about {invariant}"))
    }

    pub(crate) fn invalid_because(&self) -> String {
        self.0["invalid_because"].to_string()
    }
}

impl Finding<'_> {
    pub(crate) fn verdict(&self) -> &str {
        self.0["verdict"].as_str().expect("a text")
    }

    pub(crate) fn get(&self, key: &str) -> &Value {
        &self.0[key]
    }
}

/// The keys of an object, in order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}
