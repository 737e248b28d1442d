//! `report.md`: the verdict for a pull request or a chat.

use crate::invariant::{Finding, FindingVerdict};
use crate::observed::StatsReport;
use std::fmt::Write;

use super::{Report, SHOWN_MAX, clock, demanded, latency_figure, load_line, measured, percent, word};

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut text, report);
    let _ = findings(&mut text, report);
    let _ = figures(&mut text, report);
    let _ = write!(text, "\nReplay: `{}`\n", report.replay);
    text
}

fn head(out: &mut String, report: &Report) -> std::fmt::Result {
    let safe =
        if report.judgement.safe { " (safe: every error was bounded, clean and unamplified)" } else { "" };
    writeln!(out, "# {}: {}{safe}\n", report.drill, report.verdict_word())?;
    writeln!(out, "{}\n", report.title)?;
    writeln!(
        out,
        "seed {} · {} time · profile {} · {} · version {}",
        report.seed,
        time_word(report),
        report.profile,
        report.target,
        report.version
    )?;
    for reason in &report.judgement.invalid_because {
        writeln!(out, "\n> {reason}")?;
    }
    Ok(())
}

/// `virtual` or `real`.
pub(super) fn time_word(report: &Report) -> &'static str {
    match report.time {
        crate::demand::TimeBasis::Virtual => "virtual",
        crate::demand::TimeBasis::Real => "real",
    }
}

fn findings(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "\n| expectation | check | verdict | measured | demanded | theory |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for finding in report.demanded().chain(report.remarks()) {
        row(out, finding)?;
    }
    breaches(out, report)?;
    let list =
        |findings: Vec<String>| if findings.is_empty() { "none".to_owned() } else { findings.join(", ") };
    let name = |finding: &Finding| format!("{} {}", finding.invariant, finding.name);
    writeln!(out, "\nAlso held: {}.", list(report.also_held().map(name).collect()))?;
    let open = |finding: &Finding| format!("{} {} ({})", finding.invariant, finding.name, finding.detail);
    writeln!(out, "\nNot judged: {}.", list(report.not_judged().map(open).collect()))
}

fn row(out: &mut String, finding: &Finding) -> std::fmt::Result {
    writeln!(
        out,
        "| {} | {} {} | **{}** | {} | {} | {} |",
        cell(&finding.id),
        finding.invariant,
        finding.name,
        word(finding.verdict),
        cell(&measured(finding)),
        cell(&demanded(finding)),
        cell(finding.theory.as_deref().unwrap_or("–"))
    )
}

/// Of each check that did not pass: what was seen, when first, and requests to look at.
fn breaches(out: &mut String, report: &Report) -> std::fmt::Result {
    let is_open = |finding: &&Finding| finding.verdict != FindingVerdict::Pass;
    for (index, finding) in report.demanded().chain(report.remarks()).filter(is_open).enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        write!(out, "{gap}- {} {}: {}", finding.invariant, finding.name, finding.detail)?;
        if let Some(second) = finding.first_breach_s {
            write!(out, "; first at {}", clock(second))?;
        }
        let shown: Vec<String> =
            finding.evidence.iter().take(SHOWN_MAX).map(|nonce| format!("`{nonce}`")).collect();
        if finding.verdict == FindingVerdict::Fail && !shown.is_empty() {
            write!(out, "; such as {}", shown.join(", "))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A text that cannot end its table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn figures(out: &mut String, report: &Report) -> std::fmt::Result {
    let measured = &report.judgement.measured;
    writeln!(out, "\n| requests | count | ok | p50 | p95 | p99 | max |\n|---|---|---|---|---|---|---|")?;
    stats_row(out, "all", &measured.overall)?;
    for (name, stats) in measured.by_kind.iter().chain(&measured.by_window) {
        stats_row(out, name, stats)?;
    }
    for (name, stats) in &measured.control {
        stats_row(out, &format!("control {name}"), stats)?;
    }
    writeln!(out, "\n| provider | attempts | faulted | served |\n|---|---|---|---|")?;
    for (name, provider) in &measured.by_provider {
        writeln!(out, "| {name} | {} | {} | {} |", provider.attempts, provider.faulted, provider.served)?;
    }
    writeln!(out, "\nLoad: {}.", load_line(report))
}

fn stats_row(out: &mut String, name: &str, stats: &StatsReport) -> std::fmt::Result {
    let latency = |pick| latency_figure(stats, pick);
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |",
        cell(name),
        stats.requests,
        percent(stats.ok, stats.requests),
        latency(|summary| summary.p50.0),
        latency(|summary| summary.p95.0),
        latency(|summary| summary.p99.0),
        latency(|summary| summary.max.0)
    )
}
