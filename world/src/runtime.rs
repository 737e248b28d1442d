//! Running a program in a world, and what a program may ask of the machine around it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc as thread_mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::chance::Seed;
use crate::net::Network;
use crate::time::{Clock, Instant};

/// A handle to the world that a program runs in. Clones are the same world.
#[derive(Debug, Clone)]
pub struct World {
    clock: Clock,
    network: Network,
    seed: Seed,
}

/// Runs a program in the virtual world, on this thread, until its future completes.
///
/// Tasks that it spawned and left behind are dropped. Time passes only while every task waits.
pub fn run_virtual<T, F: Future<Output = T>>(seed: Seed, program: impl FnOnce(World) -> F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        // From the start: a later pause would leave a random phase below a millisecond.
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    runtime.block_on(async move { program(World::start(seed, true)).await })
}

/// Runs a program in the real world on `threads` worker threads until its future completes.
///
/// # Errors
/// The operating system gives no event queue or threads.
pub fn run_real<T, F: Future<Output = T>>(
    seed: Seed,
    threads: usize,
    program: impl FnOnce(World) -> F,
) -> io::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads.max(1)).enable_all().build()?;
    let result = runtime.block_on(async move { program(World::start(seed, false)).await });
    // Tasks that still hold sockets end with their runtime; nobody waits for a stuck one.
    runtime.shutdown_background();
    Ok(result)
}

impl World {
    fn start(seed: Seed, is_virtual: bool) -> Self {
        let clock = Clock::start(is_virtual);
        Self { clock, network: Network::new(clock), seed }
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The root seed of the run.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The same world for a part that has a seed of its own.
    #[must_use]
    pub fn with_seed(&self, seed: Seed) -> Self {
        Self { seed, ..self.clone() }
    }

    /// A world of the same kind whose time begins now, with a network of its own. For real runs whose parts
    /// must be up before the time that counts begins.
    #[must_use]
    pub fn begun_now(&self) -> Self {
        Self::start(self.seed, self.is_virtual())
    }

    /// Whether this is the virtual world.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.clock.is_virtual()
    }

    /// Starts a task. It goes on when the returned handle is dropped.
    pub fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Task<T> {
        // Boxed first: tokio moves what it is given several times before a task runs, and once more when it has ended.
        Task(tokio::spawn(Box::pin(future)))
    }

    /// Hands out the items of a schedule, each at its due time, in order.
    ///
    /// In the virtual world each comes exactly when due. In the real world a thread of its own waits for
    /// the absolute times, because tokio's timer is up to 2 ms late; the caller measures what lag is left.
    /// `ahead` bounds how many due items may wait for a slow caller; none is dropped.
    pub fn pace<T: Send + 'static>(
        &self,
        schedule: impl Iterator<Item = (Instant, T)> + Send + 'static,
        ahead: usize,
    ) -> Pacer<T> {
        if self.is_virtual() {
            return Pacer(Pace::Virtual { clock: self.clock, schedule: Box::new(schedule) });
        }
        let (sender, receiver) = mpsc::channel(ahead.max(1));
        let clock = self.clock;
        let (stop, stopped) = thread_mpsc::channel();
        std::thread::spawn(move || pace_on_thread(clock, schedule, &sender, &stopped));
        Pacer(Pace::Real { receiver, _stop: stop })
    }
}

/// A task in the background.
#[derive(Debug)]
pub struct Task<T>(tokio::task::JoinHandle<T>);

/// A task that gave no result: it panicked or was aborted.
#[derive(Debug, thiserror::Error)]
#[error("a task ended without a result: {0}")]
pub struct TaskError(#[source] tokio::task::JoinError);

impl<T> Task<T> {
    /// Drops the task at its next wait.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(TaskError)
    }
}

/// The items of a schedule as they fall due; see [`World::pace`].
pub struct Pacer<T>(Pace<T>);

enum Pace<T> {
    Virtual { clock: Clock, schedule: Box<dyn Iterator<Item = (Instant, T)> + Send> },
    // The thread notices on its next item, or at once while it sleeps, that its stopper is gone.
    Real { receiver: mpsc::Receiver<(Instant, T)>, _stop: thread_mpsc::Sender<()> },
}

impl<T> Pacer<T> {
    /// The next item and when it was due; `None` after the last.
    pub async fn next(&mut self) -> Option<(Instant, T)> {
        match &mut self.0 {
            Pace::Real { receiver, .. } => receiver.recv().await,
            Pace::Virtual { clock, schedule } => {
                let (due, item) = schedule.next()?;
                if due > clock.now() {
                    clock.sleep_until(due).await;
                }
                Some((due, item))
            }
        }
    }
}

impl<T> std::fmt::Debug for Pacer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pacer")
    }
}

fn pace_on_thread<T>(
    clock: Clock,
    schedule: impl Iterator<Item = (Instant, T)>,
    sender: &mpsc::Sender<(Instant, T)>,
    stopped: &thread_mpsc::Receiver<()>,
) {
    // 1 ns: the kernel otherwise bundles wake-ups within 50 µs. Refused only by exotic sandboxes.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    for (due, item) in schedule {
        if !wait_on_thread(clock, due, stopped) || sender.blocking_send((due, item)).is_err() {
            return;
        }
    }
}

/// Sleeps until `due`; false when the pacer was dropped meanwhile.
fn wait_on_thread(clock: Clock, due: Instant, stopped: &thread_mpsc::Receiver<()>) -> bool {
    loop {
        let wait = due.saturating_since(clock.now());
        if wait > Duration::from_millis(500) {
            match stopped.recv_timeout(wait - Duration::from_millis(250)) {
                Err(thread_mpsc::RecvTimeoutError::Timeout) => {}
                _ => return false,
            }
        } else if wait.is_zero() {
            return !matches!(stopped.try_recv(), Err(thread_mpsc::TryRecvError::Disconnected));
        } else {
            std::thread::sleep(wait);
        }
    }
}

/// How many files and sockets this process may have open at once (the soft limit).
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// The CPU time that this process has used, user and system.
#[must_use]
pub fn own_cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(used.tv_sec).unwrap_or(0), u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// A variable of the process's environment, if set to readable text.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Interrupts (Ctrl-C) and requests to terminate, as they come. Real world only.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Interrupts {
    /// Listens from now on; until then a signal ends the process.
    ///
    /// # Errors
    /// The operating system refuses a signal handler.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next one.
    pub async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Completes at the first interrupt (Ctrl-C) or request to terminate. Real world only.
///
/// # Errors
/// The operating system refuses a signal handler.
pub async fn interrupted() -> io::Result<()> {
    Interrupts::listen()?.next().await;
    Ok(())
}

/// Sets `flag` at the first interrupt, from a thread of its own, so that a virtual run, which has no
/// signal driver, can look at it.
///
/// # Errors
/// The operating system refuses a signal handler or a thread.
pub fn watch_interrupt(flag: Arc<std::sync::atomic::AtomicBool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        if runtime.block_on(interrupted()).is_ok() {
            flag.store(true, std::sync::atomic::Ordering::Release);
        }
    })?;
    Ok(())
}

/// Measures how long something takes by the machine's clock, in either world: for messages to people about
/// the program itself, never for anything that a run leaves behind.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The largest resident memory that this process has had, in bytes.
#[must_use]
pub fn own_memory_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
