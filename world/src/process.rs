//! Child processes of the real world: parts of a drill that must have a CPU, a memory and a life of
//! their own.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::time::Clock;

/// A child process: told its configuration on standard input, heard on standard output, killed when
/// dropped.
#[derive(Debug)]
pub struct ChildProcess {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    clock: Clock,
}

/// Why a child did not come up.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It ended before it said anything.
    #[error("it ended at once with {0}; its own message is above")]
    Ended(ExitStatus),
    /// It said nothing in time.
    #[error("it said nothing within {0:?}")]
    Silent(Duration),
}

impl ChildProcess {
    /// Starts `program` and gives it `input`. Its standard error is this process's.
    ///
    /// # Errors
    /// The program cannot be started or does not read its input.
    pub async fn start<S: AsRef<OsStr>>(
        clock: Clock,
        program: &Path,
        arguments: impl IntoIterator<Item = S>,
        input: &str,
    ) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, lines: BufReader::new(stdout).lines(), clock })
    }

    /// The next line that the child prints.
    ///
    /// # Errors
    /// It ended, or stayed silent for `limit`.
    pub async fn line(&mut self, limit: Duration) -> Result<String, ChildError> {
        match self.clock.timeout(limit, self.lines.next_line()).await {
            Err(_) => Err(ChildError::Silent(limit)),
            Ok(Err(error)) => Err(ChildError::Io(error)),
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(ChildError::Ended(self.child.wait().await?)),
        }
    }

    /// The process id while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// The operating system lost it.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it to stop, kills it when it has not within `grace`.
    pub async fn stop(mut self, grace: Duration) {
        let pid =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended in the meantime: nothing is left to ask then.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if self.clock.timeout(grace, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Makes this process end when the one that started it does, however that ends.
///
/// # Errors
/// The kernel has no such service.
pub fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?)
}

/// The program that this process runs, so that it can be started again as a child.
///
/// # Errors
/// The operating system does not say.
pub fn own_program() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// What a process uses now, read from `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Resident memory in bytes.
    pub rss_bytes: u64,
    /// CPU time so far, user and system.
    pub cpu: Duration,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
}

/// Reads what process `id` uses; `None` when it has ended or is not ours to look at.
#[must_use]
pub fn process_usage(id: u32) -> Option<ProcessUsage> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may itself hold spaces: fields are counted after it (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    // A zombie holds nothing and does nothing.
    if fields.first() == Some(&"Z") {
        return None;
    }
    let ticks = number(11)? + number(12)?;
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count() as u64;
    Some(ProcessUsage {
        rss_bytes: number(21)? * rustix::param::page_size() as u64,
        cpu: Duration::from_micros(ticks * 1_000_000 / ticks_per_second.max(1)),
        descriptors,
        threads: number(17)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Seed, run_real};

    #[test]
    fn a_child_hears_speaks_and_ends() {
        run_real(Seed(1), 1, |world| async move {
            let clock = *world.clock();
            let shell = Path::new("/bin/sh");
            let mut child = ChildProcess::start(clock, shell, ["-c", "cat; echo end; sleep 60"], "heard\n")
                .await
                .expect("a shell");
            assert_eq!(child.line(Duration::from_secs(10)).await.expect("a line"), "heard");
            assert_eq!(child.line(Duration::from_secs(10)).await.expect("a line"), "end");
            assert!(matches!(child.line(Duration::from_millis(50)).await, Err(ChildError::Silent(_))));
            let id = child.id().expect("it runs");
            assert!(process_usage(id).expect("it runs").rss_bytes > 0);
            child.stop(Duration::from_secs(10)).await;
            assert!(process_usage(id).is_none(), "it still runs");
        })
        .expect("a runtime");
    }

    #[test]
    fn a_child_that_dies_at_once_is_told_from_a_silent_one() {
        run_real(Seed(1), 1, |world| async move {
            let mut child = ChildProcess::start(*world.clock(), Path::new("/bin/sh"), ["-c", "exit 3"], "")
                .await
                .expect("a shell");
            let error = child.line(Duration::from_secs(10)).await.expect_err("it said nothing");
            assert!(matches!(error, ChildError::Ended(status) if status.code() == Some(3)), "{error}");
        })
        .expect("a runtime");
    }
}
