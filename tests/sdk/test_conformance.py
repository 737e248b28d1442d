"""The table itself: what is shown of a cell, and what is refused."""

import json
import pathlib
import subprocess
import sys

import pytest

import conformance as tables

SCRIPT = pathlib.Path(tables.__file__)
PLAIN = {"column": "boto3", "call": "Converse", "variant": "plain"}
THROTTLE = {"column": "boto3", "error": "ThrottlingException"}


@pytest.fixture
def merge(tmp_path):
    """Runs the script over lines; its exit code, what it said, and the page."""

    def run(*lines):
        records, page = tmp_path / "conformance.ndjson", tmp_path / "page.md"
        whole = [{"outcome": "passed", "test": "test_it[x]", **line} for line in lines]
        records.write_text("".join(json.dumps(line) + "\n" for line in whole), encoding="utf-8")
        command = [sys.executable, str(SCRIPT), "--out", str(page), str(records)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stderr, page.read_text(encoding="utf-8") if page.exists() else ""

    return run


def row_of(page, name):
    return next(line for line in page.splitlines() if line.startswith(f"| {name} "))


def first_cell(page, name, skip):
    """The first column's cell of a row, which is boto3's at Bedrock."""
    return row_of(page, name).split(" | ")[skip]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([{}], "✓"),
        ([{}, {"outcome": "failed"}], "✗<sup>1</sup>"),
        ([{}, {"outcome": "xfailed", "reason": "no such thing"}], "✗<sup>1</sup>"),
        ([{"outcome": "skipped", "reason": "no time"}], "–<sup>1</sup>"),
        ([{}, {"outcome": "skipped", "reason": "no time"}], "✓<sup>1</sup>"),
    ],
)
def test_what_a_cell_shows(merge, lines, shown):
    code, said, page = merge(*({**PLAIN, **line} for line in lines))
    assert (code, said) == (0, "")
    assert first_cell(page, "Converse | plain", 2) == shown


def test_a_cell_without_tests_is_missing(merge):
    _, _, page = merge(PLAIN)
    assert first_cell(page, "Converse | stream", 2) == "missing"


def test_an_error_names_what_was_raised(merge):
    _, _, page = merge({**THROTTLE, "raises": "B"}, {**THROTTLE, "raises": "A"}, {**THROTTLE, "raises": "A"})
    assert first_cell(page, "ThrottlingException", 1) == "✓ `A` `B`"


def test_the_same_records_make_the_same_page(merge):
    lines = [PLAIN, THROTTLE, {**PLAIN, "variant": "tool", "outcome": "failed"}]
    assert merge(*lines) == merge(*reversed(lines))


@pytest.mark.parametrize(
    "line",
    [
        {**PLAIN, "column": "boto"},
        {**PLAIN, "call": "Konverse"},
        {**PLAIN, "variant": "plane"},
        {"column": "boto3", "error": "ThrotlingException"},
        {**PLAIN, "column": "anthropic-bedrock"},
    ],
)
def test_a_line_without_a_cell_is_refused(merge, line):
    code, said, _ = merge(line)
    assert code == 1
    assert "test_it" in said


@pytest.mark.parametrize("lines", [[], [{**PLAIN, "outcome": "fine"}]])
def test_records_that_say_nothing_are_refused(merge, lines):
    code, said, page = merge(*lines)
    assert code == 1
    assert said
    assert not page
