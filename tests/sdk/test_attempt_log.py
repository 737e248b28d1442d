"""The proxies' attempt logs against the clients' own: the same attempts, the same tokens, every decision whole.

Runs after all other tests, when the proxies have ended and their logs are complete.
"""

import pytest

import attempt_log


@pytest.fixture(scope="module")
def finished(parts, evidence):
    """The evidence of proxies that have stopped, and stopped cleanly."""
    for name in [name for name in parts.running if name.startswith("proxy-")]:
        parts.stop(name)
    return evidence


def test_the_logs_agree(finished):
    found = list(attempt_log.problems(finished))
    assert not found, "\n".join(found[:50])


@pytest.mark.parametrize("route", ["proxy-bedrock", "proxy-vertex"])
def test_every_outcome_was_seen(finished, route):
    """A log in which some outcome never happens would prove little."""
    outcomes = {record["outcome"] for record in attempt_log.read(finished / route)}
    assert outcomes >= {"ok", "error", "reset", "cut"}


def test_the_same_rule_left_the_same_decisions(finished):
    def decisions(route):
        return {
            (record["nonce"], record["attempt"]): (record["identity"], record.get("fault"))
            for record in attempt_log.read(finished / route)
        }

    assert decisions("rule-first") == decisions("rule-again") != decisions("rule-other-seed")


def test_a_log_with_a_hole_is_found_out(finished):
    """The comparison itself can fail."""
    [record, *_] = attempt_log.read(finished / "rule-first")
    assert not list(attempt_log.problems_of_record(record, "whole"))
    for name in [name for name, (_, required) in attempt_log.FIELDS.items() if required]:
        holed = {key: value for key, value in record.items() if key != name}
        assert list(attempt_log.problems_of_record(holed, "holed")), f"a record without `{name}` passes"
