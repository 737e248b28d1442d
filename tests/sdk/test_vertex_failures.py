"""What google-genai reports when Vertex AI fails, synchronous over httpx and asynchronous over aiohttp.

One row for each documented fact. Without retry options there is one attempt, but for the one hidden retry of the
asynchronous client when a connection ends before the headers.
"""

import asyncio
import dataclasses
import json
import time

import aiohttp
import httpx
import pytest
from google.genai.errors import ClientError, ServerError, UnknownApiResponseError

from support.nonce import whole_tokens
from support.vertex import FORMS, GEMINI, LOCATION, PROJECT, RETRIES, run

RESOURCE = f"projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/{GEMINI}"


@pytest.fixture(autouse=True)
def shortest_hidden_wait(monkeypatch):
    """The hidden retry waits one to ten seconds, drawn from here: one second."""
    monkeypatch.setattr("random.randint", lambda low, _high: low)


# --- Errors that Vertex AI words ---------------------------------------------------------------------------

EXHAUSTED = (
    "Resource exhausted. Please try again later. Please refer to "
    "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details."
)
QUOTA = (
    "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model "
    "with base model: "
)
BAD_TOKEN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)

# fault, code, status, message
ERRORS = [
    ("error=resource-exhausted", 429, "RESOURCE_EXHAUSTED", EXHAUSTED),
    ("error=check-quota", 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    ("error=gemini-quota", 429, "RESOURCE_EXHAUSTED", QUOTA),
    (
        "error=provisioned-throughput",
        429,
        "RESOURCE_EXHAUSTED",
        "Too many requests. Exceeded the Provisioned Throughput.",
    ),
    ("error=unavailable", 503, "UNAVAILABLE", "The service is currently unavailable."),
    ("error=model-overloaded", 503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    ("error=internal", 500, "INTERNAL", "Internal error encountered."),
    ("error=unknown", 500, "UNKNOWN", "Unknown Error."),
    ("error=deadline-exceeded", 504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    ("error=cancelled", 499, "CANCELLED", "The operation was cancelled."),
    ("error=access-token-expired", 401, "UNAUTHENTICATED", BAD_TOKEN),
    ("error=permission-denied", 403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on "),
    ("error=invalid-argument", 400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    ("http-429", 429, "RESOURCE_EXHAUSTED", EXHAUSTED),
    ("http-429-retry-after", 429, "RESOURCE_EXHAUSTED", EXHAUSTED),
    ("http-500", 500, "INTERNAL", "Internal error encountered."),
    ("http-503", 503, "UNAVAILABLE", "The service is currently unavailable."),
    ("http-504", 504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
]


def raised_for(code):
    """The SDK has one class for what the caller did and one for what the service did."""
    return ClientError if code < 500 else ServerError


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("fault", "code", "status", "message"), ERRORS, ids=lambda v: v if isinstance(v, str) else None)
def test_worded_errors(vertex_proxy, calls, conformance, fault, code, status, message, form):
    conformance("google-genai", error=status, raises=raised_for(code))
    call = run(vertex_proxy, calls, f"worded-{fault}-{form}", form, fault=fault)
    error = call.error
    assert type(error) is raised_for(code), repr(error)
    assert (error.code, error.status) == (code, status)
    assert error.message.startswith(message)
    assert error.details["error"]["code"] == code
    assert call.attempts == 1
    headers = error.response.headers
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert ("retry-after" in headers) == (fault == "http-429-retry-after")
    assert not [name for name in headers if "ratelimit" in name.lower() or "request-id" in name.lower()]


# --- A front end's pages -----------------------------------------------------------------------------------

# fault, error, code, status: the reason phrase stands for the status that the page does not have
PAGES = [
    ("html=429", ClientError, 429, "Too Many Requests"),
    ("html=502", ServerError, 502, "Bad Gateway"),
    ("error=bad-gateway", ServerError, 502, "Bad Gateway"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("fault", "error", "code", "status"), PAGES, ids=lambda v: v if isinstance(v, str) else None)
def test_pages(vertex_proxy, calls, fault, error, code, status, form):
    call = run(vertex_proxy, calls, f"page-{fault}-{form}", form, fault=fault)
    assert type(call.error) is error, repr(call.error)
    assert (call.error.code, call.error.status) == (code, status)
    assert call.attempts == 1


@pytest.mark.parametrize("form", FORMS)
def test_529_is_a_server_error(vertex_proxy, calls, form):
    call = run(vertex_proxy, calls, f"529-{form}", form, fault="http-529")
    assert type(call.error) is ServerError, repr(call.error)
    assert call.error.code == 529
    assert call.attempts == 1


# --- Faults of transport and of bodies ---------------------------------------------------------------------

HIDDEN_RETRY = 2


@dataclasses.dataclass(frozen=True)
class Fault:
    """What each form of the SDK reports of a fault; `None` for nothing, `...` where the fault cannot be."""

    fault: str
    unary: object
    stream: object
    async_unary: object
    async_stream: object
    async_attempts: int = 1
    events: int | None = None

    def expected(self, form):
        return getattr(self, form.replace("-", "_"))


UNFINISHED, BROKEN = httpx.RemoteProtocolError, aiohttp.ClientPayloadError
UNREADABLE = UnknownApiResponseError
FAULTS = [
    Fault(
        "reset=before-headers",
        *[httpx.ReadError, httpx.ReadError, aiohttp.ClientOSError, aiohttp.ClientOSError],
        async_attempts=HIDDEN_RETRY,
        events=0,
    ),
    Fault(
        "silence=20ms",
        *[UNFINISHED, UNFINISHED, aiohttp.ServerDisconnectedError, aiohttp.ServerDisconnectedError],
        async_attempts=HIDDEN_RETRY,
        events=0,
    ),
    Fault("silence=true", httpx.ReadTimeout, httpx.ReadTimeout, TimeoutError, TimeoutError, events=0),
    Fault("reset=after-headers", httpx.ReadError, httpx.ReadError, BROKEN, BROKEN, events=0),
    Fault("cut=0 events:fin", UNFINISHED, UNFINISHED, BROKEN, BROKEN, events=0),
    Fault("cut=3 events:fin", ..., UNFINISHED, ..., BROKEN, events=3),
    Fault("cut=3 events:reset", ..., httpx.ReadError, ..., BROKEN, events=3),
    Fault("truncated_frame=3 events:fin", ..., UNFINISHED, ..., BROKEN, events=3),
    Fault("truncated_frame=3 events:clean-end", ..., UNREADABLE, ..., UNREADABLE, events=3),
    Fault("stall=3 events", httpx.ReadTimeout, httpx.ReadTimeout, TimeoutError, TimeoutError),
    Fault("malformed=3 events", json.JSONDecodeError, UNREADABLE, json.JSONDecodeError, UNREADABLE),
    Fault("html=true", json.JSONDecodeError, UNREADABLE, json.JSONDecodeError, UNREADABLE, events=0),
    # A comment is no event of this reader: the stream dies of it.
    Fault("keep_alive_comments=50ms", ..., UNREADABLE, ..., UNREADABLE, events=0),
    # The silent ones.
    Fault("cut=3 events:clean-end", ..., None, ..., None, events=3),
    Fault("no_terminator=true", ..., None, ..., None),
    # By the names that the conformance clients use.
    Fault(
        "reset-before-headers",
        *[httpx.ReadError, httpx.ReadError, aiohttp.ClientOSError, aiohttp.ClientOSError],
        async_attempts=HIDDEN_RETRY,
        events=0,
    ),
    Fault("reset-after-headers", httpx.ReadError, httpx.ReadError, BROKEN, BROKEN, events=0),
    Fault("stall", httpx.ReadTimeout, httpx.ReadTimeout, TimeoutError, TimeoutError, events=0),
    Fault("stream-truncate-boundary", ..., UNFINISHED, ..., BROKEN),
    Fault("stream-truncate-mid-event", ..., UNFINISHED, ..., BROKEN),
    Fault("stream-no-terminator", ..., None, ..., None),
    Fault("stream-stall", ..., httpx.ReadTimeout, ..., TimeoutError),
    Fault("malformed-json", json.JSONDecodeError, UNREADABLE, json.JSONDecodeError, UNREADABLE),
    Fault("html-200", json.JSONDecodeError, UNREADABLE, json.JSONDecodeError, UNREADABLE, events=0),
]
FAULT_CASES = [(fault, form) for fault in FAULTS for form in FORMS if fault.expected(form) is not ...]


@pytest.mark.parametrize(("fault", "form"), FAULT_CASES, ids=lambda value: getattr(value, "fault", value))
def test_faults(vertex_proxy, calls, fault, form):
    call = run(vertex_proxy, calls, f"fault-{fault.fault}-{form}", form, fault=fault.fault)
    check_fault(call, fault, form)
    if fault.fault.startswith("stream-"):
        assert whole_tokens(call.nonce, call.text) > 0


def check_fault(call, fault, form):
    """The error of this form, so many whole chunks before it, and no finish reason."""
    expected = fault.expected(form)
    assert type(call.error) is (expected or type(None)), repr(call.error)
    assert call.attempts == (fault.async_attempts if form.startswith("async") else 1)
    assert not call.finished
    if fault.events is not None:
        assert len(call.events) == fault.events
    whole_tokens(call.nonce, call.text)
    if expected is UNREADABLE:
        assert isinstance(call.error.__cause__, json.JSONDecodeError)


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_body_is_an_answer_without_text(vertex_proxy, calls, form):
    call = run(vertex_proxy, calls, f"empty-{form}", form, fault="empty_body=true")
    assert call.error is None, repr(call.error)
    assert (call.text, call.finished) == ("", False)
    assert len(call.events) == (0 if call.streamed else 1)
    assert all(not event.candidates for event in call.events)


# --- Errors inside a stream --------------------------------------------------------------------------------


@pytest.mark.conformance("google-genai", error="{status} in a stream", raises="{kind}")
@pytest.mark.parametrize("form", ["stream", "async-stream"])
@pytest.mark.parametrize("events", [0, 3])
@pytest.mark.parametrize(
    ("error", "kind", "code", "status"),
    [
        ("unavailable", ServerError, 503, "UNAVAILABLE"),
        ("internal", ServerError, 500, "INTERNAL"),
        ("resource-exhausted", ClientError, 429, "RESOURCE_EXHAUSTED"),
    ],
)
def test_error_events(vertex_proxy, calls, error, kind, code, status, events, form):
    fault = f"in_band_error={error}:{events} events"
    call = run(vertex_proxy, calls, f"in-band-{fault}-{form}", form, fault=fault)
    assert type(call.error) is kind, repr(call.error)
    assert (call.error.code, call.error.status) == (code, status)
    assert len(call.events) == events
    assert call.attempts == 1
    whole_tokens(call.nonce, call.text)


@pytest.mark.parametrize("form", ["stream", "async-stream"])
def test_the_conformance_error_event(vertex_proxy, calls, form):
    call = run(vertex_proxy, calls, f"stream-error-event-{form}", form, fault="stream-error-event")
    assert isinstance(call.error, (ClientError, ServerError)), repr(call.error)
    assert call.error.code == call.error.details["error"]["code"]
    assert whole_tokens(call.nonce, call.text) > 0
    assert call.attempts == 1


# --- Retries, asked for ------------------------------------------------------------------------------------

# fault, attempts of the synchronous client, attempts of the asynchronous one
RETRIED = [
    ("error=429", 5, 5),
    ("http-429-retry-after", 5, 5),
    ("error=500", 5, 5),
    ("error=502", 5, 5),
    ("error=503", 5, 5),
    ("error=504", 5, 5),
    ("html=429", 5, 5),
    ("error=499", 1, 1),
    ("error=529", 1, 1),
    ("error=400", 1, 1),
    ("reset=before-headers", 1, 5),
    ("silence=20ms", 1, 5),
    ("silence=true", 5, 1),
    ("reset=after-headers", 1, 1),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("fault", "in_sync", "in_async"), RETRIED, ids=lambda v: v if isinstance(v, str) else None)
def test_retry_options(vertex_proxy, calls, fault, in_sync, in_async, form):
    call = run(vertex_proxy, calls, f"retry-{fault}-{form}", form, fault=fault, retries=RETRIES)
    assert call.error is not None
    assert call.attempts == (in_async if form.startswith("async") else in_sync)


@pytest.mark.parametrize("form", ["stream", "async-stream"])
def test_a_broken_stream_is_never_retried(vertex_proxy, calls, form):
    call = run(vertex_proxy, calls, f"retry-cut-{form}", form, fault="cut=3 events:reset", retries=RETRIES)
    assert call.error is not None
    assert call.attempts == 1


# --- Time --------------------------------------------------------------------------------------------------


def test_a_drip_never_times_out_in_sync(vertex_proxy, calls):
    """Each read has its own two seconds; the whole stream takes longer."""
    began = time.monotonic()
    call = run(vertex_proxy, calls, "drip", "stream", fault="slow_tokens=250ms", seconds=2)
    assert time.monotonic() - began > 2
    assert call.error is None, repr(call.error)
    assert call.finished
    assert whole_tokens(call.nonce, call.text) > 4


def test_a_drip_times_out_in_async(vertex_proxy, calls):
    """The time-out is for the whole call: a healthy stream that takes longer is killed."""
    call = run(vertex_proxy, calls, "drip-async", "async-stream", fault="slow_tokens=250ms", seconds=2)
    assert isinstance(call.error, (TimeoutError, asyncio.TimeoutError)), repr(call.error)
    assert not call.finished
    assert whole_tokens(call.nonce, call.text) > 0


@pytest.mark.conformance("google-genai", error="NOT_FOUND", raises=ClientError)
def test_an_unknown_model_is_not_found(vertex_proxy, calls):
    call = run(vertex_proxy, calls, "vertex-unknown-model", "unary", model="gemini-none")
    assert type(call.error) is ClientError, repr(call.error)
    assert (call.error.code, call.error.status) == (404, "NOT_FOUND")
    resource = RESOURCE.replace(GEMINI, "gemini-none")
    assert call.error.message == (
        f"Publisher Model `{resource}` was not found or your project does not have access to it. Please ensure you "
        "are using a valid model version. For more information, see: "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions"
    )
