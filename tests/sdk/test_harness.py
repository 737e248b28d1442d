"""The tests of the tests: a defect in an answer turns its cell of docs/conformance.md red, and only a cell it touches.

Runs the runners of every language against a mock whose answers are changed on the way. `tests/run sdk` runs this last,
when the runners are built.
"""

import os
import pathlib
import subprocess
import sys

import pytest

import conformance as tables
from support.parts import ROOT, binary

HERE = pathlib.Path(__file__).resolve().parent
JS = ROOT / "target" / "sdk-js"
RUST = ROOT / "target" / "sdk-rust" / "debug" / "brownout-sdk-rust"
COLUMNS, PROVIDERS = tables.read_matrix()


def python_tests(*selection):
    return lambda evidence: [sys.executable, "-m", "pytest", *selection, "--evidence", str(evidence)]


def against_mock(*command):
    runner = [sys.executable, "against_mock.py", "--evidence"]
    return lambda evidence: [*runner, str(evidence), "--", *map(str, command)]


BOTO3 = python_tests("test_bedrock_failures.py", "-k", "test_named_errors and (throttling-requests or validation)")
ANSWERS = python_tests("test_bedrock_answers.py", "-k", "test_converse or test_invoke_claude")
GENAI = python_tests("test_vertex_answers.py", "-k", "test_generate_content or test_count_tokens")
LITELLM = python_tests("test_litellm.py", "-k", "bedrock/converse and (throttling-requests or resource-not-found)")
NODE = against_mock("node", "--test", JS / "converse.test.js")
CARGO = against_mock(RUST)


# runner, change of the answers' bytes, column, the row that turns red, a row that stays green
RENAMED = "ThrottlingException:=>ThrottlingExceptiom:"
WITHOUT_STOP = '"stopReason"=>"stopReasom"'
THROTTLED, REFUSED = ("ThrottlingException",), ("ValidationException",)
PLAIN, STREAM = ("Converse", "plain"), ("Converse", "stream")
DEFECTS = [
    (BOTO3, RENAMED, "boto3", THROTTLED, REFUSED),
    (BOTO3, "HTTP/1.1 400=>HTTP/1.1 404", "boto3", REFUSED, THROTTLED),
    (ANSWERS, WITHOUT_STOP, "boto3", PLAIN, ("InvokeModel, Claude", "plain")),
    (ANSWERS, "amazon.eventstream=>amazon.eventstreem", "boto3", STREAM, PLAIN),
    (
        GENAI,
        '"candidatesTokenCount"=>"candidatesTokenTally"',
        "google-genai",
        ("generateContent", "usage"),
        ("generateContent", "count"),
    ),
    # LiteLLM goes by the words.
    (
        LITELLM,
        "Too many requests=>too many tokenss!",
        "litellm-bedrock",
        THROTTLED,
        ("ResourceNotFoundException",),
    ),
    (NODE, WITHOUT_STOP, "aws-sdk-js", PLAIN, ("Converse", "count")),
    (CARGO, RENAMED, "aws-sdk-rust", THROTTLED, REFUSED),
]


def run(command, evidence, defect):
    """Runs a runner against a defective mock; its exit code, and what it recorded."""
    environment = {
        **os.environ,
        "BROWNOUT": str(HERE / "support" / "defective.py"),
        "BROWNOUT_REAL": str(binary()),
        "BROWNOUT_DEFECT": defect,
    }
    ended = subprocess.run(
        command(evidence), cwd=HERE, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    records = evidence / "conformance.ndjson"
    assert records.exists(), f"the runner recorded nothing:\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}"
    return ended.returncode, tables.read_records([records])


def shown(cells, column, row):
    """What the table shows in a cell."""
    [provider] = [provider for provider in PROVIDERS if column in provider.columns]
    return tables.cell(provider, column, row, cells.get((column, row)), tables.Notes())


@pytest.mark.parametrize(("command", "defect", "column", "red", "green"), DEFECTS)
def test_a_defect_turns_its_cell_red(tmp_path, command, defect, column, red, green):
    code, cells = run(command, tmp_path / "evidence", defect)
    assert code != 0, "the runner says that all is well"
    assert shown(cells, column, red).startswith("✗")
    assert shown(cells, column, green).startswith("✓"), "the defect says nothing of this cell"


def test_without_a_defect_the_relay_changes_nothing(tmp_path):
    code, cells = run(BOTO3, tmp_path / "evidence", "=>")
    assert code == 0
    assert shown(cells, "boto3", THROTTLED) == "✓ `ThrottlingException`"
