"""What boto3 reports when Bedrock fails: the class, the code, the attempts, and what its caller still got.

One row for each documented fact. Every call has its own client, so that no retry quota carries over.
"""

import dataclasses
import time

import botocore.eventstream
import botocore.exceptions
import pytest
import urllib3.exceptions
from botocore.exceptions import ClientError, EventStreamError

from support.bedrock import client_of, run
from support.nonce import whole_tokens

STREAMS = ("converse-stream", "invoke-with-response-stream")
ALL = ("converse", "invoke", *STREAMS)
CORAL = "http://internal.amazon.com/coral/com.amazon.bedrock/"


def named(value):
    """The test's name for a value of a table."""
    return value if isinstance(value, str) else None


# --- Errors that Bedrock names -----------------------------------------------------------------------------

TRY_AGAIN = "The system encountered an unexpected error during processing. Try your request again."

# fault, code, status, text, attempts
ERRORS = [
    ("error=throttling-requests", "ThrottlingException", 429, "Too many requests, please wait before trying again.", 3),
    ("error=throttling-tokens", "ThrottlingException", 429, "Too many tokens, please wait before trying again.", 3),
    (
        "error=throttling-tokens-per-day",
        "ThrottlingException",
        429,
        "Too many tokens per day, please wait before trying again.",
        3,
    ),
    (
        "error=throttling-burst",
        "ThrottlingException",
        429,
        "Your request rate is too high. Reduce the frequency of requests.",
        3,
    ),
    (
        "error=too-many-connections",
        "ServiceUnavailableException",
        503,
        "Too many connections, please wait before trying again.",
        3,
    ),
    ("error=model-not-ready", "ModelNotReadyException", 429, "Model is not ready for inference.", 3),
    (
        "error=model-timeout",
        "ModelTimeoutException",
        408,
        "Model has timed out in processing the request. Try your request again.",
        1,
    ),
    ("error=model-error", "ModelErrorException", 424, TRY_AGAIN, 1),
    ("error=internal-server", "InternalServerException", 500, TRY_AGAIN, 3),
    ("error=service-unavailable", "ServiceUnavailableException", 503, "Bedrock is unable to process your request.", 3),
    ("error=access-denied", "AccessDeniedException", 403, "", 1),
    ("error=validation", "ValidationException", 400, "", 1),
    ("error=resource-not-found", "ResourceNotFoundException", 404, "", 1),
    ("error=service-quota-exceeded", "ServiceQuotaExceededException", 400, "", 1),
]  # fmt: skip


def check_named_error(call, code, status, text, attempts):
    """A modelled exception, its code in the header alone, and as many attempts as the standard mode makes."""
    error = call.error
    assert isinstance(error, ClientError), repr(error)
    assert type(error).__name__ == code, "boto3 did not find the modelled exception"
    assert error.response["Error"]["Code"] == code
    assert error.response["Error"]["Message"].startswith(text)
    assert error.response["Error"]["Message"]
    metadata = error.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == status
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == f"{code}:{CORAL}"
    assert metadata["HTTPHeaders"]["content-type"] == "application/json"
    assert metadata["HTTPHeaders"]["x-amzn-requestid"]
    assert metadata["RetryAttempts"] == attempts - 1
    check_attempts(call, attempts)


def check_attempts(call, attempts):
    """As many attempts, each announced to the service as the standard mode does."""
    assert call.attempts == attempts
    # A `ttl` comes first when an earlier answer had a `Date` to reckon by.
    numbers = [announced.rpartition("attempt=")[2] for announced in call.announced]
    assert numbers == [f"{n}; max=3" for n in range(1, attempts + 1)]


@pytest.mark.conformance("boto3", error="{code}", raises="{code}")
@pytest.mark.parametrize(("fault", "code", "status", "text", "attempts"), ERRORS, ids=named)
def test_named_errors(bedrock_proxy, calls, fault, code, status, text, attempts):
    call = run(bedrock_proxy, calls, f"named-{fault}", "converse", fault=fault)
    check_named_error(call, code, status, text, attempts)
    assert "retry-after" not in call.error.response["ResponseMetadata"]["HTTPHeaders"]
    assert (call.text, call.events) == ("", [])


@pytest.mark.parametrize("operation", ALL)
@pytest.mark.parametrize(
    ("fault", "code", "status", "attempts"),
    [
        ("http-429", "ThrottlingException", 429, 3),
        ("http-500", "InternalServerException", 500, 3),
        ("http-503", "ServiceUnavailableException", 503, 3),
    ],
    ids=named,
)
def test_statuses_that_bedrock_names(bedrock_proxy, calls, fault, code, status, attempts, operation):
    call = run(bedrock_proxy, calls, f"status-{fault}-{operation}", operation, fault=fault)
    check_named_error(call, code, status, "", attempts)


def test_a_model_error_says_whose_status_it_was(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "model-error", "converse", fault="error=model-error")
    assert 100 <= call.error.response["originalStatusCode"] <= 599
    assert call.error.response["resourceName"]


def test_retry_after_is_ignored(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "retry-after", "converse", fault="http-429-retry-after")
    check_named_error(call, "ThrottlingException", 429, "", 3)
    assert int(call.error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) >= 1


# A front end's own answers have no `x-amzn-ErrorType`: the code is the status, as text.
@pytest.mark.parametrize("operation", ["converse", "converse-stream"])
@pytest.mark.parametrize(
    ("fault", "status", "attempts"),
    [
        ("error=502", 502, 3),
        ("http-504", 504, 3),
        ("http-529", 529, 1),
        ("html=429", 429, 3),
        ("html=503", 503, 3),
        ("html=403", 403, 1),
    ],
    ids=named,
)
def test_front_end_errors(bedrock_proxy, calls, fault, status, attempts, operation):
    call = run(bedrock_proxy, calls, f"front-end-{fault}-{operation}", operation, fault=fault)
    assert type(call.error) is ClientError, repr(call.error)
    assert call.error.response["Error"]["Code"] == str(status)
    metadata = call.error.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == status
    assert not [name for name in metadata["HTTPHeaders"] if name.startswith("x-amzn")]
    check_attempts(call, attempts)


# --- Faults of streams -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Broken:
    """What a caller sees of a stream with a fault: so many events, then this."""

    fault: str
    error: type | None
    says: str = ""
    attempts: int = 1
    events: int | None = None

    def __str__(self):
        return self.fault


ENDED = "Response ended prematurely"
STREAM_FAULTS = [
    # Before the headers: inside the retry loop.
    Broken("reset=before-headers", botocore.exceptions.ConnectionClosedError, attempts=3, events=0),
    Broken("silence=20ms", botocore.exceptions.ConnectionClosedError, attempts=3, events=0),
    Broken("silence=true", botocore.exceptions.ReadTimeoutError, attempts=3, events=0),
    # After the headers: the retry loop is over.
    Broken("reset=after-headers", urllib3.exceptions.ProtocolError, events=0),
    Broken("cut=0 events:fin", urllib3.exceptions.ProtocolError, ENDED, events=0),
    Broken("cut=3 events:fin", urllib3.exceptions.ProtocolError, ENDED, events=3),
    Broken("truncated_frame=3 events:fin", urllib3.exceptions.ProtocolError, ENDED, events=3),
    Broken("cut=3 events:reset", urllib3.exceptions.ProtocolError, "Connection broken", events=3),
    Broken("truncated_frame=3 events:reset", urllib3.exceptions.ProtocolError, "Connection broken", events=3),
    Broken("bad_crc=3 events", botocore.eventstream.ChecksumMismatch, events=3),
    Broken("stall=3 events", urllib3.exceptions.ReadTimeoutError, events=3),
    Broken("html=true", botocore.eventstream.ChecksumMismatch, events=0),
    # The silent ones: nothing is reported, and only the missing end tells.
    Broken("cut=0 events:clean-end", None, events=0),
    Broken("empty_body=true", None, events=0),
    Broken("cut=3 events:clean-end", None, events=3),
    Broken("truncated_frame=3 events:clean-end", None, events=3),
    Broken("no_terminator=true", None),
]


@pytest.mark.parametrize("operation", STREAMS)
@pytest.mark.parametrize("broken", STREAM_FAULTS, ids=str)
def test_broken_streams(bedrock_proxy, calls, broken, operation):
    call = run(bedrock_proxy, calls, f"stream-{broken}-{operation}", operation, fault=broken.fault)
    check_broken(call, broken)


def check_broken(call, broken):
    """The caller got so many whole events, saw this error, and no end of the answer."""
    if broken.error is None:
        assert call.error is None, repr(call.error)
    else:
        # The class itself: urllib3's time-out is a relative of its protocol errors.
        assert type(call.error) is broken.error, repr(call.error)
        assert broken.says in str(call.error)
    assert not call.finished
    check_attempts(call, broken.attempts)
    if broken.events is not None:
        assert len(call.events) == broken.events
    whole_tokens(call.nonce, call.text)


# By the names that the conformance clients use. Stream faults come after some of the answer.
NAMED_STREAM_FAULTS = [
    Broken("reset-before-headers", botocore.exceptions.ConnectionClosedError, attempts=3, events=0),
    Broken("reset-after-headers", urllib3.exceptions.ProtocolError, events=0),
    Broken("stream-truncate-boundary", urllib3.exceptions.ProtocolError),
    Broken("stream-truncate-mid-event", urllib3.exceptions.ProtocolError),
    Broken("stream-no-terminator", None),
    Broken("stream-stall", urllib3.exceptions.ReadTimeoutError),
    Broken("stall", botocore.exceptions.ReadTimeoutError, attempts=3, events=0),
    Broken("stream-error-event", EventStreamError),
    Broken("html-200", botocore.eventstream.ChecksumMismatch, events=0),
]


@pytest.mark.parametrize("operation", STREAMS)
@pytest.mark.parametrize("broken", NAMED_STREAM_FAULTS, ids=str)
def test_broken_streams_by_conformance_name(bedrock_proxy, calls, broken, operation):
    call = run(bedrock_proxy, calls, f"stream-{broken}-{operation}", operation, fault=broken.fault)
    check_broken(call, broken)
    if broken.fault.startswith("stream-"):
        assert whole_tokens(call.nonce, call.text) > 0


# --- Exceptions inside a stream ----------------------------------------------------------------------------

MEMBERS = [
    ("throttling-tokens", "ThrottlingException", "Too many tokens, please wait before trying again."),
    ("service-unavailable", "ServiceUnavailableException", "Bedrock is unable to process your request."),
    ("internal-server", "InternalServerException", TRY_AGAIN),
    ("model-stream-error", "ModelStreamErrorException", ""),
    ("validation", "ValidationException", ""),
]


@pytest.mark.conformance("boto3", error="{code} in a stream", raises=EventStreamError)
@pytest.mark.parametrize("operation", STREAMS)
@pytest.mark.parametrize("events", [0, 3])
@pytest.mark.parametrize(("error", "code", "text"), MEMBERS, ids=named)
def test_exception_frames(bedrock_proxy, calls, error, code, text, events, operation):
    fault = f"in_band_error={error}:{events} events"
    call = run(bedrock_proxy, calls, f"exception-{fault}-{operation}", operation, fault=fault)
    check_exception_frame(call, code[0].lower() + code[1:], text)
    assert len(call.events) == events


def check_exception_frame(call, code, text):
    """The call itself returned, with 200; the iteration raised, with a lower-camel code; nothing was retried."""
    error = call.error
    assert type(error) is EventStreamError, repr(error)
    assert error.response["Error"]["Code"] == code
    assert error.response["Error"]["Message"].startswith(text)
    assert error.response["Error"]["Message"]
    assert call.answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    check_attempts(call, 1)
    assert not call.finished
    whole_tokens(call.nonce, call.text)


@pytest.mark.conformance("boto3", error="ModelTimeoutException in a stream", raises=EventStreamError)
def test_a_model_timeout_is_a_member_of_the_invoke_stream_alone(bedrock_proxy, calls):
    fault = "in_band_error=model-timeout:3 events"
    call = run(bedrock_proxy, calls, "model-timeout-invoke", "invoke-with-response-stream", fault=fault)
    check_exception_frame(call, "modelTimeoutException", "Model has timed out")
    call = run(bedrock_proxy, calls, "model-timeout-converse", "converse-stream", fault=fault)
    assert call.error is None, "an exception that ConverseStream cannot carry must not be sent"
    assert call.finished


# --- Faults of plain answers -------------------------------------------------------------------------------

PLAIN_FAULTS = [
    # fault, operation, error, attempts
    ("reset=before-headers", "converse", botocore.exceptions.ConnectionClosedError, 3),
    ("reset=before-headers", "invoke", botocore.exceptions.ConnectionClosedError, 3),
    ("silence=20ms", "converse", botocore.exceptions.ConnectionClosedError, 3),
    ("silence=true", "converse", botocore.exceptions.ReadTimeoutError, 3),
    ("stall", "converse", botocore.exceptions.ReadTimeoutError, 3),
    ("stall", "invoke", botocore.exceptions.ReadTimeoutError, 3),
    # Converse reads the body inside the retry loop, InvokeModel hands it to the caller.
    ("reset=after-headers", "converse", botocore.exceptions.ConnectionClosedError, 3),
    ("reset=after-headers", "invoke", botocore.exceptions.ResponseStreamingError, 1),
    ("reset-after-headers", "converse", botocore.exceptions.ConnectionClosedError, 3),
    ("reset-after-headers", "invoke", botocore.exceptions.ResponseStreamingError, 1),
    ("cut=0 events:reset", "converse", botocore.exceptions.ConnectionClosedError, 3),
    ("cut=0 events:reset", "invoke", botocore.exceptions.ResponseStreamingError, 1),
    ("stall=0 events", "converse", botocore.exceptions.ReadTimeoutError, 3),
    ("stall=0 events", "invoke", botocore.exceptions.ReadTimeoutError, 1),
    ("cut=0 events:fin", "invoke", botocore.exceptions.ResponseStreamingError, 1),
]


@pytest.mark.parametrize(("fault", "operation", "error", "attempts"), PLAIN_FAULTS, ids=named)
def test_broken_plain_answers(bedrock_proxy, calls, fault, operation, error, attempts):
    call = run(bedrock_proxy, calls, f"plain-{fault}-{operation}", operation, fault=fault)
    assert type(call.error) is error, repr(call.error)
    check_attempts(call, attempts)
    assert call.text == ""


@pytest.mark.parametrize(
    "fault", ["cut=0 events:fin", "malformed=true", "malformed-json", "html=true", "html-200", "empty_body=true"]
)
def test_converse_returns_an_empty_answer_without_a_word(bedrock_proxy, calls, fault):
    call = run(bedrock_proxy, calls, f"silent-{fault}", "converse", fault=fault)
    assert call.error is None, repr(call.error)
    assert set(call.answer) == {"ResponseMetadata"}
    assert call.answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    check_attempts(call, 1)


@pytest.mark.parametrize("fault", ["malformed=true", "malformed-json", "html=true", "html-200", "empty_body=true"])
def test_invoke_returns_whatever_bytes_came(bedrock_proxy, calls, fault):
    call = run(bedrock_proxy, calls, f"bytes-{fault}", "invoke", fault=fault)
    assert call.error is None, repr(call.error)
    assert not call.finished
    check_attempts(call, 1)


@pytest.mark.conformance("boto3", error="ValidationException", raises="ValidationException")
def test_an_unknown_model_is_a_validation_error(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "unknown-model", "converse", model="nobody.nothing-v1:0")
    check_named_error(call, "ValidationException", 400, "The provided model identifier is invalid.", 1)


def test_a_late_answer_within_the_time_out_is_whole(bedrock_proxy, calls):
    began = time.monotonic()
    call = run(bedrock_proxy, calls, "late", "converse-stream", fault="latency=1500ms")
    assert time.monotonic() - began > 1.5
    assert call.error is None, repr(call.error)
    assert call.finished
    check_attempts(call, 1)


def test_a_slow_stream_never_times_out(bedrock_proxy, calls):
    """Each read has its own two seconds; the whole stream takes longer."""
    client = client_of(bedrock_proxy.url, read_timeout=2)
    began = time.monotonic()
    call = run(bedrock_proxy, calls, "slow", "converse-stream", fault="slow_tokens=250ms", client=client)
    assert time.monotonic() - began > 2
    assert call.error is None, repr(call.error)
    assert call.finished
    assert whole_tokens(call.nonce, call.text) > 0
