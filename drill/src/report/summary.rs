//! The summary at the end of a run, for a terminal: thresholds first, then figures.

use crate::invariant::{Finding, FindingVerdict};
use crate::observed::StatsReport;
use std::fmt::Write;

use super::markdown::time_word;
use super::{Report, SHOWN_MAX, clock, demanded, latency_figure, load_line, measured, percent};

/// How a summary may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone: pipes, files, `NO_COLOR`.
    Plain,
    /// With ANSI colours. Everything that a colour says is said by a word or a sign too.
    Colour,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn verdict(self, verdict: FindingVerdict, text: &str) -> String {
        self.paint(
            match verdict {
                FindingVerdict::Pass => "32",
                FindingVerdict::Fail => "31;1",
                FindingVerdict::Advisory | FindingVerdict::Inconclusive => "33",
                FindingVerdict::NotJudged => "2",
            },
            text,
        )
    }
}

/// The summary of a report.
#[must_use]
pub fn summary(report: &Report, style: Style) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_summary(&mut out, report, style);
    out
}

fn write_summary(out: &mut String, report: &Report, style: Style) -> std::fmt::Result {
    writeln!(out, "\n{}  {}", style.paint("1", &report.drill), report.title)?;
    let basis = format!(
        "seed {}, {} time, profile {}, {}",
        report.seed,
        time_word(report),
        report.profile,
        report.target
    );
    writeln!(out, "{}\n", style.paint("2", &basis))?;
    for finding in report.demanded() {
        line(out, finding, style)?;
    }
    for finding in report.remarks() {
        line(out, finding, style)?;
    }
    rest(out, report, style)?;
    figures(out, report)?;
    for reason in &report.judgement.invalid_because {
        writeln!(out, "  {}", style.paint("33", reason))?;
    }
    verdict_line(out, report, style)
}

fn sign(verdict: FindingVerdict) -> &'static str {
    match verdict {
        FindingVerdict::Pass => "✓",
        FindingVerdict::Fail => "✗",
        FindingVerdict::Advisory => "!",
        FindingVerdict::Inconclusive => "?",
        FindingVerdict::NotJudged => "·",
    }
}

fn line(out: &mut String, finding: &Finding, style: Style) -> std::fmt::Result {
    let mark = style.verdict(finding.verdict, sign(finding.verdict));
    let demand = match finding.verdict {
        FindingVerdict::Advisory => format!("advisory {}", demanded(finding)),
        _ => demanded(finding),
    };
    // Findings of the catalogue have the check's id for a name.
    let name = if finding.demanded { finding.id.clone() } else { finding.name.replace(' ', "_") };
    write!(
        out,
        "  {mark} {name:<34} {:<4} {:>12}   {demand}",
        finding.invariant.to_string(),
        measured(finding)
    )?;
    if finding.verdict != FindingVerdict::Pass && !finding.detail.is_empty() {
        write!(out, "\n      {}", style.paint("2", &finding.detail))?;
    }
    if let Some(second) = finding.first_breach_s {
        write!(out, "{}", style.paint("2", &format!("; first at {}", clock(second))))?;
    }
    if finding.verdict == FindingVerdict::Fail && !finding.evidence.is_empty() {
        let nonces: Vec<String> = finding.evidence.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
        write!(out, "\n      {}", style.paint("2", &format!("such as {}", nonces.join(", "))))?;
    }
    writeln!(out)?;
    if let Some(theory) = &finding.theory {
        writeln!(out, "      {}", style.paint("2", &format!("theory: {theory}")))?;
    }
    Ok(())
}

fn rest(out: &mut String, report: &Report, style: Style) -> std::fmt::Result {
    let names = |findings: &mut dyn Iterator<Item = &Finding>| {
        findings.map(|finding| finding.invariant.to_string()).collect::<Vec<_>>().join(" ")
    };
    let held = names(&mut report.also_held());
    if !held.is_empty() {
        writeln!(out, "  {}", style.paint("2", &format!("also held: {held}")))?;
    }
    let open = names(&mut report.not_judged());
    if !open.is_empty() {
        writeln!(out, "  {}", style.paint("2", &format!("not judged: {open} (report.md says why)")))?;
    }
    Ok(())
}

fn figures(out: &mut String, report: &Report) -> std::fmt::Result {
    let all = &report.judgement.measured;
    writeln!(
        out,
        "\n  {:<24} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "", "requests", "ok", "p50", "p95", "p99", "max"
    )?;
    stats(out, "all", &all.overall)?;
    for (name, group) in &all.by_kind {
        stats(out, name, group)?;
    }
    for (name, group) in &all.by_window {
        stats(out, name, group)?;
    }
    for (name, group) in &all.control {
        stats(out, &format!("control {name}"), group)?;
    }
    writeln!(out)?;
    for (name, provider) in &all.by_provider {
        let faulted = percent(provider.faulted, provider.attempts);
        writeln!(
            out,
            "  {name:<24} {:>9} attempts, {faulted} faulted, {} served",
            provider.attempts, provider.served
        )?;
    }
    writeln!(out, "  load: {}\n", load_line(report))
}

fn stats(out: &mut String, name: &str, group: &StatsReport) -> std::fmt::Result {
    let figure = |pick| latency_figure(group, pick);
    writeln!(
        out,
        "  {name:<24} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10}",
        group.requests,
        percent(group.ok, group.requests),
        figure(|summary| summary.p50.0),
        figure(|summary| summary.p95.0),
        figure(|summary| summary.p99.0),
        figure(|summary| summary.max.0)
    )
}

fn verdict_line(out: &mut String, report: &Report, style: Style) -> std::fmt::Result {
    let colour = match report.exit_code {
        0 => "32;1",
        99 => "31;1",
        _ => "33;1",
    };
    let safe =
        if report.judgement.safe { ", safe: every error was bounded, clean and unamplified" } else { "" };
    writeln!(out, "  {}{safe}", style.paint(colour, report.verdict_word()))
}
