"""What the openai package raises when OpenAI or Azure OpenAI fails, and how often it tries again."""

import httpx
import openai
import pydantic
import pytest

from support.nonce import nonce_of
from support.openai_calls import CHAT, COLUMNS, EMBEDS, client_of, messages

# fault, the exception, status, type, code
ERRORS = [
    ("error=invalid-value", openai.BadRequestError, 400, "invalid_request_error", "invalid_value"),
    ("error=context-length-exceeded", openai.BadRequestError, 400, "invalid_request_error", "context_length_exceeded"),
    ("error=content-policy-violation", openai.BadRequestError, 400, "invalid_request_error", "content_policy_violation"),
    ("error=invalid-api-key", openai.AuthenticationError, 401, "invalid_request_error", "invalid_api_key"),
    (
        "error=unsupported-country",
        openai.PermissionDeniedError,
        403,
        "request_forbidden",
        "unsupported_country_region_territory",
    ),
    ("error=model-not-found", openai.NotFoundError, 404, "invalid_request_error", "model_not_found"),
    ("error=requests-rate-limit", openai.RateLimitError, 429, "requests", "rate_limit_exceeded"),
    ("error=tokens-rate-limit", openai.RateLimitError, 429, "tokens", "rate_limit_exceeded"),
    ("error=insufficient-quota", openai.RateLimitError, 429, "insufficient_quota", "insufficient_quota"),
    ("error=server-error", openai.InternalServerError, 500, "server_error", None),
    (
        "error=overloaded",
        openai.InternalServerError,
        503,
        "service_unavailable_error",
        "server_is_overloaded",
    ),
]


# What Azure says where it has words of its own: type and code.
AT_AZURE = {
    "error=invalid-api-key": (None, "401"),
    "error=model-not-found": (None, "DeploymentNotFound"),
    "error=requests-rate-limit": (None, "429"),
    "error=tokens-rate-limit": (None, "429"),
    "error=content-policy-violation": (None, "content_filter"),
}


def cell_of(status, code, kind):
    """The error's name in docs/conformance.md."""
    if kind == "server_error":
        return "500 server_error"
    if code == "invalid_value":
        return "400 invalid_request_error"
    return f"{status} {code}"


def ask(client, stream=False):
    return client.chat.completions.create(model=CHAT, messages=messages("hello"), stream=stream)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(("fault", "error", "status", "kind", "code"), ERRORS, ids=[row[0] for row in ERRORS])
def test_typed_errors(openai_mock, conformance, column, stream, fault, error, status, kind, code):
    conformance(column, error=cell_of(status, code, kind), raises=error)
    with client_of(column, openai_mock.url, fault=fault) as client, pytest.raises(error) as raised:
        ask(client, stream)
    found = raised.value
    assert type(found) is error
    if column != "openai":
        kind, code = AT_AZURE.get(fault, (kind, code))
    assert (found.status_code, found.type, found.code) == (status, kind, code)
    assert found.response.headers["content-type"] == "application/json"
    assert found.request_id


# --- What the mock itself refuses ---------------------------------------------------------------------------

# arguments, param, code
REFUSED = [
    ({"temperature": 3}, "temperature", "decimal_above_max_value"),
    ({"n": 0}, "n", "integer_below_min_value"),
    ({"max_tokens": 100_000}, "max_tokens", "invalid_value"),
    ({"extra_body": {"max_tokens": "9"}}, "max_tokens", "invalid_type"),
    ({"messages": []}, "messages", "empty_array"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
    ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}, "messages.[0].role", None),
    ({"tool_choice": "auto"}, "tool_choice", None),
    ({"stop": list("abcde")}, "stop", "array_above_max_length"),
    ({"response_format": {"type": "json_object"}}, "messages", None),
    ({"extra_body": {"top_k": 5}}, None, None),
]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(("arguments", "param", "code"), REFUSED, ids=lambda value: str(value)[:40])
def test_bad_requests(openai_mock, conformance, column, arguments, param, code):
    conformance(column, error="400 invalid_request_error", raises=openai.BadRequestError)
    arguments = {"model": CHAT, "messages": messages("hello"), **arguments}
    with client_of(column, openai_mock.url) as client, pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(**arguments)
    assert (raised.value.type, raised.value.param, raised.value.code) == ("invalid_request_error", param, code)


@pytest.mark.parametrize("column", COLUMNS)
def test_unknown_models(openai_mock, conformance, column):
    conformance(column, error="404 model_not_found", raises=openai.NotFoundError)
    with client_of(column, openai_mock.url) as client, pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="gpt-9", messages=messages("hello"))
    assert raised.value.code == ("model_not_found" if column == "openai" else "DeploymentNotFound")


@pytest.mark.parametrize("column", COLUMNS)
def test_long_prompts(openai_mock, conformance, column):
    conformance(column, error="400 context_length_exceeded", raises=openai.BadRequestError)
    with client_of(column, openai_mock.url) as client, pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="gpt-4", messages=messages("one two three " * 5_000))
    assert raised.value.code == "context_length_exceeded"
    assert "maximum context length is 8192 tokens" in raised.value.message


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_blocked_prompts(openai_mock, conformance, column, stream):
    conformance(column, error="400 content_policy_violation", raises=openai.BadRequestError)
    with client_of(column, openai_mock.url) as client, pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model=CHAT, messages=messages("brownout:block"), stream=stream)
    if column == "openai":
        assert raised.value.code == "content_policy_violation"
    else:
        assert raised.value.code == "content_filter"
        assert raised.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"


@pytest.mark.parametrize("column", COLUMNS)
def test_broken_off_answers(openai_mock, column):
    """The parsing helpers of the SDK raise an error of their own."""
    with client_of(column, openai_mock.url) as client:
        asked = {"model": CHAT, "messages": messages("brownout:finish=content_filter")}
        assert client.chat.completions.create(**asked).choices[0].finish_reason == "content_filter"
        chunks = list(client.chat.completions.create(**asked, stream=True))
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "content_filter"
        with pytest.raises(openai.ContentFilterFinishReasonError):
            client.chat.completions.parse(**asked, response_format=Weather)


class Weather(pydantic.BaseModel):
    city: str


@pytest.mark.parametrize("column", COLUMNS)
def test_refusals(openai_mock, column):
    refuse = f"{nonce_of(f'refusal-{column}')}\nbrownout:refuse"
    with client_of(column, openai_mock.url) as client:
        asked = {"model": CHAT, "messages": messages(refuse), "response_format": Weather}
        message = client.chat.completions.parse(**asked).choices[0].message
        assert message.refusal and message.parsed is None and message.content is None
        with client.chat.completions.stream(**asked) as stream:
            events = list(stream)
        done = [event for event in events if event.type == "refusal.done"]
        assert [event.refusal for event in done] == [message.refusal]
        response = client.responses.create(model=CHAT, input=refuse)
        assert response.output[0].content[0].type == "refusal"
        with client.responses.stream(model=CHAT, input=refuse) as stream:
            done = [event for event in stream if event.type == "response.refusal.done"]
        assert [event.refusal for event in done] == [response.output[0].content[0].refusal]


def test_failed_responses(openai_mock):
    with client_of("openai", openai_mock.url) as client:
        failed = client.responses.create(model=CHAT, input="brownout:fail=server_error")
        assert (failed.status, failed.error.code) == ("failed", "server_error")
        events = list(client.responses.create(model=CHAT, input="brownout:fail=rate_limit_exceeded", stream=True))
        assert events[-1].type == "response.failed"
        assert events[-1].response.error.code == "rate_limit_exceeded"
        left = client.responses.create(model=CHAT, input="brownout:finish=content_filter")
        assert (left.status, left.incomplete_details.reason) == ("incomplete", "content_filter")


def test_no_key(openai_mock):
    answer = httpx.post(f"{openai_mock.url}/v1/chat/completions", json={"model": CHAT, "messages": []})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] is None
    url = f"{openai_mock.url}/openai/deployments/{CHAT}/chat/completions?api-version=2024-10-21"
    answer = httpx.post(url, json={"messages": []})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "401")


# --- Retries ------------------------------------------------------------------------------------------------

# fault, attempts
RETRIED = [
    ("error=429,retry_after=none", 3),
    ("error=server-error", 3),
    ("error=overloaded", 3),
    ("error=insufficient-quota", 3),
    ("error=invalid-value", 1),
    ("error=model-not-found", 1),
    ("reset=before-headers", 3),
]


@pytest.mark.parametrize(("fault", "attempts"), RETRIED, ids=[row[0] for row in RETRIED])
def test_retries(openai_mock, monkeypatch, fault, attempts):
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    seen = []
    http_client = openai.DefaultHttpxClient(event_hooks={"request": [seen.append]})
    with client_of("openai", openai_mock.url, fault=fault, retries=2, http_client=http_client) as client:
        with pytest.raises(openai.OpenAIError):
            ask(client)
    assert len(seen) == attempts
    assert [request.headers["x-stainless-retry-count"] for request in seen] == [str(n) for n in range(attempts)]


def test_retry_after_is_waited_for(openai_mock, monkeypatch):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    with client_of("openai", openai_mock.url, fault="http-429-retry-after", retries=1) as client:
        with pytest.raises(openai.RateLimitError):
            ask(client)
    assert waited == [2.0]


# --- Streams that break -------------------------------------------------------------------------------------


def consumed(client):
    """What came before a stream broke, and what was raised."""
    chunks = []
    try:
        for chunk in ask(client, stream=True):
            chunks.append(chunk)
    except Exception as error:  # Whatever the SDK raises is what the test is about.
        return chunks, error
    return chunks, None


# fault, the exception
BROKEN = [
    ("stream-error-event", openai.APIError),
    ("cut=1 content event:reset", httpx.ReadError),
    ("stream-truncate-boundary", httpx.RemoteProtocolError),
    ("stream-truncate-mid-event", httpx.RemoteProtocolError),
    ("stream-no-terminator", type(None)),
    ("html-200", type(None)),
]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(("fault", "error"), BROKEN, ids=[row[0] for row in BROKEN])
def test_broken_streams(openai_mock, conformance, column, fault, error):
    with client_of(column, openai_mock.url, fault=fault) as client:
        chunks, raised = consumed(client)
    assert type(raised) is error, repr(raised)
    assert bool(chunks) == (fault != "html-200")
    if fault == "stream-error-event":
        conformance(column, error="error in a stream", raises=error)
        assert raised.type == "server_error"


def test_a_stalled_stream_times_out(openai_mock):
    with client_of("openai", openai_mock.url, fault="stream-stall", timeout=0.5) as client:
        chunks, raised = consumed(client)
    assert chunks
    assert type(raised) is httpx.ReadTimeout


def test_an_error_inside_a_response_is_an_event(openai_mock):
    """The SDK does not raise it."""
    with client_of("openai", openai_mock.url, fault="stream-error-event") as client:
        events = list(client.responses.create(model=CHAT, input="hello", stream=True))
    assert events[-1].type == "error"
    assert events[-1].code == "server_error"
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_faults_by_path_and_model(openai_mock):
    with client_of("openai", f"{openai_mock.url}/fault/http-503") as client:
        with pytest.raises(openai.InternalServerError):
            client.embeddings.create(model=EMBEDS, input="x")
    with client_of("openai", openai_mock.url) as client:
        with pytest.raises(openai.RateLimitError):
            client.embeddings.create(model="fault.http-429", input="x")
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("fault.http-404")
    with client_of("openai-azure", openai_mock.url) as client:
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="fault.http-500", messages=messages("hello"))
