//! What is wrong with a file: every problem at once, each with the path of its key.

use std::fmt;

/// One thing that is wrong in what the user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, from the top of its section: `faults[0].share`. Empty for the whole.
    pub path: String,
    /// What is wrong, as a fragment: `share is above 100 %`.
    pub message: String,
    /// What would be accepted instead.
    pub accepted: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.accepted.is_empty() {
            write!(f, " (accepted: {})", self.accepted)?;
        }
        Ok(())
    }
}

/// Collects the problems of a file, so that all are reported together.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No problem yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one problem.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>, accepted: impl Into<String>) {
        self.0.push(Problem { path: path.into(), message: message.into(), accepted: accepted.into() });
    }

    /// Takes over the problems of a section that stands under `prefix`.
    pub fn merge_under(&mut self, prefix: &str, other: Problems) {
        for mut problem in other.0 {
            let joined = prefix.is_empty() || problem.path.is_empty() || problem.path.starts_with('[');
            let separator = if joined { "" } else { "." };
            problem.path = format!("{prefix}{separator}{}", problem.path);
            self.0.push(problem);
        }
    }

    /// Takes the value of a checked section, or notes its problems under `prefix`.
    pub fn take<T>(&mut self, prefix: &str, result: Result<T, Problems>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.merge_under(prefix, problems);
                None
            }
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems, in the order they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// `value` when nothing is wrong.
    ///
    /// # Errors
    /// The problems themselves.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_keeps_its_place() {
        let mut inner = Problems::new();
        inner.add("share", "is above 100 %", "0% to 100%");
        inner.add("[2]", "is empty", "");
        let mut outer = Problems::new();
        outer.merge_under("faults[0]", inner);
        assert_eq!(
            outer.to_string(),
            "faults[0].share: is above 100 % (accepted: 0% to 100%)\nfaults[0][2]: is empty"
        );
        assert!(outer.into_result(()).is_err());
    }
}
