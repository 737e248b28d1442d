//! What people see: standard output for results, standard error for everything else.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use drill::report::Style;
use drill::run::{Watch, WatchState};
use world::Stopwatch;

/// Where to print, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    colour: bool,
    colour_beside: bool,
    live: bool,
}

impl Terminal {
    /// The terminal of this process. `NO_COLOR` and pipes are honoured.
    pub(crate) fn of_process() -> Self {
        let no_colour = world::environment("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = world::environment("TERM").is_some_and(|term| term == "dumb");
        let live = std::io::stderr().is_terminal() && !is_dumb;
        let colour = std::io::stdout().is_terminal() && !no_colour && !is_dumb;
        Self { colour, colour_beside: live && !no_colour, live }
    }

    /// How summaries may look.
    pub(crate) fn style(self) -> Style {
        if self.colour { Style::Colour } else { Style::Plain }
    }

    /// Prints a result. A reader that has gone (`brownout … | head`) is no error of ours.
    pub(crate) fn print(self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Prints beside the results.
    pub(crate) fn print_error(self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says why a command stops.
    pub(crate) fn error(self, text: &str) {
        self.print_error(&format!("brownout: {text}\n"));
    }

    /// Sends the parts' own events to standard error: warnings always, more when asked.
    pub(crate) fn log_events(self, verbose: u8) {
        let level = match verbose {
            0 => "warn",
            1 => "info",
            _ => "debug",
        };
        let filter = tracing_subscriber::EnvFilter::new(format!(
            "warn,brownout={level},drill={level},gateway={level},proxy={level},mock_provider={level},loadgen={level},world={level},fault={level}"
        ));
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_env_filter(filter)
            .with_ansi(self.colour_beside)
            .init();
    }

    /// Watches a run on this terminal.
    pub(crate) fn watch(self) -> ProgressLine {
        ProgressLine {
            terminal: self,
            since_start: Stopwatch::start(),
            last: Mutex::new(None),
            is_drawn: false,
        }
    }
}

/// Live progress on a terminal; elsewhere a line every ten seconds.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    terminal: Terminal,
    since_start: Stopwatch,
    last: Mutex<Option<(Duration, WatchState)>>,
    is_drawn: bool,
}

const LIVE_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);

impl ProgressLine {
    /// Takes the live line away, so that the summary starts clean.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            self.terminal.print_error("\r\u{1b}[2K");
        }
    }

    /// Wall time since the watch began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since_start.elapsed()
    }
}

impl Watch for ProgressLine {
    fn state(&mut self, state: &WatchState) {
        let now = self.since_start.elapsed();
        let every = if self.terminal.live { LIVE_EVERY } else { LINE_EVERY };
        let last = self.last.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let earlier = match last {
            // The first line comes after a whole interval, so that its rate means something.
            None => {
                *last = Some((now, state.clone()));
                return;
            }
            Some((then, _)) if now.saturating_sub(*then) < every => return,
            Some((_, earlier)) => earlier.clone(),
        };
        *last = Some((now, state.clone()));
        let line = progress(state, &earlier);
        if self.terminal.live {
            self.is_drawn = true;
            self.terminal.print_error(&format!("\r\u{1b}[2K{line}"));
        } else {
            self.terminal.print_error(&format!("{line}\n"));
        }
    }

    fn note(&mut self, text: &str) {
        self.clear();
        self.terminal.print_error(&format!("{text}\n"));
    }
}

fn progress(state: &WatchState, earlier: &WatchState) -> String {
    let seconds = state.now.as_micros() / 1_000_000;
    let span = state.now.saturating_since(earlier.now).as_secs_f64();
    let rate = if span > 0.0 { (state.load.scheduled - earlier.load.scheduled) as f64 / span } else { 0.0 };
    let ended = state.load.ordinary - earlier.load.ordinary;
    let ok = state.load.ordinary_ok - earlier.load.ordinary_ok;
    let success =
        if ended == 0 { "–".to_owned() } else { format!("{:.1} %", ok as f64 * 100.0 / ended as f64) };
    let faults = if state.faults.is_empty() { "none".to_owned() } else { state.faults.join(", ") };
    format!(
        "{:>3}:{:02}  {:<10} {rate:>6.0}/s  ok {success:>7}  p95 {:>5} ms  in flight {:>4}  faults: {faults}",
        seconds / 60,
        seconds % 60,
        state.load.phase,
        state.load.recent_p95_us / 1_000,
        state.load.in_flight,
    )
}
