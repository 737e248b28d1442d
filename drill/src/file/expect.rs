//! `[expect]`: demands that read as sentences, and k6 thresholds as their users paste them.
//!
//! ```toml
//! availability            = "> 95%"
//! time_to_failover        = "<= 30s"
//! retry_amplification     = "<= 1.6 in windows"
//! cascade                 = "none"
//! "chat.latency.p95"      = "<= 3s"
//! "streams.availability"  = "> 95%"
//! "http_req_duration{route:chat}" = ["p(95)<1500"]
//! ```
//!
//! A key names what is judged: a check of the catalogue by its name in snake case or its id, or a time
//! (`latency`, `service`, `ttft`) with its figure. What stands before it narrows the requests: a kind, or
//! `streams`, `plain`, `tenant:NAME`, `class:NAME`, `phase:NAME`.

use crate::demand::{
    Comparison, Expectation, Figure, Invariant, Measure, Quantity, Scope, Statistic, Subject, Threshold, Unit,
};
use notation::{Problems, parse_duration};
use toml::Value;

/// Millionths in one.
const ONE: i64 = 1_000_000;

/// Reads the section. Paths of problems begin with `expect`.
///
/// # Errors
/// Every key that names nothing and every value that demands nothing.
pub fn read(section: Option<&Value>) -> Result<Vec<Expectation>, Problems> {
    let mut problems = Problems::new();
    let mut expectations = Vec::new();
    let table = match section {
        None => return Ok(expectations),
        Some(Value::Table(table)) => table,
        Some(other) => {
            problems.add("expect", format!("is {}", other.type_str()), "a table of expectations");
            return Err(problems);
        }
    };
    for (key, value) in table {
        let path = format!("expect.{key}");
        for text in texts_of(&path, value, &mut problems) {
            match one(key, text) {
                Ok(expectation) => expectations.push(expectation),
                Err((message, accepted)) => problems.add(path.clone(), message, accepted),
            }
        }
    }
    problems.into_result(expectations)
}

/// The key of the file under which a demand stands. A k6 threshold is known by its text too, since one key
/// holds several.
pub(crate) fn key_of(expectation: &Expectation) -> &str {
    expectation.id.strip_suffix(&expectation.source).map_or(&expectation.id, str::trim_end)
}

/// The demands under a key: one text, or a list of them as k6 has it.
fn texts_of<'v>(path: &str, value: &'v Value, problems: &mut Problems) -> Vec<&'v str> {
    let accepted = "a text such as \"> 95%\", or a list of them";
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list
            .iter()
            .filter_map(|entry| {
                if entry.as_str().is_none() {
                    problems.add(path, format!("holds {}", entry.type_str()), accepted);
                }
                entry.as_str()
            })
            .collect(),
        other => {
            problems.add(path, format!("is {}", other.type_str()), accepted);
            Vec::new()
        }
    }
}

/// What is wrong, and what would be accepted.
type Refusal = (String, String);

fn refuse(message: impl Into<String>, accepted: impl Into<String>) -> Refusal {
    (message.into(), accepted.into())
}

fn one(key: &str, text: &str) -> Result<Expectation, Refusal> {
    if key.starts_with("http_req") { k6(key, text) } else { sentence(key, text) }
}

fn sentence(key: &str, text: &str) -> Result<Expectation, Refusal> {
    let (subject, invariant, figure) = subject_and_check(key)?;
    let (demand, scope) = split_scope(text);
    let scope = scope.unwrap_or(invariant.default_scope());
    refuse_what_cannot_be_judged(invariant, &subject, scope)?;
    Ok(Expectation {
        id: key.to_owned(),
        invariant,
        subject,
        figure,
        scope,
        threshold: threshold(invariant, demand)?,
        source: text.to_owned(),
    })
}

/// A demand that would go unjudged is a demand that always holds.
fn refuse_what_cannot_be_judged(
    invariant: Invariant,
    subject: &Subject,
    scope: Scope,
) -> Result<(), Refusal> {
    let name = snake(invariant.name());
    if !invariant.can_be_narrowed_to(subject) {
        let accepted = match invariant {
            Invariant::F2 => format!("`{name}`, `streams.{name}` or `plain.{name}`"),
            _ => format!("`{name}`"),
        };
        return Err(refuse(format!("`{name}` is not judged of these requests alone"), accepted));
    }
    if !invariant.can_be_judged_over(scope) {
        return Err(refuse(
            format!("`{name}` is judged over the whole run only"),
            "the demand without `in windows` or `everywhere`",
        ));
    }
    Ok(())
}

/// `chat.latency.p95` → the chats, A2, the 95th percentile.
fn subject_and_check(key: &str) -> Result<(Subject, Invariant, Figure), Refusal> {
    let mut subject = Subject::everything();
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if let Some(measure) = measure_of(part) {
            let statistic = parts.next().ok_or_else(|| {
                refuse(
                    format!("`{key}` names no figure"),
                    format!("`{key}.p95`, `.p50`, `.p99`, `.mean` or `.max`"),
                )
            })?;
            let statistic = statistic_of(statistic)?;
            return end_of(parts, key).map(|()| (subject, Invariant::A2, Figure { measure, statistic }));
        }
        if let Some(invariant) = invariant_of(part) {
            return end_of(parts, key).map(|()| (subject, invariant, invariant.default_figure()));
        }
        if parts.peek().is_none() {
            return Err(refuse(format!("`{part}` is no check"), known_checks()));
        }
        narrow(&mut subject, part);
    }
    Err(refuse("the key is empty", known_checks()))
}

fn end_of<'k>(mut rest: impl Iterator<Item = &'k str>, key: &str) -> Result<(), Refusal> {
    match rest.next() {
        None => Ok(()),
        Some(extra) => {
            Err(refuse(format!("`{key}` goes on after its check with `{extra}`"), "the check stands last"))
        }
    }
}

fn narrow(subject: &mut Subject, part: &str) {
    match part.split_once(':') {
        Some(("tenant", name)) => subject.tenant = Some(name.into()),
        Some(("class", name)) => subject.class = Some(name.into()),
        Some(("phase", name)) => subject.phase = Some(name.into()),
        _ => match part {
            "streams" | "streamed" => subject.streamed = Some(true),
            "plain" => subject.streamed = Some(false),
            kind => subject.kind = Some(kind.into()),
        },
    }
}

fn measure_of(part: &str) -> Option<Measure> {
    match part {
        "latency" => Some(Measure::Latency),
        "service" => Some(Measure::Service),
        "ttft" => Some(Measure::Ttft),
        _ => None,
    }
}

fn statistic_of(text: &str) -> Result<Statistic, Refusal> {
    let unknown = || {
        refuse(
            format!("`{text}` is no figure of a distribution"),
            "`p50`, `p90`, `p95`, `p99`, `p999`, `p99.99`, `mean` or `max`",
        )
    };
    match text {
        "mean" | "avg" => Ok(Statistic::Mean),
        "med" | "median" => Ok(Statistic::Permyriad(5000)),
        "max" => Ok(Statistic::Max),
        "p9999" => Ok(Statistic::Permyriad(9999)),
        "p999" => Ok(Statistic::Permyriad(9990)),
        _ => {
            let digits =
                text.strip_prefix('p').map(|rest| rest.trim_start_matches('(').trim_end_matches(')'));
            let percent: f64 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(unknown)?;
            let parts = (percent * 100.0).round();
            // What is finer would be rounded to another figure than the one that is named.
            if !(1.0..10_000.0).contains(&parts) || (parts - percent * 100.0).abs() > 1e-6 {
                return Err(unknown());
            }
            Ok(Statistic::Permyriad(parts as u16))
        }
    }
}

/// A check by its id (`F1`) or its name (`time_to_failover`).
fn invariant_of(part: &str) -> Option<Invariant> {
    Invariant::ALL
        .into_iter()
        .find(|invariant| snake(invariant.name()) == part || invariant.to_string() == part)
}

/// The name of a check as a key of the file.
pub(crate) fn snake(name: &str) -> String {
    name.replace([' ', '-'], "_")
}

fn known_checks() -> String {
    let names: Vec<String> = Invariant::ALL.into_iter().map(|invariant| snake(invariant.name())).collect();
    format!("KIND.latency.p95, or one of {}", names.join(", "))
}

/// Takes `in windows`, `overall` or `everywhere` off the end.
fn split_scope(text: &str) -> (&str, Option<Scope>) {
    let text = text.trim();
    let scopes =
        [("in windows", Scope::Windows), ("overall", Scope::Overall), ("everywhere", Scope::Everywhere)];
    for (word, scope) in scopes {
        if let Some(rest) = text.strip_suffix(word) {
            return (rest.trim(), Some(scope));
        }
    }
    (text, None)
}

fn threshold(invariant: Invariant, demand: &str) -> Result<Threshold, Refusal> {
    let unit = invariant.unit();
    if demand == "none" {
        // Of a cascade there is always a trace in the tails: none means no more than the catalogue lets pass.
        return match invariant {
            Invariant::C1 => Ok(Threshold::at_most(Quantity { micro: ONE / 100, unit })),
            _ if unit == Unit::Count => Ok(Threshold::none()),
            _ => Err(refuse(format!("`none` says nothing about {}", invariant.name()), example(unit))),
        };
    }
    if demand == "all" && unit == Unit::Share {
        return Ok(Threshold::at_least(Quantity { micro: ONE, unit }));
    }
    let (comparison, number) = comparison(demand)
        .ok_or_else(|| refuse(format!("`{demand}` does not begin with a comparison"), example(unit)))?;
    let micro = quantity(number, unit)
        .ok_or_else(|| refuse(format!("`{number}` is no {}", kind_of(unit)), example(unit)))?;
    let threshold = Threshold { comparison, limit: Quantity { micro, unit } };
    if cannot_hold(threshold) {
        return Err(refuse(format!("`{demand}` can never hold: {}", range(unit)), example(unit)));
    }
    Ok(threshold)
}

/// Whether no value that is possible would do.
fn cannot_hold(threshold: Threshold) -> bool {
    let Quantity { micro, unit } = threshold.limit;
    let largest = if unit == Unit::Share { ONE } else { i64::MAX };
    match threshold.comparison {
        Comparison::Below => micro <= 0,
        Comparison::Above => micro >= largest,
        Comparison::AtLeast | Comparison::Exactly => micro > largest,
        Comparison::AtMost => false,
    }
}

fn range(unit: Unit) -> &'static str {
    if unit == Unit::Share { "a share lies between 0% and 100%" } else { "there is nothing below 0" }
}

fn comparison(text: &str) -> Option<(Comparison, &str)> {
    let signs = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("==", Comparison::Exactly),
        ("<", Comparison::Below),
        (">", Comparison::Above),
        ("=", Comparison::Exactly),
    ];
    signs.into_iter().find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?.trim())))
}

fn quantity(text: &str, unit: Unit) -> Option<i64> {
    match unit {
        Unit::Share => decimal(text.strip_suffix('%')?.trim()).map(|micro| micro / 100),
        Unit::Points => {
            let number = text.strip_suffix("pp").or_else(|| text.strip_suffix('%'))?;
            decimal(number.trim()).map(|micro| micro / 100)
        }
        Unit::Seconds => i64::try_from(parse_duration(text).ok()?.as_micros()).ok(),
        Unit::Factor => decimal(text),
        Unit::Count => text.parse::<u32>().ok().map(|count| i64::from(count) * ONE),
        Unit::PerMinute => decimal(text.strip_suffix("/min")?.trim()),
    }
}

/// A decimal number in millionths, without a float in between.
fn decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse::<u32>().ok()?.into();
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    whole.checked_mul(ONE)?.checked_add(fraction)
}

fn kind_of(unit: Unit) -> &'static str {
    match unit {
        Unit::Share => "share",
        Unit::Points => "difference of shares",
        Unit::Seconds => "duration",
        Unit::Factor => "factor",
        Unit::Count => "whole number",
        Unit::PerMinute => "number a minute",
    }
}

fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Share => "`> 95%`, `>= 99.5%`, `all`",
        Unit::Points => "`none`, `<= 1 pp`",
        Unit::Seconds => "`<= 30s`, `< 500ms`",
        Unit::Factor => "`<= 1.6`, `<= 1.6 in windows`",
        Unit::Count => "`none`, `<= 3`",
        Unit::PerMinute => "`<= 6/min`",
    }
}

/// `http_req_duration{route:chat}` with `p(95)<1500`; `http_req_failed` with `rate<0.005`.
fn k6(key: &str, text: &str) -> Result<Expectation, Refusal> {
    let (metric, subject) = k6_metric(key)?;
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let split = compact
        .find(['<', '>', '='])
        .ok_or_else(|| refuse(format!("`{text}` compares nothing"), "`p(95)<1500`"))?;
    let (aggregate, demand) = compact.split_at(split);
    let (comparison, number) =
        comparison(demand).ok_or_else(|| refuse(format!("`{text}` compares nothing"), "`p(95)<1500`"))?;
    let micro = decimal(number)
        .ok_or_else(|| refuse(format!("`{number}` is no number"), "`p(95)<1500`, in milliseconds"))?;
    let expectation = |invariant: Invariant, figure, threshold| Expectation {
        id: format!("{key} {text}"),
        invariant,
        subject,
        figure,
        scope: Scope::Overall,
        threshold,
        source: text.to_owned(),
    };
    match (metric, aggregate) {
        ("http_req_failed", "rate") => {
            // k6 limits failures; availability is the rest.
            let limit = Quantity { micro: ONE - micro, unit: Unit::Share };
            let threshold = Threshold { comparison: mirrored(comparison), limit };
            Ok(expectation(Invariant::A1, Invariant::A1.default_figure(), threshold))
        }
        ("http_req_duration" | "http_req_waiting", _) => {
            let measure = if metric == "http_req_waiting" { Measure::Ttft } else { Measure::Latency };
            let figure = Figure { measure, statistic: statistic_of(aggregate)? };
            let limit = Quantity { micro: micro / 1_000, unit: Unit::Seconds };
            Ok(expectation(Invariant::A2, figure, Threshold { comparison, limit }))
        }
        _ => Err(refuse(
            format!("`{metric}` with `{aggregate}` has no counterpart here"),
            "`http_req_duration` with p(N), avg, med or max; `http_req_failed` with rate",
        )),
    }
}

fn k6_metric(key: &str) -> Result<(&str, Subject), Refusal> {
    let accepted = "`http_req_duration{route:chat}`, tags route, kind, tenant, class or phase";
    let Some((metric, tags)) = key.split_once('{') else { return Ok((key, Subject::everything())) };
    let tags = tags.strip_suffix('}').ok_or_else(|| refuse("the tags are not closed", accepted))?;
    let mut subject = Subject::everything();
    for tag in tags.split(',').filter(|tag| !tag.trim().is_empty()) {
        let (name, value) =
            tag.split_once(':').ok_or_else(|| refuse(format!("`{tag}` is no tag"), accepted))?;
        let value = Some(value.trim().into());
        match name.trim() {
            "route" | "kind" | "name" => subject.kind = value,
            "tenant" => subject.tenant = value,
            "class" => subject.class = value,
            "phase" | "scenario" => subject.phase = value,
            other => return Err(refuse(format!("`{other}` is no tag of ours"), accepted)),
        }
    }
    Ok((metric, subject))
}

fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Below => Comparison::Above,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::Above => Comparison::Below,
        Comparison::AtLeast => Comparison::AtMost,
        Comparison::Exactly => Comparison::Exactly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, text: &str, invariant: Invariant, threshold: &str) -> Expectation {
        let expectation = one(key, text).unwrap_or_else(|refusal| panic!("{key} = {text}: {refusal:?}"));
        assert_eq!(expectation.invariant, invariant, "{key}");
        assert_eq!(expectation.threshold.to_string(), threshold, "{key} = {text}");
        expectation
    }

    #[test]
    fn sentences_become_thresholds() {
        check("availability", "> 95%", Invariant::A1, "> 95%");
        check("time_to_failover", "<= 30s", Invariant::F1, "<= 30s");
        check("attempts_per_request", "<= 3", Invariant::R2, "<= 3");
        let windows = check("retry_amplification", "<= 1.6 in windows", Invariant::R1, "<= 1.6");
        assert_eq!(windows.scope, Scope::Windows);
        check("cascade", "none", Invariant::C1, "<= 1 pp");
        check("silent_truncation", "none", Invariant::E1, "<= 0");
        check("signalled_failure", "all", Invariant::E4, ">= 100%");
        check("F5", "<= 46s", Invariant::F5, "<= 46s");
        let chat = check("chat.latency.p95", "<= 3s", Invariant::A2, "<= 3s");
        assert_eq!(chat.subject.kind.as_deref(), Some("chat"));
        assert_eq!(chat.figure.statistic, Statistic::Permyriad(9500));
        let streams = check("chat.streams.ttft.p99", "< 500ms", Invariant::A2, "< 500ms");
        assert_eq!(streams.subject.streamed, Some(true));
        assert_eq!(streams.figure.measure, Measure::Ttft);
        let tenant = check("tenant:hog.availability", ">= 99.5%", Invariant::A1, ">= 99.5%");
        assert_eq!(tenant.subject.tenant.as_deref(), Some("hog"));
    }

    #[test]
    fn k6_thresholds_are_understood() {
        let chat = check("http_req_duration{route:chat}", "p(95)<1500", Invariant::A2, "< 1.5s");
        assert_eq!(chat.subject.kind.as_deref(), Some("chat"));
        let fine = check("http_req_duration", "p(99.99)<1500", Invariant::A2, "< 1.5s");
        assert_eq!(fine.figure.statistic, Statistic::Permyriad(9999));
        check("http_req_duration", "avg < 200.5", Invariant::A2, "< 200.5ms");
        check("http_req_failed", "rate<0.005", Invariant::A1, "> 99.5%");
    }

    #[test]
    fn a_typo_never_relaxes_an_expectation() {
        for (key, text) in [
            ("avialability", "> 95%"),
            ("availability", "95%"),
            ("availability", "> 95"),
            ("availability", "> 100%"),
            ("availability", ">= 200%"),
            ("silent_truncation", "< 0"),
            ("fail_back_time", "< 0s"),
            ("availability", "> 95% in window"),
            ("availability.p95", "> 95%"),
            ("chat.latency", "<= 3s"),
            ("chat.latency.p950", "<= 3s"),
            ("http_req_duration", "p(99.999)<1500"),
            ("chat.latency.p95", "<= 3"),
            ("attempts_per_request", "<= 3.5"),
            ("time_to_failover", "none"),
            ("chat.time_to_failover", "<= 30s"),
            ("chat.failover_share", ">= 0.9"),
            ("attempts_per_request", "<= 3 in windows"),
            ("http_req_duration{rout:chat}", "p(95)<1500"),
            ("http_req_duration{route:chat", "p(95)<1500"),
            ("http_req_blocked", "p(95)<1500"),
            ("http_req_failed", "rate<half"),
            ("", "> 1%"),
        ] {
            let refusal = one(key, text).expect_err(&format!("{key} = {text} was accepted"));
            assert!(!refusal.1.is_empty(), "{key}: says what would be accepted");
        }
    }
}
