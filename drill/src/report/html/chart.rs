//! The timeline as three drawings: what came through, how long it took, who was asked.

use crate::judge::TimelineStep;
use maud::{Markup, PreEscaped, html};

use crate::report::{DeclaredFault, Report};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;

/// Requests and good answers a second.
pub(super) fn rate(report: &Report) -> Markup {
    let steps = &report.judgement.timeline;
    let offered = Line::new("offered/s", "a", steps.iter().map(|step| per_second(step.requests)));
    let ok = Line::new("ok/s", "b", steps.iter().map(|step| per_second(step.ok)));
    figure(report, "Requests a second", &[offered, ok], |step| {
        format!("{} requests, {} ok", step.requests, step.ok)
    })
}

/// Latency percentiles in milliseconds.
pub(super) fn latency(report: &Report) -> Markup {
    let steps = &report.judgement.timeline;
    let millis = |us: u64| us as f64 / 1_000.0;
    let lines = [
        Line::new("p50", "a", steps.iter().map(|step| millis(step.p50_ms.0))),
        Line::new("p95", "b", steps.iter().map(|step| millis(step.p95_ms.0))),
        Line::new("p99", "c", steps.iter().map(|step| millis(step.p99_ms.0))),
    ];
    figure(report, "Latency in ms", &lines, |step| {
        let whole = |us: u64| us / 1_000;
        format!(
            "p50 {} ms, p95 {} ms, p99 {} ms",
            whole(step.p50_ms.0),
            whole(step.p95_ms.0),
            whole(step.p99_ms.0)
        )
    })
}

/// Attempts a second, by provider.
pub(super) fn attempts(report: &Report) -> Markup {
    let steps = &report.judgement.timeline;
    let classes = ["a", "b", "c", "d", "e", "f"];
    let lines: Vec<Line> = report
        .judgement
        .measured
        .by_provider
        .keys()
        .zip(classes.iter().cycle())
        .map(|(name, class)| {
            let of_provider = |step: &TimelineStep| {
                step.attempts
                    .iter()
                    .find(|(provider, _)| provider.as_ref() == name.as_str())
                    .map_or(0, |(_, n)| *n)
            };
            Line::new(name, class, steps.iter().map(|step| per_second(of_provider(step))))
        })
        .collect();
    figure(report, "Attempts a second by provider", &lines, |step| {
        step.attempts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    })
}

/// A step is 10 s long.
fn per_second(count: u64) -> f64 {
    count as f64 / 10.0
}

struct Line {
    name: String,
    class: &'static str,
    values: Vec<f64>,
}

impl Line {
    fn new(name: &str, class: &'static str, values: impl Iterator<Item = f64>) -> Self {
        Self { name: name.to_owned(), class, values: values.collect() }
    }
}

/// From the run's seconds and a value to the drawing.
struct Scale {
    seconds: f64,
    top: f64,
    /// Lines above the ground, at round values.
    marks: u8,
}

impl Scale {
    fn of(report: &Report, lines: &[Line]) -> Self {
        let steps = report.judgement.timeline.len().max(1);
        let highest = lines.iter().flat_map(|line| line.values.iter().copied()).fold(0.0, f64::max);
        let (top, marks) = nice(highest);
        Self { seconds: steps as f64 * 10.0, top, marks }
    }

    fn x(&self, second: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (second / self.seconds).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (value / self.top).clamp(0.0, 1.0))
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten, and into how many round parts it falls.
fn nice(value: f64) -> (f64, u8) {
    let mut unit = 1.0;
    while unit * 10.0 <= value {
        unit *= 10.0;
    }
    let tops = [(1.0, 5), (2.0, 4), (2.5, 5), (5.0, 5), (10.0, 5)];
    let mut tops = tops.into_iter().map(|(factor, marks)| (factor * unit, marks));
    tops.find(|(top, _)| *top >= value).unwrap_or((value, 5))
}

fn figure(report: &Report, title: &str, lines: &[Line], tip: impl Fn(&TimelineStep) -> String) -> Markup {
    let scale = Scale::of(report, lines);
    html! {
        figure {
            figcaption {
                strong { (title) }
                @for line in lines { span.key.(line.class) { (line.name) } }
            }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
                @for fault in &report.faults { (shade(&scale, fault)) }
                @for mark in 0..=scale.marks { (grid(&scale, f64::from(mark) / f64::from(scale.marks))) }
                (minutes(&scale))
                @for line in lines { (path(&scale, line)) }
                @for (n, step) in report.judgement.timeline.iter().enumerate() { (hover(&scale, n, step, &tip(step))) }
            }
        }
    }
}

fn shade(scale: &Scale, fault: &DeclaredFault) -> Markup {
    let (from, to) = (scale.x(fault.from_ms as f64 / 1_000.0), scale.x(fault.to_ms as f64 / 1_000.0));
    html! {
        rect.fault x=(px(from)) y=(px(TOP)) width=(px(to - from)) height=(px(HEIGHT - TOP - BOTTOM)) {
            title { (fault.window) ": " (fault.share) " of " (fault.provider) }
        }
    }
}

fn grid(scale: &Scale, part: f64) -> Markup {
    let value = scale.top * part;
    let y = scale.y(value);
    let label = if scale.top < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    html! {
        line.grid x1=(px(LEFT)) x2=(px(WIDTH - RIGHT)) y1=(px(y)) y2=(px(y)) {}
        text x=(px(LEFT - 6.0)) y=(px(y + 4.0)) text-anchor="end" { (label) }
    }
}

/// Marks on the time axis: at most a dozen, at whole minutes.
fn minutes(scale: &Scale) -> Markup {
    let total = (scale.seconds / 60.0).ceil().max(1.0) as u32;
    let every = [1, 2, 5, 10, 15, 30, 60, 120].into_iter().find(|every| total / every <= 12).unwrap_or(240);
    html! {
        @for minute in (0..=total / every).map(|mark| mark * every) {
            @if f64::from(minute * 60) <= scale.seconds {
                text x=(px(scale.x(f64::from(minute * 60)))) y=(px(HEIGHT - 6.0)) text-anchor="middle" { (minute) " min" }
            }
        }
    }
}

fn path(scale: &Scale, line: &Line) -> Markup {
    let points: Vec<String> = line
        .values
        .iter()
        .enumerate()
        .map(|(n, value)| format!("{},{}", px(scale.x(n as f64 * 10.0 + 5.0)), px(scale.y(*value))))
        .collect();
    html! { polyline.line.(line.class) points=(PreEscaped(points.join(" "))) {} }
}

/// An unseen bar with the step's figures, shown when pointed at.
fn hover(scale: &Scale, n: usize, step: &TimelineStep, tip: &str) -> Markup {
    let from = scale.x(n as f64 * 10.0);
    let width = scale.x(n as f64 * 10.0 + 10.0) - from;
    html! {
        rect.hover x=(px(from)) y=(px(TOP)) width=(px(width)) height=(px(HEIGHT - TOP - BOTTOM)) {
            title { (step.from_s / 60) ":" (format!("{:02}", step.from_s % 60)) "  " (tip) }
        }
    }
}

/// A coordinate with one place: enough for a screen, and short.
fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers() {
        for (value, top) in
            [(0.0, 1.0), (0.7, 1.0), (1.1, 2.0), (203.0, 250.0), (999.0, 1_000.0), (2_600.0, 5_000.0)]
        {
            assert!((nice(value).0 - top).abs() < 1e-9, "{value}: {:?}", nice(value));
        }
    }
}
