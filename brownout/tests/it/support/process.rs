//! A child process that is bounded in time and does not outlive its test.

#![expect(clippy::disallowed_methods, reason = "another process is waited for in the time that it lives in")]

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

/// Nothing here takes longer, on a machine that does something else too.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// How a process ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Panics with everything that was said unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }
}

/// The binary, to be run in `folder` with an environment that changes nothing.
pub(crate) fn command<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS");
    command
}

/// Runs the binary to its end.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Ended {
    Running::start(command(folder, arguments)).wait()
}

/// A process that runs; killed when dropped.
pub(crate) struct Running {
    child: Child,
    out: NamedTempFile,
    err: NamedTempFile,
}

impl Running {
    pub(crate) fn start(command: Command) -> Self {
        let out = NamedTempFile::new().expect("a file");
        let handle = Stdio::from(out.reopen().expect("a second handle"));
        Self::spawn(command, handle, out)
    }

    /// As [`start`](Self::start), but what it prints goes to `screen`.
    pub(crate) fn start_printing_to(command: Command, screen: Stdio) -> Self {
        Self::spawn(command, screen, NamedTempFile::new().expect("a file"))
    }

    fn spawn(mut command: Command, stdout: Stdio, out: NamedTempFile) -> Self {
        let err = NamedTempFile::new().expect("a file");
        let stderr = Stdio::from(err.reopen().expect("a second handle"));
        let child = command.stdout(stdout).stderr(stderr).spawn().expect("the binary starts");
        Self { child, out, err }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_process(self.id(), signal);
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.out.path()).expect("text")
    }

    /// What it has said on standard error so far.
    pub(crate) fn complained(&self) -> String {
        std::fs::read_to_string(self.err.path()).expect("text")
    }

    /// Waits until it ends.
    pub(crate) fn wait(mut self) -> Ended {
        let mut status: Option<ExitStatus> = None;
        let ended = wait_until(PATIENCE, || {
            status = self.child.try_wait().expect("a child of ours");
            status.is_some()
        });
        let err = self.complained();
        assert!(ended, "it still runs after {PATIENCE:?}\n{err}");
        Ended { code: status.and_then(|status| status.code()), out: self.printed(), err }
    }

    /// The processes that it started, by the command that each runs.
    pub(crate) fn children(&self) -> Vec<(u32, String)> {
        children_of(self.id())
    }

    /// The child that runs `command` once it is another than `earlier`.
    pub(crate) fn child(&self, command: &str, earlier: Option<u32>) -> u32 {
        let mut found = None;
        let is_there = wait_until(PATIENCE, || {
            found = self.children().into_iter().find(|(id, name)| name == command && Some(*id) != earlier);
            found.is_some()
        });
        assert!(is_there, "no child runs `{command}`: {:?}", self.children());
        found.expect("found").0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless the test failed; its own children end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal_process(id: u32, signal: Signal) {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the process is there");
}

/// Waits for `is_so`, at most for `patience`; says whether it came to be.
pub(crate) fn wait_until(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !is_so() {
        if begin.elapsed() > patience {
            return false;
        }
        pause(LOOK);
    }
    true
}

pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Whether a process is there and more than a name in the table.
pub(crate) fn is_alive(id: u32) -> bool {
    stat_of(id).is_some_and(|(state, _)| state != 'Z')
}

fn children_of(parent: u32) -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("a proc file system");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let children = ids.filter(|id| matches!(stat_of(*id), Some((state, p)) if p == parent && state != 'Z'));
    children.filter_map(|id| Some((id, first_argument(id)?))).collect()
}

/// State and parent of a process.
fn stat_of(id: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn first_argument(id: u32) -> Option<String> {
    let line = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let argument = line.split(|byte| *byte == 0).nth(1)?;
    String::from_utf8(argument.to_vec()).ok()
}

/// A port of this machine that somebody listens on for as long as the value lives.
pub(crate) struct TakenPort(std::net::TcpListener);

impl TakenPort {
    pub(crate) fn new() -> Self {
        Self(std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().expect("bound").to_string()
    }

    /// Waits until somebody connects, who is never answered.
    pub(crate) fn caller(&self) -> std::net::TcpStream {
        self.0.set_nonblocking(true).expect("a socket");
        let mut caller = None;
        let has_called = || {
            caller = self.0.accept().ok();
            caller.is_some()
        };
        assert!(wait_until(Duration::from_secs(60), has_called), "nobody connects");
        caller.expect("accepted").0
    }
}

/// A port on which nobody listens any more.
pub(crate) fn free_address() -> String {
    TakenPort::new().address()
}

/// Everything that can be read from a terminal's other side before it closes.
pub(crate) fn read_terminal(mut terminal: File) -> String {
    let mut bytes = Vec::new();
    // Linux ends a terminal whose writers have gone with an error in place of an end.
    let _ = std::io::Read::read_to_end(&mut terminal, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
