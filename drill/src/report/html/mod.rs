//! `report.html`: one file, no network, no script. Readable in light and dark, and on paper.

mod chart;

use crate::invariant::{Finding, FindingVerdict};
use crate::observed::StatsReport;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::markdown::time_word;
use super::{Report, demanded, measured, millis, percent, word};

const STYLE: &str = include_str!("style.css");

/// The report as a page.
#[must_use]
pub fn page(report: &Report) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (report.drill) ": " (report.verdict_word()) " · Brownout" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                main {
                    (expectations(report))
                    (charts(report))
                    (figures(report))
                    (others(report))
                }
                footer { "Brownout " (report.version) ". The same run again: " code { (report.replay) } }
            }
        }
    };
    markup.into_string()
}

fn head(report: &Report) -> Markup {
    let class = match report.exit_code {
        0 => "pass",
        99 => "fail",
        _ => "invalid",
    };
    html! {
        header {
            p.verdict.(class) { (report.verdict_word()) }
            h1 { (report.drill) }
            p.title { (report.title) }
            @if report.judgement.safe {
                p { "Safe: availability was missed, but every error was bounded, clean and unamplified." }
            }
            @for reason in &report.judgement.invalid_because { p.reason { (reason) } }
            dl {
                (fact("seed", &report.seed.to_string()))
                (fact("time", time_word(report)))
                (fact("profile", &report.profile))
                (fact("judged", &report.target))
                @if !report.weaknesses.is_empty() { (fact("weakened by", &report.weaknesses.join(", "))) }
                @if let Some(source) = &report.source { (fact("requirement", source)) }
                (fact("exit code", &report.exit_code.to_string()))
            }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn expectations(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Expectations" }
            table {
                thead { tr { th {} th { "expectation" } th { "check" } th.number { "measured" } th { "demanded" } th { "what was seen" } } }
                tbody {
                    @for finding in report.demanded() { (finding_row(finding)) }
                    @for finding in report.remarks() { (finding_row(finding)) }
                }
            }
        }
    }
}

fn finding_row(finding: &Finding) -> Markup {
    let class = match finding.verdict {
        FindingVerdict::Pass => "pass",
        FindingVerdict::Fail => "fail",
        FindingVerdict::Advisory | FindingVerdict::Inconclusive => "advisory",
        FindingVerdict::NotJudged => "open",
    };
    html! {
        tr {
            td { span.mark.(class) { (word(finding.verdict)) } }
            td { @if finding.demanded { code { (finding.id) } } @else { span.muted { "not demanded" } } }
            td { (finding.invariant.to_string()) " " (finding.name) }
            td.number { (measured(finding)) }
            td { (demanded(finding)) }
            td {
                (finding.detail)
                @if let Some(second) = finding.first_breach_s { " First broken in second " (second) " of the run." }
                @if let Some(theory) = &finding.theory { span.theory { "Theory: " (theory) } }
                @if !finding.evidence.is_empty() {
                    span.theory { "Such as " @for nonce in finding.evidence.iter().take(5) { code { (nonce.to_string()) } " " } }
                }
            }
        }
    }
}

fn charts(report: &Report) -> Markup {
    html! {
        section {
            h2 { "The run" }
            p.muted { "Steps of 10 s by intended send time. Shaded: faults." }
            (chart::rate(report))
            (chart::latency(report))
            (chart::attempts(report))
        }
    }
}

fn figures(report: &Report) -> Markup {
    let all = &report.judgement.measured;
    let load = &report.judgement.load;
    html! {
        section {
            h2 { "Figures" }
            p.muted { "Latency is counted from the intended send time." }
            table {
                thead { tr { th { "requests" } th.number { "count" } th.number { "ok" } th.number { "p50" } th.number { "p90" } th.number { "p95" } th.number { "p99" } th.number { "max" } th.number { "first token p95" } } }
                tbody {
                    (stats("all", &all.overall))
                    @for (name, group) in &all.by_kind { (stats(name, group)) }
                    @for (name, group) in &all.by_window { (stats(name, group)) }
                    @for (name, group) in &all.by_phase { (stats(&format!("phase {name}"), group)) }
                    @if all.by_tenant.len() > 1 { @for (name, group) in &all.by_tenant { (stats(&format!("tenant {name}"), group)) } }
                    @for (name, group) in &all.control { (stats(&format!("control {name}"), group)) }
                    @if let Some(group) = &all.deliberate { (stats("bad on purpose", group)) }
                }
            }
            table {
                thead { tr { th { "provider" } th.number { "attempts" } th.number { "faulted" } th.number { "served" } th.number { "tokens" } th { "ended" } } }
                tbody {
                    @for (name, provider) in &all.by_provider {
                        tr {
                            td { (name) }
                            td.number { (provider.attempts) }
                            td.number { (percent(provider.faulted, provider.attempts)) }
                            td.number { (provider.served) }
                            td.number { (provider.tokens) }
                            td { @for (outcome, count) in &provider.outcomes { (outcome) " " (count) " " } }
                        }
                    }
                }
            }
            p {
                "Load: " (load.requested) " requested, " (load.scheduled) " scheduled, " (load.sent) " sent, "
                (load.completed) " completed, " (load.late) " late, " (load.dropped + load.dropped_at_cap)
                " dropped. Send lag p99 " (millis(load.send_lag_p99_us)) "."
            }
        }
    }
}

fn stats(name: &str, group: &StatsReport) -> Markup {
    let figure = |pick: fn(&evidence::histogram::Summary) -> u64| {
        group.latency_ms.as_ref().map_or_else(|| "–".to_owned(), |summary| millis(pick(summary)))
    };
    let first_token = group.ttft_ms.as_ref().map_or_else(|| "–".to_owned(), |summary| millis(summary.p95.0));
    html! {
        tr {
            td { (name) }
            td.number { (group.requests) }
            td.number { (percent(group.ok, group.requests)) }
            td.number { (figure(|s| s.p50.0)) }
            td.number { (figure(|s| s.p90.0)) }
            td.number { (figure(|s| s.p95.0)) }
            td.number { (figure(|s| s.p99.0)) }
            td.number { (figure(|s| s.max.0)) }
            td.number { (first_token) }
        }
    }
}

fn others(report: &Report) -> Markup {
    html! {
        section {
            h2 { "The rest of the catalogue" }
            ul {
                @for finding in report.also_held() {
                    li { span.mark.pass { "held" } " " (finding.invariant.to_string()) " " (finding.name) ": " (measured(finding)) " (" (demanded(finding)) ")" }
                }
                @for finding in report.not_judged() {
                    li { span.mark.open { (word(finding.verdict)) } " " (finding.invariant.to_string()) " " (finding.name) ": " (finding.detail) }
                }
            }
        }
    }
}
