//! `junit.xml`: one test case for each expectation, so that a CI system shows which one broke.

use crate::invariant::{Finding, FindingVerdict};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{Report, demanded, measured};

/// The report as JUnit XML.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut suite = TestSuite::new(report.drill.clone());
    suite.add_test_cases(report.demanded().map(|finding| case(report, finding)));
    suite.add_test_cases(
        report.remarks().filter(|f| f.verdict == FindingVerdict::Fail).map(|f| case(report, f)),
    );
    if !report.judgement.invalid_because.is_empty() || report.interrupted {
        suite.add_test_case(validity(report));
    }
    let mut junit = Junit::new(format!("brownout {}", report.drill));
    junit.add_test_suite(suite);
    // The only error is one of the writer, and memory does not fail.
    junit.to_string().unwrap_or_default()
}

fn case(report: &Report, finding: &Finding) -> TestCase {
    let story = format!(
        "measured {}, demanded {}; {}{}",
        measured(finding),
        demanded(finding),
        finding.detail,
        finding.theory.as_ref().map(|theory| format!("; theory: {theory}")).unwrap_or_default()
    );
    let status = match finding.verdict {
        FindingVerdict::Pass | FindingVerdict::Advisory => TestCaseStatus::success(),
        FindingVerdict::Fail => broken(&story),
        FindingVerdict::Inconclusive | FindingVerdict::NotJudged => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(story.clone());
            status
        }
    };
    let mut case = TestCase::new(finding.id.clone(), status);
    case.set_classname(format!("brownout.{}.{}", report.drill, finding.invariant));
    case.set_system_out(story);
    case
}

fn broken(story: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(story.to_owned());
    status
}

/// A case of its own for a run that says nothing: no skipped list may look green.
fn validity(report: &Report) -> TestCase {
    let mut reasons = report.judgement.invalid_because.clone();
    if report.interrupted {
        reasons.push("the run was interrupted".to_owned());
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(reasons.join("; "));
    let mut case = TestCase::new("the run is valid", status);
    case.set_classname(format!("brownout.{}", report.drill));
    case
}
