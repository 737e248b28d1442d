//! Starting the binary, bounding how long it may take, and reading what it leaves.

pub(crate) mod process;
pub(crate) mod report;

pub(crate) use process::{Ended, Running, command, run};
pub(crate) use report::Report;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Overrides that make the shipped drill half a minute long with both of its faults in it.
pub(crate) const BRIEF: [&str; 8] = [
    "--set",
    "duration=30s",
    "--set",
    "faults[0].when={first=\"3s\",for=\"8s\"}",
    "--set",
    "faults[1].when={first=\"16s\",for=\"8s\"}",
    "--set",
    "load.arrivals.poisson=40/s",
];

/// The shipped drill with `overrides`, evidence in `out`.
pub(crate) fn drill<'a>(overrides: &[&'a str], out: &'a str) -> Vec<&'a str> {
    [&["drill", "provider-failure", "--out", out], overrides].concat()
}

/// An empty folder that goes away with the test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A run of the brief drill with the healthy gateway, made once and shared.
pub(crate) struct Healthy {
    pub(crate) folder: PathBuf,
    pub(crate) ended: Ended,
}

impl Healthy {
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    pub(crate) fn report(&self) -> Report {
        Report::read(&self.out())
    }
}

/// The shared run: as JSON on standard output, the machine's facts beside.
pub(crate) fn healthy() -> &'static Healthy {
    static RUN: OnceLock<Healthy> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("healthy");
        // A static value is never dropped: the folder of the last time is cleared in its place.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let arguments = [&drill(&BRIEF, "out")[..], &["--json", "--machine", "machine.json"]].concat();
        let ended = run(&folder, &arguments);
        Healthy { folder, ended }
    })
}
