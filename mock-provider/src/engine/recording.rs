//! Recorded latencies, to be replayed: a file of CSV or of JSON lines, one answer a row.
//!
//! Columns, by name and in any order, others ignored: `ttft_ms` (time to the first token); `inter_token_ms` (mean
//! time from one token to the next) or `total_ms` (time to the last token) with `tokens`. An embedding has
//! `ttft_ms` alone. Milliseconds may have decimals.

use std::fmt;
use std::time::Duration;

use csv::StringRecord;
use serde::Deserialize;

use super::latency::Timing;

/// Which row a request gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// One drawn by the request's identity: a try again of the same run gets its own again.
    #[default]
    Drawn,
    /// The next one, and after the last the first again.
    InOrder,
}

/// Recorded latencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    rows: Vec<Timing>,
    /// Which row a request gets.
    pub order: Order,
}

/// What is wrong with a line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LineProblem {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// One row, as written.
#[derive(Debug, Default, Deserialize)]
struct Row {
    ttft_ms: Option<f64>,
    inter_token_ms: Option<f64>,
    total_ms: Option<f64>,
    tokens: Option<u32>,
}

impl Recording {
    /// Reads a recording: JSON lines when the first line is an object, else CSV with a header.
    ///
    /// # Errors
    /// Every line that is wrong; a file without rows.
    pub fn parse(text: &str, order: Order) -> Result<Self, Vec<LineProblem>> {
        let is_json = text.trim_start().starts_with('{');
        let results = if is_json { json_rows(text) } else { csv_rows(text) };
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        for (line, row) in results {
            match row.and_then(|row| row.timing()) {
                Ok(timing) => rows.push(timing),
                Err(message) => problems.push(LineProblem { line, message }),
            }
        }
        if rows.is_empty() && problems.is_empty() {
            problems.push(LineProblem { line: 1, message: "there are no rows".to_owned() });
        }
        if problems.is_empty() { Ok(Self { rows, order }) } else { Err(problems) }
    }

    /// How many rows it has, at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A recording has rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Row `number`, counted on from the first again after the last.
    #[must_use]
    pub fn row(&self, number: u64) -> Timing {
        let index = number % (self.rows.len() as u64).max(1);
        self.rows.get(index as usize).copied().unwrap_or_default()
    }
}

type Rows = Vec<(u64, Result<Row, String>)>;

fn json_rows(text: &str) -> Rows {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| (number, serde_json::from_str(line).map_err(|error| error.to_string())))
        .collect()
}

/// Line by line, for a row is one line and the crate's count of lines leaves out blank ones and comments.
fn csv_rows(text: &str) -> Rows {
    let lines = (1..).zip(text.lines());
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let (number, header) = lines.next().unwrap_or((1, ""));
    let header = fields(header).unwrap_or_default();
    if !header.iter().any(|name| name == "ttft_ms") {
        return vec![(number, Err("no column is named `ttft_ms`".to_owned()))];
    }
    lines.map(|(number, line)| (number, csv_row(line, &header))).collect()
}

fn csv_row(line: &str, header: &StringRecord) -> Result<Row, String> {
    let record = fields(line).map_err(|error| error.to_string())?;
    if record.len() != header.len() {
        return Err(format!("{} fields where the header has {}", record.len(), header.len()));
    }
    record.deserialize(Some(header)).map_err(|error| match error.kind() {
        // The crate's words without the position, which is told anyway.
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => error.to_string(),
    })
}

fn fields(line: &str) -> Result<StringRecord, csv::Error> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).trim(csv::Trim::All).buffer_capacity(line.len().max(1));
    let mut record = StringRecord::new();
    builder.from_reader(line.as_bytes()).read_record(&mut record)?;
    Ok(record)
}

impl Row {
    fn timing(&self) -> Result<Timing, String> {
        let first = duration("ttft_ms", self.ttft_ms.ok_or("`ttft_ms` is missing")?)?;
        let inter = match (self.inter_token_ms, self.total_ms) {
            (Some(_), Some(_)) => return Err("`inter_token_ms` and `total_ms` are both there".to_owned()),
            (Some(inter), None) => duration("inter_token_ms", inter)?,
            (None, Some(total)) => self.inter_of(duration("total_ms", total)?, first)?,
            (None, None) => Duration::ZERO,
        };
        Ok(Timing::new(first, inter))
    }

    fn inter_of(&self, total: Duration, first: Duration) -> Result<Duration, String> {
        let tokens = self.tokens.ok_or("`total_ms` says nothing without `tokens`")?;
        let rest = total.checked_sub(first).ok_or("`total_ms` is less than `ttft_ms`")?;
        Ok(rest.checked_div(tokens.saturating_sub(1)).unwrap_or_default())
    }
}

fn duration(name: &str, milliseconds: f64) -> Result<Duration, String> {
    // A day: nobody waits longer, and it keeps sums far from overflow.
    if (0.0..=86_400_000.0).contains(&milliseconds) {
        Ok(Duration::from_micros(libm::round(milliseconds * 1_000.0) as u64))
    } else {
        Err(format!("`{name}` is {milliseconds}, not a time of 0 to 86400000 ms"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recording, Vec<LineProblem>> {
        Recording::parse(text, Order::InOrder)
    }

    fn timing(first_us: u64, inter_us: u64) -> Timing {
        Timing::new(Duration::from_micros(first_us), Duration::from_micros(inter_us))
    }

    #[test]
    fn columns_are_found_by_name() {
        let text = "model,ttft_ms, inter_token_ms\n# a run of 2026-11\nm,312.5,9\nm,2200,11.25\n";
        let recording = parse(text).expect("sound");
        assert_eq!(recording.len(), 2);
        assert_eq!(
            [0, 1, 2].map(|n| recording.row(n)),
            [timing(312_500, 9_000), timing(2_200_000, 11_250), timing(312_500, 9_000),]
        );
    }

    #[test]
    fn a_total_gives_the_time_between_tokens() {
        let text = "{\"ttft_ms\":100,\"total_ms\":1100,\"tokens\":101}\n\n{\"ttft_ms\":60,\"total_ms\":60,\"tokens\":1}\n{\"ttft_ms\":70}\n";
        let recording = parse(text).expect("sound");
        let rows = [0, 1, 2].map(|n| recording.row(n));
        assert_eq!(rows, [timing(100_000, 10_000), timing(60_000, 0), timing(70_000, 0)]);
    }

    #[test]
    fn every_wrong_line_is_told_by_its_number() {
        let text = "# a run\nttft_ms,total_ms,tokens\n100,900,10\n-1,900,10\n200,100,10\n\n300,900,\n400,900\nsoon,900,10\n";
        let problems = parse(text).expect_err("five lines are wrong");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 4: `ttft_ms` is -1, not a time of 0 to 86400000 ms",
                "line 5: `total_ms` is less than `ttft_ms`",
                "line 7: `total_ms` says nothing without `tokens`",
                "line 8: 2 fields where the header has 3",
                "line 9: invalid float literal",
            ]
        );
        for (text, expected) in [
            ("", "line 1: no column is named `ttft_ms`"),
            ("ttft_ms\n", "line 1: there are no rows"),
            ("{\"ttft_ms\":1}\n{\"ttft\":1}\n", "line 2: `ttft_ms` is missing"),
        ] {
            assert_eq!(parse(text).expect_err(text)[0].to_string(), expected);
        }
        assert!(
            parse("{\"ttft_ms\":1}\n{\"ttft_ms\":").expect_err("cut")[0]
                .to_string()
                .starts_with("line 2: EOF")
        );
    }
}
