//! The output folder: made and tried before anything starts, emptied of an earlier run when this one begins,
//! filled at the end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Report, junit, markdown, page};

/// The files that hold the logs, beside the reports.
const LOGS: [&str; 5] =
    ["client.ndjson.zst", "attempts.ndjson.zst", "faults.ndjson", "samples.ndjson", "ledger.ndjson"];
/// The files that hold the reports.
const REPORTS: [&str; 4] = ["report.json", "report.html", "report.md", "junit.xml"];

/// Where a run leaves its files.
#[derive(Debug)]
pub struct OutFolder {
    path: PathBuf,
    /// Whether what lies there is this run's.
    begun: AtomicBool,
    /// The folder, locked for as long as the run lasts.
    _lock: fs::File,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {} as the output folder: {cause} (accepted: a folder that can be written to, or a path where one can be made)", path.display())]
pub struct OutFolderError {
    /// The folder.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub cause: io::Error,
}

impl OutFolder {
    /// Makes the folder, proves that it can be written to, and that no other run is writing to it. What an earlier run left there stays until this
    /// one begins.
    ///
    /// # Errors
    /// The operating system's reason.
    pub fn prepare(path: &Path) -> Result<Self, OutFolderError> {
        let fail = |cause| OutFolderError { path: path.to_owned(), cause };
        fs::create_dir_all(path).map_err(fail)?;
        let probe = path.join(".brownout-probe");
        fs::write(&probe, b"?").map_err(fail)?;
        fs::remove_file(&probe).map_err(fail)?;
        let lock = fs::File::open(path).map_err(fail)?;
        // Two runs in one folder would leave the report of one beside the logs of the other.
        if let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
            return Err(fail(io::Error::new(io::ErrorKind::ResourceBusy, "another run is writing to it")));
        }
        Ok(Self { path: path.to_owned(), begun: AtomicBool::new(false), _lock: lock })
    }

    /// Takes an earlier run's files away, so that nothing stale can be taken for a result of the run that
    /// begins now.
    ///
    /// # Errors
    /// The operating system's reason.
    pub fn begin(&self) -> Result<(), OutFolderError> {
        self.begun.store(true, Ordering::Relaxed);
        for name in LOGS.into_iter().chain(REPORTS) {
            match fs::remove_file(self.file(name)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                    return Err(OutFolderError { path: self.path.clone(), cause });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Takes the logs of a run that did not come about away, and the folder with them if nothing else is in it:
    /// an empty log looks like a run without requests. The logs of an earlier run stay if this one never began.
    pub fn abandon(self) {
        if self.begun.load(Ordering::Relaxed) {
            for name in LOGS {
                // Where even this fails, the run's own error says more.
                let _ = fs::remove_file(self.file(name));
            }
        }
        let _ = fs::remove_dir(&self.path);
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A report that cannot be written, though the folder could be used when the run began.
#[derive(Debug, thiserror::Error)]
#[error("the run ended, but its report is missing: cannot write {}: {cause}", path.display())]
pub struct ReportError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub cause: io::Error,
}

/// Writes every form of a report. Each file appears whole or not at all.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(folder: &OutFolder, report: &Report) -> Result<(), ReportError> {
    let forms = [
        ("report.json", report.json()),
        ("report.html", page(report)),
        ("report.md", markdown(report)),
        ("junit.xml", junit(report)),
    ];
    for (name, text) in forms {
        let partial = folder.file(&format!(".{name}.partial"));
        let written = fs::write(&partial, text).and_then(|()| fs::rename(&partial, folder.file(name)));
        if let Err(cause) = written {
            // Half a report is worse than none; where even this fails, its name says what it is.
            let _ = fs::remove_file(&partial);
            return Err(ReportError { path: folder.file(name), cause });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_report_does_not_survive() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b");
        fs::create_dir_all(&path).expect("a folder");
        fs::write(path.join("report.json"), "old").expect("a file");
        fs::write(path.join("notes.txt"), "the user's").expect("a file");
        let out = OutFolder::prepare(&path).expect("usable");
        assert!(out.file("report.json").exists(), "nothing is lost before a run begins");
        out.begin().expect("emptied");
        assert!(!out.file("report.json").exists());
        assert!(out.file("notes.txt").exists());
    }

    #[test]
    fn two_runs_do_not_share_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = OutFolder::prepare(folder.path()).expect("usable");
        let error = OutFolder::prepare(folder.path()).expect_err("taken").to_string();
        assert!(error.contains("another run is writing to it"), "{error}");
        drop(first);
        OutFolder::prepare(folder.path()).expect("free again");
    }

    #[test]
    fn an_abandoned_run_leaves_nothing_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let (bare, shared) = (folder.path().join("bare"), folder.path().join("shared"));
        for path in [&bare, &shared] {
            let out = OutFolder::prepare(path).expect("usable");
            out.begin().expect("emptied");
            fs::write(out.file("faults.ndjson"), "").expect("a file");
            if path == &shared {
                fs::write(out.file("notes.txt"), "the user's").expect("a file");
            }
            out.abandon();
        }
        assert!(!bare.exists());
        assert!(shared.join("notes.txt").exists() && !shared.join("faults.ndjson").exists());
    }

    #[test]
    fn a_run_that_never_began_leaves_the_earlier_one_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in LOGS.into_iter().chain(REPORTS) {
            fs::write(folder.path().join(name), "earlier").expect("a file");
        }
        OutFolder::prepare(folder.path()).expect("usable").abandon();
        for name in LOGS.into_iter().chain(REPORTS) {
            assert_eq!(fs::read_to_string(folder.path().join(name)).expect(name), "earlier");
        }
    }

    #[test]
    fn a_file_in_the_way_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("taken");
        fs::write(&path, "a file").expect("a file");
        let error = OutFolder::prepare(&path).expect_err("a file is no folder").to_string();
        assert!(error.contains("taken") && error.contains("accepted"), "{error}");
    }
}
