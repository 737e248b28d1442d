//! What a mock that stands alone offers beside the providers' APIs, as written and as checked.

use fault::FaultFile;
use notation::Problems;
use quota::Pools;
use serde::Deserialize;
use world::tls::Identity;
use world::{Address, Seed};

use super::faults::Faults;

/// Requests that the journal keeps when nobody says how many.
const JOURNAL: usize = 1_000;
const JOURNAL_MAX: usize = 100_000;

/// `[control]` of a mock's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ControlFile {
    /// How many requests the journal keeps.
    pub journal: Option<usize>,
    /// What who uses the control API must show as a bearer token; needed beyond loopback.
    pub token: Option<String>,
}

/// Who may use the control API on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the port.
    Open,
    /// Who shows this bearer token.
    Token(String),
    /// Nobody: its paths are the providers'.
    Closed,
}

/// What a mock that stands alone offers.
#[derive(Debug, Clone)]
pub struct EdgePlan {
    /// Who may use the control API on the providers' port.
    pub access: Access,
    /// A port of its own for control, metrics and health, which answers until the mock has ended.
    pub admin: Option<(Address, Access)>,
    /// How many requests the journal keeps.
    pub journal: usize,
    /// The rules of the file, in its order.
    pub faults: Vec<FaultFile>,
    /// The quotas that it shares with other mocks of this process, by name.
    pub pools: Pools,
    /// Who the mock says it is, when it speaks TLS.
    pub identity: Option<Identity>,
}

impl Default for EdgePlan {
    fn default() -> Self {
        Self {
            access: Access::Open,
            admin: None,
            journal: JOURNAL,
            faults: Vec::new(),
            pools: Pools::default(),
            identity: None,
        }
    }
}

impl EdgePlan {
    /// Checks the rules for the mock `provider`.
    ///
    /// # Errors
    /// Every problem of them, each under `[i]`.
    pub fn check(&self, provider: &str) -> Result<(), Problems> {
        Faults::new(&self.faults, provider, Seed(0)).map(drop)
    }
}

impl ControlFile {
    /// How many requests the journal keeps.
    ///
    /// # Errors
    /// More than memory should hold.
    pub fn journal(&self) -> Result<usize, Problems> {
        let mut problems = Problems::new();
        let journal = self.journal.unwrap_or(JOURNAL);
        if journal > JOURNAL_MAX {
            problems.add("journal", format!("{journal} is too many"), format!("0 to {JOURNAL_MAX}"));
        }
        problems.into_result(journal)
    }

    /// Who may use the control API on a port at `address`: beyond this machine nobody without a token.
    #[must_use]
    pub fn access(&self, address: &Address) -> Access {
        match &self.token {
            Some(token) => Access::Token(token.clone()),
            None if address.is_loopback() => Access::Open,
            None => Access::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_a_token_is_needed() {
        let (here, everywhere) = (Address::new("127.0.0.1:9100"), Address::new("0.0.0.0:9100"));
        let open = ControlFile::default();
        assert_eq!((open.access(&here), open.access(&everywhere)), (Access::Open, Access::Closed));
        let guarded = ControlFile { token: Some("t".to_owned()), ..open };
        assert_eq!(guarded.access(&everywhere), Access::Token("t".to_owned()));
        assert_eq!(guarded.access(&here), Access::Token("t".to_owned()), "a token that is set is asked for");
    }

    #[test]
    fn a_journal_has_an_end() {
        assert_eq!(ControlFile::default().journal().expect("sound"), JOURNAL);
        let endless = ControlFile { journal: Some(1_000_000), token: None };
        assert_eq!(endless.journal().expect_err("too many").as_slice()[0].path, "journal");
    }
}
