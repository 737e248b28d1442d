//! Profiles: named sets of overrides inside a drill file, and the options that change a whole drill.
//!
//! A profile says explicitly what it changes (`"faults[0].when" = { … }`). Nothing is divided blindly:
//! cooldowns and ramps do not shrink with the drill, so a window that is too short for them proves nothing.

use notation::{Problems, parse_duration};
use toml::Value;

use super::document::{Document, FileErrors};

/// Which set of overrides is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// The drill as it is written.
    #[default]
    Full,
    /// About five minutes, for real time.
    Short,
    /// At most 90 seconds, for real time.
    Smoke,
}

impl Profile {
    /// The name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Short => "short",
            Self::Smoke => "smoke",
        }
    }
}

/// Applies a profile to the document and takes the `[profiles]` section out of it.
///
/// # Errors
/// The drill has no such profile, or a key of it leads nowhere.
pub(super) fn apply(document: &mut Document, profile: Profile) -> Result<(), FileErrors> {
    let mut problems = Problems::new();
    let profiles = match document.remove("profiles") {
        Some(Value::Table(table)) => table,
        None => toml::Table::new(),
        Some(other) => {
            problems.add(
                "profiles",
                format!("is {}", other.type_str()),
                "tables of overrides, `[profiles.short]`",
            );
            return Err(document.errors(problems));
        }
    };
    for name in profiles.keys().filter(|name| !["short", "smoke"].contains(&name.as_str())) {
        problems.add(format!("profiles.{name}"), "is no profile", "`short` or `smoke`");
    }
    if profile != Profile::Full {
        match profiles.get(profile.name()) {
            Some(Value::Table(overrides)) => set_all(document, profile, overrides, &mut problems),
            _ => problems.add(
                "profiles",
                format!("has no `{}`", profile.name()),
                "the drill in full, or --shorten",
            ),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(document.errors(problems)) }
}

fn set_all(document: &mut Document, profile: Profile, overrides: &toml::Table, problems: &mut Problems) {
    let origin = format!("profiles.{}", profile.name());
    for (key, value) in overrides {
        if let Err(error) = document.set(key, value.clone(), &origin) {
            problems.add(format!("{origin}.{key}"), error.to_string(), "the path of a key of this drill");
        }
    }
}

/// Divides the drill's length and every fault's times by `by`.
///
/// # Errors
/// A time that is no duration.
pub(super) fn shorten(document: &mut Document, by: u32) -> Result<(), FileErrors> {
    let mut problems = Problems::new();
    let mut paths = vec!["duration".to_owned()];
    let faults = document.get("faults").and_then(Value::as_array).map_or(0, Vec::len);
    for n in 0..faults {
        paths.extend(["first", "for", "every"].map(|key| format!("faults[{n}].when.{key}")));
    }
    for path in paths {
        let Some(text) = document.text_at(&path) else { continue };
        match parse_duration(&text) {
            Ok(duration) => {
                let shorter = notation::format_duration(duration / by.max(1));
                if let Err(error) = document.set(&path, Value::String(shorter), "--shorten") {
                    problems.add(path, error.to_string(), "");
                }
            }
            Err(error) => problems.add(path, error.to_string(), ""),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(document.errors(problems)) }
}
