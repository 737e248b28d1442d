//! The page that users read names every fault that there is, and none that is not.

use std::collections::BTreeSet;

use crate::fault::provider_error::ProviderError;
use crate::fault::{Family, spec};

const PAGE: &str = include_str!("../../../docs/faults.md");

/// The cells of the tables' rows, of those under a heading.
fn rows(heading: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let (_, section) = PAGE.split_once(heading).unwrap_or_else(|| panic!("no heading {heading}"));
    let section = section.lines().take_while(|line| !line.starts_with("## "));
    section.filter_map(|line| Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect()))
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn errors_by_name() {
    for (family, title) in [
        (Family::Bedrock, "Bedrock"),
        (Family::Vertex, "Vertex AI"),
        (Family::OpenAi, "OpenAI"),
        (Family::Anthropic, "Anthropic"),
    ] {
        let row = rows("## Errors by name").find(|row| row[0] == title).expect(title);
        let told: BTreeSet<String> = row[1].split(", ").map(str::to_owned).collect();
        let known: BTreeSet<String> = ProviderError::names(family).into_iter().collect();
        assert_eq!(
            told.difference(&known).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "{title} has none of these"
        );
        assert_eq!(known.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "not told of {title}");
    }
}

#[test]
fn effects_and_aliases() {
    // Whoever asks for nonsense is told all names.
    let accepted = spec::parse("nonsense", Family::OpenAi).expect_err("nonsense").to_string();
    let (_, names) = accepted.rsplit_once("accepted: ").expect("what is accepted");
    let known: BTreeSet<&str> = names.trim_end_matches(')').split(", ").collect();
    let told: BTreeSet<&str> = ["## Effects", "## Faults that a request asks for"]
        .into_iter()
        .flat_map(rows)
        .flat_map(|row| row.into_iter().flat_map(quoted).collect::<Vec<_>>())
        .collect();
    let missing: Vec<_> = known.difference(&told).collect();
    assert!(missing.is_empty(), "the page says nothing of {missing:?}");
}
