"""The proxies' attempt logs against the clients' own: the same attempts, the same tokens, every decision whole.

Runs after all other tests, when the proxies have ended and their logs are complete.
"""

import pytest

import attempt_log


@pytest.fixture(scope="module")
def finished(parts, evidence, bedrock_proxy, vertex_proxy):
    """The evidence of proxies that have stopped, and stopped cleanly."""
    for name in [name for name in parts.running if name.startswith("proxy-")]:
        parts.stop(name)
    return evidence


def test_the_logs_agree(finished):
    found = list(attempt_log.problems(finished))
    assert not found, "\n".join(found[:50])


@pytest.mark.parametrize(
    ("route", "failures"),
    [("proxy-bedrock", "test_bedrock_failures.py"), ("proxy-vertex", "test_vertex_failures.py")],
)
def test_every_outcome_was_seen(finished, request, route, failures):
    """A log in which some outcome never happens would prove little."""
    if not any(item.path.name == failures for item in request.session.items):
        pytest.skip(f"{failures} is not part of this run")
    outcomes = {record["outcome"] for record in attempt_log.read(finished / route)}
    assert outcomes >= {"ok", "error", "reset", "cut", "stall"}


def test_a_log_with_a_hole_is_found_out(finished, bedrock_record):
    """The comparison itself can fail."""
    assert not list(attempt_log.problems_of_record(bedrock_record, "whole"))
    for name in [name for name, (_, required) in attempt_log.FIELDS.items() if required]:
        holed = {key: value for key, value in bedrock_record.items() if key != name}
        assert list(attempt_log.problems_of_record(holed, "holed")), f"a record without `{name}` passes"
    for name in [name for name, (_, required) in attempt_log.DECISION.items() if required]:
        fault = {key: value for key, value in bedrock_record["fault"].items() if key != name}
        holed = {**bedrock_record, "fault": fault}
        assert list(attempt_log.problems_of_record(holed, "holed")), f"a decision without `{name}` passes"


@pytest.fixture
def bedrock_record(finished):
    """An attempt that had a fault."""
    for record in attempt_log.read(finished / "proxy-bedrock"):
        if "fault" in record:
            return record
    pytest.skip("no call of this run asked for a fault at Bedrock")
