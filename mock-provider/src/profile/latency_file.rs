//! A profile's speed as it stands in its file, and single values of it as a drill replaces them.

use std::time::Duration;

use notation::{DurationText, Problems, Share};
use serde::{Deserialize, Serialize};

use crate::engine::latency::mean_and_cv;
use crate::engine::{LatencyLaw, LineProblem, Order, Recording, SlowMode};

/// Speed, as written. In a drill, what is left out stays as the profile has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyFile {
    /// Mean time to the first token of an empty prompt; of the whole answer, for embeddings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overhead: Option<DurationText>,
    /// What each token of the prompt adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_prompt_token: Option<DurationText>,
    /// What each token adds that the model's cache holds; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_cached_token: Option<DurationText>,
    /// Coefficient of variation of the time to the first token; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_cv: Option<f64>,
    /// In place of `overhead` and `ttft_cv`: the median of the time to the first token of an empty prompt …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_p50: Option<DurationText>,
    /// … and its 95th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_p95: Option<DurationText>,
    /// Mean time from one token to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_token: Option<DurationText>,
    /// Coefficient of variation of that time between requests; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_token_cv: Option<f64>,
    /// In place of `inter_token` and `inter_token_cv`: the median of the time from one token to the next …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_token_p50: Option<DurationText>,
    /// … and its 95th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_token_p95: Option<DurationText>,
    /// The slow ones among the first tokens; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<SlowFile>,
    /// Recorded latencies, which take the place of all the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedFile>,
}

/// A second law for the time to the first token of some requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowFile {
    /// How many of all requests.
    pub share: Share,
    /// The median of their time to the first token of an empty prompt.
    pub ttft_p50: DurationText,
    /// Its 95th percentile.
    pub ttft_p95: DurationText,
}

/// Recorded latencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    /// A file of CSV or JSON lines with `ttft_ms` and either `inter_token_ms` or `total_ms` and `tokens`. A
    /// relative path counts from the working directory.
    pub file: String,
    /// Which row a request gets; `drawn` when left out.
    #[serde(default)]
    pub order: OrderFile,
}

/// Which row of a recording a request gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderFile {
    /// One drawn by the request's identity.
    #[default]
    Drawn,
    /// One after the other, and then from the first again.
    InOrder,
}

/// A coefficient of variation above this is a mistake: half of all values would be next to nothing.
const CV_MAX: f64 = 10.0;

/// Wrong lines of a recording that are told singly.
const LINES_TOLD: usize = 10;

/// The largest recording, in bytes: some millions of rows.
const RECORDING_MAX: u64 = 256 << 20;

impl LatencyFile {
    pub(super) fn plan(&self, base: Option<&LatencyLaw>) -> Result<LatencyLaw, Problems> {
        let mut problems = Problems::new();
        let (overhead, ttft_cv) = self.ttft(base, &mut problems);
        let (inter_token, inter_token_cv) = self.inter_token(base, &mut problems);
        let or_zero = |text: Option<DurationText>, base: Option<Duration>| {
            text.map(|text| text.0).or(base).unwrap_or_default()
        };
        let slow = self.slow.as_ref().map(SlowFile::plan).transpose();
        let slow = problems.take("slow", slow).flatten().or(base.and_then(|law| law.slow));
        problems.into_result(LatencyLaw {
            overhead,
            per_prompt_token: or_zero(self.per_prompt_token, base.map(|law| law.per_prompt_token)),
            per_cached_token: or_zero(self.per_cached_token, base.map(|law| law.per_cached_token)),
            ttft_cv,
            inter_token,
            inter_token_cv,
            slow,
        })
    }

    fn ttft(&self, base: Option<&LatencyLaw>, problems: &mut Problems) -> (Duration, f64) {
        let mean = self.overhead.map(|text| text.0).or(base.map(|law| law.overhead));
        let by_percentiles = Percentiles { name: "ttft", p50: self.ttft_p50, p95: self.ttft_p95 };
        if let Some(law) = by_percentiles.law(self.overhead.is_some() || self.ttft_cv.is_some(), problems) {
            return law;
        }
        if mean.is_none() && self.recorded.is_none() {
            problems.add("overhead", "is missing", "a duration such as `300ms`");
        }
        let cv = cv("ttft_cv", self.ttft_cv, base.map(|law| law.ttft_cv), problems);
        (mean.unwrap_or_default(), cv)
    }

    fn inter_token(&self, base: Option<&LatencyLaw>, problems: &mut Problems) -> (Duration, f64) {
        let mean = self.inter_token.map(|text| text.0).or(base.map(|law| law.inter_token));
        let by_percentiles =
            Percentiles { name: "inter_token", p50: self.inter_token_p50, p95: self.inter_token_p95 };
        let is_doubled = self.inter_token.is_some() || self.inter_token_cv.is_some();
        by_percentiles.law(is_doubled, problems).unwrap_or_else(|| {
            let cv = cv("inter_token_cv", self.inter_token_cv, base.map(|law| law.inter_token_cv), problems);
            (mean.unwrap_or_default(), cv)
        })
    }

    /// Reads the recording, if there is one.
    pub(super) fn recording(&self) -> Result<Option<Recording>, Problems> {
        let Some(recorded) = &self.recorded else { return Ok(None) };
        let mut problems = Problems::new();
        let recording = recorded.read(&mut problems);
        problems.into_result(recording)
    }
}

/// A law told by two percentiles, as measurements are.
struct Percentiles {
    name: &'static str,
    p50: Option<DurationText>,
    p95: Option<DurationText>,
}

impl Percentiles {
    fn law(&self, is_doubled: bool, problems: &mut Problems) -> Option<(Duration, f64)> {
        let name = self.name;
        let (p50, p95) = match (self.p50, self.p95) {
            (None, None) => return None,
            (Some(p50), Some(p95)) => (p50.0, p95.0),
            (p50, _) => {
                let missing = if p50.is_some() { "p95" } else { "p50" };
                problems.add(format!("{name}_{missing}"), "is missing", "both percentiles, or mean and CV");
                return None;
            }
        };
        if is_doubled {
            problems.add(
                format!("{name}_p50"),
                "stands beside a mean or a coefficient of variation",
                "either percentiles or these",
            );
        }
        law_of(&format!("{name}_p95"), p50, p95, problems)
    }
}

fn law_of(path: &str, p50: Duration, p95: Duration, problems: &mut Problems) -> Option<(Duration, f64)> {
    if p50.is_zero() || p95 < p50 {
        problems.add(path, "is below the median, or the median is zero", "at least the median, above 0");
        return None;
    }
    Some(mean_and_cv(p50, p95))
}

fn cv(key: &str, value: Option<f64>, base: Option<f64>, problems: &mut Problems) -> f64 {
    let value = value.or(base).unwrap_or(0.0);
    if !(0.0..=CV_MAX).contains(&value) {
        problems.add(key, "is not a coefficient of variation", "0 (none) to 10");
    }
    value
}

impl SlowFile {
    fn plan(&self) -> Result<SlowMode, Problems> {
        let mut problems = Problems::new();
        let law = law_of("ttft_p95", self.ttft_p50.0, self.ttft_p95.0, &mut problems);
        let (overhead, ttft_cv) = law.unwrap_or_default();
        problems.into_result(SlowMode { share: self.share.fraction(), overhead, ttft_cv })
    }
}

impl RecordedFile {
    fn read(&self, problems: &mut Problems) -> Option<Recording> {
        let text = match self.text() {
            Ok(text) => text,
            Err(message) => {
                problems.add("recorded.file", message, "a readable file of CSV or JSON lines");
                return None;
            }
        };
        let order = match self.order {
            OrderFile::Drawn => Order::Drawn,
            OrderFile::InOrder => Order::InOrder,
        };
        Recording::parse(&text, order).map_err(|wrong| self.tell(&wrong, problems)).ok()
    }

    fn text(&self) -> Result<String, String> {
        let told = |error: std::io::Error| format!("`{}` cannot be read: {error}", self.file);
        let length = std::fs::metadata(&self.file).map_err(told)?.len();
        if length > RECORDING_MAX {
            return Err(format!("`{}` has {length} bytes, more than {RECORDING_MAX}", self.file));
        }
        std::fs::read_to_string(&self.file).map_err(told)
    }

    fn tell(&self, wrong: &[LineProblem], problems: &mut Problems) {
        const ACCEPTED: &str = "`ttft_ms` and either `inter_token_ms` or `total_ms` and `tokens`";
        for LineProblem { line, message } in wrong.iter().take(LINES_TOLD) {
            problems.add("recorded.file", format!("{}:{line}: {message}", self.file), ACCEPTED);
        }
        if wrong.len() > LINES_TOLD {
            let more = wrong.len() - LINES_TOLD;
            problems.add("recorded.file", format!("{}: {more} more lines are wrong", self.file), ACCEPTED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> LatencyFile {
        toml::from_str(text).expect(text)
    }

    fn paths(problems: &Problems) -> Vec<&str> {
        problems.as_slice().iter().map(|problem| problem.path.as_str()).collect()
    }

    #[test]
    fn percentiles_tell_a_law_as_well() {
        let text = "ttft_p50 = \"600ms\"\nttft_p95 = \"1080ms\"\ninter_token_p50 = \"10ms\"\ninter_token_p95 = \"10ms\"";
        let law = file(text).plan(None).expect("sound");
        let p95 = law.ttft(0).quantile(0.95).expect("lognormal");
        assert!((p95 / 1_080_000.0 - 1.0).abs() < 1e-3, "{p95}");
        assert_eq!((law.inter_token, law.inter_token_cv), (Duration::from_millis(10), 0.0));
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        for (text, expected) in [
            ("ttft_p50 = \"1s\"", "ttft_p95"),
            ("ttft_p95 = \"1s\"", "ttft_p50"),
            ("ttft_p50 = \"2s\"\nttft_p95 = \"1s\"", "ttft_p95"),
            ("ttft_p50 = \"1s\"\nttft_p95 = \"2s\"\nttft_cv = 0.1", "ttft_p50"),
            ("inter_token_p50 = \"0s\"\ninter_token_p95 = \"2s\"", "inter_token_p95"),
            ("[slow]\nshare = \"5%\"\nttft_p50 = \"2s\"\nttft_p95 = \"1s\"", "slow.ttft_p95"),
        ] {
            let base = file("overhead = \"1s\"").plan(None).expect("sound");
            assert_eq!(paths(&file(text).plan(Some(&base)).expect_err(text)), [expected], "{text}");
        }
    }

    #[test]
    fn a_recording_is_read_and_its_wrong_lines_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.csv");
        let at = |order: &str| file(&format!("recorded = {{ file = {path:?}, order = \"{order}\" }}"));
        std::fs::write(&path, "ttft_ms,inter_token_ms\n100,5\n200,6\n").expect("written");
        let recording = at("in-order").recording().expect("sound").expect("there");
        assert_eq!((recording.len(), recording.order), (2, Order::InOrder));
        let wrong: String = (0..12).map(|_| "x,1\n").collect();
        std::fs::write(&path, format!("ttft_ms,inter_token_ms\n100,5\n{wrong}")).expect("written");
        let problems = at("drawn").recording().expect_err("twelve lines are wrong");
        assert_eq!(problems.as_slice().len(), 11);
        assert!(problems.as_slice()[0].message.contains("run.csv:3: "), "{problems}");
        assert!(problems.as_slice()[10].message.ends_with("2 more lines are wrong"), "{problems}");
        let nowhere = file("recorded = { file = \"/nowhere/run.csv\" }").recording();
        assert_eq!(paths(&nowhere.expect_err("not there")), ["recorded.file"]);
    }
}
