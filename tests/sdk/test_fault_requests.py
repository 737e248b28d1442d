"""The ways to ask for a fault: by header, by path, by model, at the proxy and at the mock; and by rule."""

import botocore.exceptions
import pytest
import urllib3.exceptions
from botocore.exceptions import ClientError

import attempt_log
from conftest import start_proxy
from support.bedrock import client_of, run
from support.nonce import whole_tokens
from support.vertex import run as run_vertex

NO_RETRIES = {"retries": {"total_max_attempts": 1}}


def ask(part, calls, how, fault, operation):
    """One call that asks for a fault in this way."""
    name = f"ask-{part.name}-{how}-{fault}-{operation}"
    if how == "header":
        return run(part, calls, name, operation, fault=fault)
    if how == "path":
        client = client_of(f"{part.url}/fault/{fault}")
        return run(part, calls, name, operation, client=client)
    if how == "signed header":
        client = client_of(part.url)
        client.meta.events.register(
            "before-sign.bedrock-runtime",
            lambda request, **_: request.headers.add_header("x-brownout-fault", fault),
        )
        return run(part, calls, name, operation, client=client)
    return run(part, calls, name, operation, model=f"fault.{fault}")


WAYS = [
    ("bedrock_proxy", "header"),
    ("bedrock_proxy", "signed header"),
    ("bedrock_proxy", "path"),
    ("bedrock_mock", "header"),
    ("bedrock_mock", "signed header"),
    ("bedrock_mock", "path"),
    ("bedrock_mock", "model"),
]


@pytest.fixture(params=WAYS, ids=lambda way: " by ".join(way))
def way(request):
    part, how = request.param
    return request.getfixturevalue(part), how


def test_an_error(way, calls):
    part, how = way
    call = ask(part, calls, how, "http-503", "converse")
    assert isinstance(call.error, ClientError), repr(call.error)
    assert call.error.response["Error"]["Code"] == "ServiceUnavailableException"
    assert call.attempts == 3


def test_a_reset(way, calls):
    part, how = way
    call = ask(part, calls, how, "reset-before-headers", "converse")
    assert type(call.error) is botocore.exceptions.ConnectionClosedError, repr(call.error)
    assert call.attempts == 3


def test_a_cut_stream(way, calls):
    part, how = way
    call = ask(part, calls, how, "stream-truncate-boundary", "converse-stream")
    assert type(call.error) is urllib3.exceptions.ProtocolError, repr(call.error)
    assert whole_tokens(call.nonce, call.text) > 0
    assert not call.finished


@pytest.mark.parametrize("part", ["vertex_proxy", "vertex_mock"])
@pytest.mark.parametrize(("fault", "form"), [("http-503", "unary"), ("stream-error-event", "stream")])
def test_by_path_at_vertex(request, calls, part, fault, form):
    part = request.getfixturevalue(part)
    call = run_vertex(part, calls, f"path-{part.name}-{fault}", form, url=f"{part.url}/fault/{fault}")
    assert getattr(call.error, "code", None) == 503, repr(call.error)


@pytest.mark.parametrize("part", ["bedrock_proxy", "bedrock_mock"])
def test_a_fault_that_does_not_exist_is_refused(request, calls, part):
    """A typo must not look like a healthy provider."""
    part = request.getfixturevalue(part)
    call = run(part, calls, f"typo-{part.name}", "converse", fault="reset-befor-headers")
    assert isinstance(call.error, ClientError), repr(call.error)
    assert 400 <= call.error.response["ResponseMetadata"]["HTTPStatusCode"] < 500


# --- By rule -----------------------------------------------------------------------------------------------

CALLS = 60


def failures(parts, evidence, calls, name, *arguments):
    """The numbers of the calls that a proxy of its own fails."""
    upstream = parts.mock("bedrock")
    proxy = parts.add(start_proxy(evidence, name, "bedrock", upstream, *arguments))
    failed = set()
    for number in range(CALLS):
        call = run(proxy, calls, f"rule-{number}", "converse", client=client_of(proxy.url, **NO_RETRIES))
        assert call.attempts == 1
        if call.error:
            assert call.error.response["Error"]["Code"] == "ThrottlingException"
            failed.add(number)
    parts.stop(name)
    return failed


def test_a_rule_fails_the_same_requests_again(parts, evidence, calls):
    half = ["--fault", "error=throttling@50%"]
    first = failures(parts, evidence, calls, "rule-first", *half)
    again = failures(parts, evidence, calls, "rule-again", *half)
    other = failures(parts, evidence, calls, "rule-other-seed", *half, "--seed", "8")
    more = failures(parts, evidence, calls, "rule-more", "--fault", "error=throttling@80%")
    assert first == again
    assert first != other
    assert CALLS * 0.25 < len(first) < CALLS * 0.75
    assert first < more, "raising a share may only add faults"
    assert decisions(evidence / "rule-first") == decisions(evidence / "rule-again")


def decisions(folder):
    """What a proxy wrote down for each attempt: who it was, and the draw."""
    records = attempt_log.read(folder)
    assert len(records) == CALLS
    return {
        (record["nonce"], record["attempt"]): (record["identity"], record.get("fault")) for record in records
    }
