"""Checks that a drill's report names the invariants that were broken.

    python3 breached.py REPORT INVARIANT...

The run must have failed, every expectation on each of these invariants that could be judged must be in the report,
and at least one of each must have failed, with a measured value beside its threshold.
"""

import json
import sys


def problems(report, wanted):
    """What the report should say and does not."""
    if (report["verdict"], report["exit_code"]) != ("fail", 99):
        yield f"the verdict is {report['verdict']} with exit code {report['exit_code']}"
    for invariant in wanted:
        found = [item for item in report["expectations"] if item["invariant"] == invariant]
        failed = [item for item in found if item["verdict"] == "fail"]
        if not failed:
            verdicts = [item["verdict"] for item in found] or "not among the expectations"
            yield f"{invariant} should have failed: {verdicts}"
        for item in failed:
            if item.get("measured") is None or item.get("threshold") is None:
                yield f"{invariant} failed without a measured value and a threshold: {item}"


def main():
    path, *wanted = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    found = list(problems(report, wanted))
    for problem in found:
        print(f"FAILED: {path}: {problem}", file=sys.stderr)
    if not found:
        print(f"  broken as expected: {', '.join(wanted)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
