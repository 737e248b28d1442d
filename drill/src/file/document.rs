//! A TOML file that remembers on which line each key stands.
//!
//! Sections are taken out one by one, so that a mistake in one does not hide those in another. Values may
//! be replaced before that, by a profile or by `--set`; a replaced key is reported by where it came from.

use std::collections::BTreeMap;
use std::fmt;

use notation::{Problem, Problems};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// As many problems are told of a file.
const MOST_LINES: usize = 100;
/// Characters of a problem's line that are told, from its beginning and from its end.
const LONGEST_BEGINNING: usize = 1_500;
const LONGEST_END: usize = 500;

/// A parsed file, before anything in it is understood.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    table: Table,
    places: BTreeMap<String, Place>,
}

/// Where a key was written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Line(usize),
    Override(String),
}

/// What is wrong with a file, each problem with its place. One line a problem when displayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileErrors {
    lines: Vec<String>,
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// A `KEY=VALUE` that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// Not of the form `KEY=VALUE`.
    #[error("`{0}` is not KEY=VALUE, such as `load.streaming=20%` or `faults[0].share=30%`")]
    Form(String),
    /// The key passes through a value that is no table or list, or beyond the end of a list.
    #[error("`{key}` leads nowhere: `{part}` is not a table or list entry of the drill")]
    Path {
        /// The whole key.
        key: String,
        /// The part at which it ends.
        part: String,
    },
}

impl Document {
    /// Parses `text`, which errors will call `name`.
    ///
    /// # Errors
    /// Not TOML: the message says where and why.
    pub fn parse(name: &str, text: &str) -> Result<Self, FileErrors> {
        let lines = LineEnds::of(text);
        let fail = |error: &toml::de::Error| {
            let span = error.span().unwrap_or_default();
            let line = lines.line_of(span.start);
            // Which key is there twice stands in the file alone.
            let what = match text.get(span).filter(|_| error.message() == "duplicate key") {
                Some(key) => format!("`{key}` is there twice (accepted: each key once)"),
                None => error.message().to_owned(),
            };
            FileErrors { lines: vec![shortened(format!("{name}:{line}: {what}"))] }
        };
        let spanned = DeTable::parse(text).map_err(|error| fail(&error))?;
        let table = toml::from_str(text).map_err(|error| fail(&error))?;
        let mut places = BTreeMap::new();
        index_table(&lines, "", spanned.get_ref(), &mut places);
        Ok(Self { name: name.to_owned(), table, places })
    }

    /// What errors call this file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys at the top, in file order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.table.keys().map(String::as_str)
    }

    /// The value under a top-level key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.table.get(key)
    }

    /// The text under a path; `None` when there is none.
    #[must_use]
    pub fn text_at(&self, path: &str) -> Option<String> {
        let steps = steps_of(path)?;
        let Some((Step::Key(first), rest)) = steps.split_first() else { return None };
        let value = rest.iter().try_fold(self.table.get(first)?, |value, step| match step {
            Step::Key(key) => value.get(key.as_str()),
            Step::Position(n) => value.get(*n),
        })?;
        value.as_str().map(str::to_owned)
    }

    /// Takes a top-level key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.table.remove(key)
    }

    /// Replaces or adds the value under `path` (`faults[0].share`, `load.arrivals.poisson`), on behalf
    /// of `origin` (`--set`, `profiles.short`).
    ///
    /// # Errors
    /// The path leads through something that is not a table or list.
    pub fn set(&mut self, path: &str, value: Value, origin: &str) -> Result<(), OverrideError> {
        let steps = steps_of(path).ok_or_else(|| OverrideError::Form(path.to_owned()))?;
        let lost = |part: &str| OverrideError::Path { key: path.to_owned(), part: part.to_owned() };
        let Some((last, parents)) = steps.split_last() else {
            return Err(OverrideError::Form(path.to_owned()));
        };
        let mut root = Value::Table(std::mem::take(&mut self.table));
        let outcome = descend(&mut root, parents)
            .and_then(|parent| put(parent, last, value))
            .map_err(|part| lost(&part));
        if let Value::Table(table) = root {
            self.table = table;
        }
        self.places.insert(path.to_owned(), Place::Override(origin.to_owned()));
        outcome
    }

    /// Applies one `KEY=VALUE`. The value is read as TOML where it is TOML (`5`, `true`, `[1]`), as
    /// text otherwise (`30%`).
    ///
    /// # Errors
    /// No `=`, or a key that leads nowhere.
    pub fn set_text(&mut self, assignment: &str) -> Result<(), OverrideError> {
        let (key, text) =
            assignment.split_once('=').ok_or_else(|| OverrideError::Form(assignment.to_owned()))?;
        let value =
            format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
        self.set(key.trim(), value.unwrap_or_else(|| Value::String(text.to_owned())), "--set")
    }

    /// Reads the section under a top-level key; `None` when the file has no such key.
    ///
    /// # Errors
    /// The section has another shape: an unknown key, a wrong type, a value that does not parse.
    pub fn section<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Problems> {
        self.table.get(key).map(|value| read_value(key, value.clone())).transpose()
    }

    /// Reads the whole file as one value.
    ///
    /// # Errors
    /// The file has another shape.
    pub fn whole<T: DeserializeOwned>(&self) -> Result<T, Problems> {
        read_value("", Value::Table(self.table.clone()))
    }

    /// Reads the entries of a table or list section one by one, each under its own path, so that
    /// every entry's mistake is found.
    ///
    /// # Errors
    /// As [`section`](Self::section), for any entry.
    pub fn entries<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<(String, T)>, Problems> {
        let mut problems = Problems::new();
        let mut entries = Vec::new();
        let named: Vec<(String, String, Value)> = match self.table.get(key) {
            None => Vec::new(),
            Some(Value::Table(table)) => table
                .iter()
                .map(|(name, value)| (name.clone(), format!("{key}.{name}"), value.clone()))
                .collect(),
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(n, value)| (n.to_string(), format!("{key}[{n}]"), value.clone()))
                .collect(),
            Some(other) => {
                problems.add(key, format!("is {}", other.type_str()), "a table or a list of tables");
                Vec::new()
            }
        };
        for (name, path, value) in named {
            if let Some(entry) = problems.take("", read_value(&path, value)) {
                entries.push((name, entry));
            }
        }
        problems.into_result(entries)
    }

    /// The line of the key at `path`, or of the nearest key above it.
    fn place(&self, path: &str) -> Option<&Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(place);
            }
            let cut = path.rfind(['.', '['])?;
            path = &path[..cut];
        }
    }

    /// Gives each problem the file and line of its key.
    #[must_use]
    pub fn errors(&self, problems: Problems) -> FileErrors {
        let located = |problem: Problem| match self.place(&problem.path) {
            Some(Place::Line(line)) => (*line, format!("{}:{line}: {problem}", self.name)),
            Some(Place::Override(origin)) => (0, format!("{} ({origin}): {problem}", self.name)),
            None => (0, format!("{}: {problem}", self.name)),
        };
        let mut lines: Vec<(usize, String)> = problems.into_iter().map(located).collect();
        lines.sort();
        lines.dedup();
        let more = lines.len().saturating_sub(MOST_LINES);
        let told = lines.into_iter().take(MOST_LINES).map(|(_, line)| shortened(line));
        let rest = (more > 0).then(|| format!("{}: and {more} more", self.name));
        FileErrors { lines: told.chain(rest).collect() }
    }
}

/// Reads one value; problems carry paths that begin with `path`.
fn read_value<T: DeserializeOwned>(path: &str, value: Value) -> Result<T, Problems> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let mut problems = Problems::new();
        let (message, accepted) = in_words_of_the_file(error.into_inner().message().trim());
        problems.add(if inner == "." { String::new() } else { inner }, message, accepted);
        let mut under = Problems::new();
        under.merge_under(path, problems);
        under
    })
}

/// One step of a path: a key of a table, or a position in a list.
#[derive(Debug)]
enum Step {
    Key(String),
    Position(usize),
}

/// Splits `faults[0].when.first` into its steps. A quoted key may contain dots.
fn steps_of(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (position, tail) = inner.split_once(']')?;
            steps.push(Step::Position(position.parse().ok()?));
            rest = tail;
        } else if let Some(inner) = rest.strip_prefix('"') {
            let (key, tail) = inner.split_once('"')?;
            steps.push(Step::Key(key.to_owned()));
            rest = tail;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    (!steps.is_empty()).then_some(steps)
}

/// Follows `steps`, making tables on the way; the step that leads nowhere otherwise.
fn descend<'v>(value: &'v mut Value, steps: &[Step]) -> Result<&'v mut Value, String> {
    steps.iter().try_fold(value, |value, step| match (step, value) {
        (Step::Key(key), Value::Table(table)) => {
            Ok(table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new())))
        }
        (Step::Position(n), Value::Array(list)) => list.get_mut(*n).ok_or_else(|| format!("[{n}]")),
        (Step::Key(key), _) => Err(key.clone()),
        (Step::Position(n), _) => Err(format!("[{n}]")),
    })
}

fn put(parent: &mut Value, step: &Step, value: Value) -> Result<(), String> {
    match (step, parent) {
        (Step::Key(key), Value::Table(table)) => {
            table.insert(key.clone(), value);
            Ok(())
        }
        (Step::Position(n), Value::Array(list)) => {
            list.get_mut(*n).map(|entry| *entry = value).ok_or_else(|| format!("[{n}]"))
        }
        (Step::Key(key), _) => Err(key.clone()),
        (Step::Position(n), _) => Err(format!("[{n}]")),
    }
}

/// What serde says of a value, and what it would accept: a user knows tables, and not our structs.
fn in_words_of_the_file(message: &str) -> (String, String) {
    let Some((message, expected)) = message.split_once(", expected ") else {
        return (message.to_owned(), String::new());
    };
    let expected = expected.strip_prefix("one of ").unwrap_or(expected);
    let accepted = match expected {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" => "a text in quotes",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        _ if expected == "a map" || expected.starts_with("struct ") => "a table",
        other => other,
    };
    (message.to_owned(), accepted.to_owned())
}

/// A problem is told in a line that can be read, whatever was put into the file.
fn shortened(line: String) -> String {
    let beginning = line.char_indices().nth(LONGEST_BEGINNING);
    let end = line.char_indices().nth_back(LONGEST_END);
    match (beginning, end) {
        (Some((to, _)), Some((from, _))) if to < from => format!("{} … {}", &line[..to], &line[from..]),
        _ => line,
    }
}

/// Where the lines of a text end.
struct LineEnds(Vec<usize>);

impl LineEnds {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(end, _)| end).collect())
    }

    fn line_of(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }
}

fn index_table(lines: &LineEnds, prefix: &str, table: &DeTable<'_>, places: &mut BTreeMap<String, Place>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        // The first mention wins: a table's own header rather than a later dotted key.
        places.entry(path.clone()).or_insert(Place::Line(lines.line_of(key.span().start)));
        index_value(lines, &path, value, places);
    }
}

fn index_value(
    lines: &LineEnds,
    path: &str,
    value: &Spanned<DeValue<'_>>,
    places: &mut BTreeMap<String, Place>,
) {
    match value.get_ref() {
        DeValue::Table(table) => index_table(lines, path, table, places),
        DeValue::Array(list) => {
            for (n, entry) in list.iter().enumerate() {
                let path = format!("{path}[{n}]");
                places.insert(path.clone(), Place::Line(lines.line_of(entry.span().start)));
                index_value(lines, &path, entry, places);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        share: notation::Share,
        #[serde(default)]
        when: Option<Table>,
    }

    const TEXT: &str = "title = \"x\"\n\n[[rule]]\nshare = \"50%\"\n\n[[rule]]\nshare = \"150%\"\n\n[[rule]]\nshare = \"1%\"\nshard = 3\n";

    #[test]
    fn every_entry_reports_its_own_line() {
        let document = Document::parse("a.toml", TEXT).expect("TOML");
        let problems = document.entries::<Rule>("rule").expect_err("two entries are wrong");
        let text = document.errors(problems).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("a.toml:7: rule[1].share: `150%` is not a share"), "{text}");
        assert!(lines[1].starts_with("a.toml:11: rule[2].shard: unknown field `shard`"), "{text}");
    }

    #[test]
    fn what_is_not_toml_has_a_line() {
        let error = Document::parse("a.toml", "a = 1\nb = = 2\n").expect_err("not TOML");
        assert!(error.to_string().starts_with("a.toml:2: "), "{error}");
    }

    #[test]
    fn a_key_that_is_there_twice_is_named() {
        let error = Document::parse("a.toml", "[a]\nb = 1\nb = 2\n").expect_err("twice");
        assert_eq!(error.to_string(), "a.toml:3: `b` is there twice (accepted: each key once)");
    }

    #[test]
    fn types_are_told_in_words_of_the_file() {
        for (value, expected) in [
            ("5", "invalid type: integer `5` (accepted: a table)"),
            ("{ share = 5 }", "share: invalid type: integer `5` (accepted: a text in quotes)"),
            ("{ shard = 5 }", "shard: unknown field `shard` (accepted: `share` or `when`)"),
            ("{ share = \"1%\", when = 5 }", "when: invalid type: integer `5` (accepted: a table)"),
        ] {
            let document = Document::parse("a.toml", &format!("rule = {value}")).expect("TOML");
            let problems = document.section::<Rule>("rule").expect_err("wrong");
            let text = document.errors(problems).to_string();
            assert!(text.starts_with("a.toml:1: rule") && text.ends_with(expected), "{text}");
        }
    }

    #[test]
    fn a_huge_file_is_read_once_and_its_problems_can_be_read() {
        let long = "x".repeat(1 << 20);
        let document = Document::parse("a.toml", &format!("rule = {{ share = \"{long}\" }}")).expect("TOML");
        let text = document.errors(document.section::<Rule>("rule").expect_err("long")).to_string();
        assert!(text.len() < 3_000 && text.contains(" … ") && text.contains("share"), "{}", text.len());
        // Counted from the beginning for every key, the lines of this file would take minutes.
        let rules = "[[rule]]\nshare = \"101%\"\n".repeat(20_000);
        let document = Document::parse("a.toml", &rules).expect("TOML");
        let text = document.errors(document.entries::<Rule>("rule").expect_err("all are wrong")).to_string();
        assert_eq!(text.lines().count(), 101);
        assert!(text.ends_with("a.toml: and 19900 more"), "{text}");
        assert!(text.contains("\na.toml:200: rule[99].share"), "{text}");
    }

    #[test]
    fn overrides_reach_lists_and_new_keys() {
        let mut document = Document::parse("a.toml", TEXT).expect("TOML");
        document.set_text("rule[1].share=30%").expect("a known key");
        document.set_text("rule[2]={ share = \"2%\", when = { first = \"5m\" } }").expect("a list entry");
        let rules = document.entries::<Rule>("rule").expect("now right");
        assert_eq!(rules[1].1.share.to_string(), "30%");
        assert!(rules[2].1.when.is_some());
        for bad in ["rule", "rule[9].share=1%", "title.x=1", "[=1", "=1"] {
            assert!(document.set_text(bad).is_err(), "{bad} was accepted");
        }
        document.set_text("rule[0].share=200%").expect("a known key");
        let problems = document.entries::<Rule>("rule").expect_err("wrong");
        let text = document.errors(problems).to_string();
        assert!(text.starts_with("a.toml (--set): rule[0].share: `200%`"), "{text}");
    }
}
