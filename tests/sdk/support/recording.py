"""Which cells of docs/conformance.md a test fills, and how it ended, written down as one line of JSON a cell.

A test says so by a marker. Its strings may hold the test's parameters:

    @pytest.mark.conformance("boto3", "Converse", "stream")
    @pytest.mark.conformance("boto3", error="{code}", raises="{code}")

or while it runs, by the fixture of the same name: `conformance("boto3", "Converse", "plain")`. The names are those of
`conformance.toml`. Clients in other languages write the same lines; see `conformance.py`, which merges them.
"""

import json

import pytest

MARKER = (
    "conformance(column, call=None, variant=None, *, error=None, raises=None): the cell of docs/conformance.md that "
    "the test fills; of an error, the exception that the SDK raises"
)
FILE = "conformance.ndjson"
GRAVITY = ["passed", "skipped", "xfailed", "failed"]


def cell_of(column, call=None, variant=None, *, error=None, raises=None):
    """A cell by its names, in the order in which they are written down."""
    if (call is None) != (variant is None) or (call is None) == (error is None):
        raise pytest.UsageError(f"a cell is a call with a variant, or an error: {column}, {call}, {variant}, {error}")
    raises = raises.__name__ if isinstance(raises, type) else raises
    names = {"column": column, "call": call, "variant": variant, "error": error, "raises": raises}
    return {name: value for name, value in names.items() if value is not None}


def filled_in(cell, item):
    """The cell with the test's parameters in its names."""
    values = item.callspec.params if hasattr(item, "callspec") else {}
    values = {name: value.__name__ if isinstance(value, type) else value for name, value in values.items()}
    return {name: text.format_map(values) for name, text in cell.items()}


def pytest_configure(config):
    config.addinivalue_line("markers", MARKER)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config))


def pytest_collection_modifyitems(items):
    for item in items:
        for marker in item.iter_markers("conformance"):
            cell = filled_in(cell_of(*marker.args, **marker.kwargs), item)
            item.user_properties.append(("conformance", cell))


@pytest.fixture
def conformance(request):
    """Names a cell that the running test fills."""

    def fill(*names, **more):
        request.node.user_properties.append(("conformance", cell_of(*names, **more)))

    return fill


class Recorder:
    """Collects the outcomes of all tests, those of xdist's workers too, and writes them at the end."""

    def __init__(self, config):
        self.config = config
        self.tests = {}

    def pytest_runtest_logreport(self, report):
        cells = [cell for name, cell in report.user_properties if name == "conformance"]
        outcome, reason = outcome_of(report)
        _, worst, why = self.tests.get(report.nodeid, (None, outcome, reason))
        # Set-up, call and end are reported apart: the worst of them counts.
        if GRAVITY.index(worst) > GRAVITY.index(outcome):
            outcome, reason = worst, why
        self.tests[report.nodeid] = (cells, outcome, reason)

    def pytest_sessionfinish(self):
        folder = self.config.getoption("--evidence").resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / FILE).open("w", encoding="utf-8") as file:
            for test, (cells, outcome, reason) in sorted(self.tests.items()):
                for cell in cells:
                    line = {**cell, "outcome": outcome, **({"reason": reason} if reason else {}), "test": test}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")


def outcome_of(report):
    """passed, failed, skipped or xfailed (known to fail), and why."""
    if hasattr(report, "wasxfail"):
        return ("xfailed", report.wasxfail) if report.skipped else ("failed", "passes, though marked as failing")
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return "skipped", reason.removeprefix("Skipped: ")
    return report.outcome, None
