"""What the anthropic SDK reports when Claude fails: direct, at Bedrock, at Vertex AI.

One row for each documented fact. The clients do not retry, but where the row is about retries.
"""

import anthropic
import pytest

from support.claude import BEDROCK, DIRECT, VERTEX, asks

# fault, exception, status, type, words
DIRECT_ERRORS = [
    ("error=invalid-request", anthropic.BadRequestError, 400, "invalid_request_error", "messages: "),
    ("error=prompt-too-long", anthropic.BadRequestError, 400, "invalid_request_error", "prompt is too long: "),
    ("error=authentication", anthropic.AuthenticationError, 401, "authentication_error", "invalid x-api-key"),
    ("error=billing", anthropic.PaymentRequiredError, 402, "billing_error", "Your credit balance is too low"),
    ("error=permission", anthropic.PermissionDeniedError, 403, "permission_error", "Your API key does not"),
    ("error=not-found", anthropic.NotFoundError, 404, "not_found_error", "model: "),
    ("error=request-timeout", anthropic.RequestTimeoutError, 408, "timeout_error", "Request timed out"),
    ("error=conflict", anthropic.ConflictError, 409, "conflict_error", "The request conflicts"),
    ("error=request-too-large", anthropic.ContentTooLargeError, 413, "request_too_large", "Request exceeds"),
    (
        "error=requests-rate-limit",
        anthropic.RateLimitError,
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 50 requests per minute",
    ),
    ("error=acceleration-limit", anthropic.RateLimitError, 429, "rate_limit_error", "This request would exceed"),
    ("error=api", anthropic.InternalServerError, 500, "api_error", "Internal server error"),
    ("error=timeout", anthropic.GatewayTimeoutError, 504, "timeout_error", "Request timed out"),
    ("error=overloaded", anthropic.OverloadedError, 529, "overloaded_error", "Overloaded"),
    ("http-429-retry-after", anthropic.RateLimitError, 429, "rate_limit_error", "This request would exceed"),
    ("http-529", anthropic.OverloadedError, 529, "overloaded_error", "Overloaded"),
]


def fails(home, url, fault, **more):
    """Asks with a fault and returns what the SDK raises."""
    streams = more.pop("streams", False)
    with home.client(url, **more) as client:
        question = asks(home, f"claude-{fault}", extra_headers={"x-brownout-fault": fault})
        with pytest.raises(anthropic.AnthropicError) as raised:
            if streams:
                for _ in client.messages.create(**question, stream=True):
                    pass
            else:
                client.messages.create(**question)
    return raised.value


@pytest.mark.parametrize("streams", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize(("fault", "exception", "status", "kind", "words"), DIRECT_ERRORS, ids=lambda v: str(v)[:24])
def test_errors_of_the_api(anthropic_mock, conformance, fault, exception, status, kind, words, streams):
    named = f"{status} {kind}"
    if (status, kind) not in {(402, "billing_error"), (408, "timeout_error"), (409, "conflict_error")}:
        conformance("anthropic", error=named, raises=exception.__name__)
    error = fails(DIRECT, anthropic_mock.url, fault, streams=streams)
    assert type(error) is exception, repr(error)
    assert (error.status_code, error.type) == (status, kind)
    assert error.api_message.startswith(words)
    assert error.request_id.startswith("req_")
    assert error.body["request_id"] == error.request_id


@pytest.mark.conformance("anthropic", error="overloaded_error in a stream", raises="APIStatusError")
def test_an_error_in_a_stream(anthropic_mock):
    error = fails(DIRECT, anthropic_mock.url, "stream-error-event", streams=True)
    assert type(error) is anthropic.APIStatusError, repr(error)
    assert (error.status_code, error.type, error.api_message) == (200, "overloaded_error", "Overloaded")
    assert error.body["request_id"] == error.response.headers["request-id"]


# Documented: has the service's guard break the answer off.
REFUSED_BY_GUARD = (
    "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_1FAEFB6177B4672DEE07F9D3AFC62588CCD2631EDCF22E8CCC1FB35B501C9C86"
)


@pytest.mark.parametrize("home", [DIRECT, BEDROCK, VERTEX], ids=str)
def test_a_refusal_is_a_stop_reason(request, home):
    url = request.getfixturevalue(f"{home.family}_mock").url
    question = asks(home, "claude-guard") | {"messages": [{"role": "user", "content": REFUSED_BY_GUARD}]}
    with home.client(url) as client:
        message = client.messages.create(**question)
        assert (message.stop_reason, message.stop_details.type) == ("refusal", "refusal")
        with client.messages.stream(**question) as stream:
            assert stream.get_final_message().stop_reason == "refusal"


def test_models_say_what_they_can_do(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        for model in client.models.list():
            assert model.capabilities.batch.supported is True
        thinking = client.models.retrieve("claude-sonnet-4-5").capabilities.thinking
    assert (thinking.supported, thinking.types.enabled.supported) == (True, True)


def test_what_is_not_served_cannot_be_found(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        with pytest.raises(anthropic.NotFoundError):
            client.messages.batches.retrieve("msgbatch_01")
        with pytest.raises(anthropic.NotFoundError):
            client.beta.files.list()


# What the mock says by itself, without a fault.
REFUSED = [
    ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
    ({"max_tokens": 64_001, "timeout": 9}, "max_tokens: 64001 > 64000, which is the maximum allowed number of "),
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": [{"role": "assistant", "content": "x"}]}, 'messages: first message must use the "user" role'),
    ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty content"),
    ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages.0.content.0: Input tag 'x' found using"),
    ({"extra_body": {"temperature": 2}}, "temperature: range: 0..1"),
    ({"extra_body": {"nonsense": 1}}, "nonsense: Extra inputs are not permitted"),
    ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "tools.0.custom.name: String should match"),
    ({"tool_choice": {"type": "any"}}, "tool_choice may only be specified while providing tools."),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 10}},
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
]


@pytest.mark.parametrize("home", [DIRECT, BEDROCK, VERTEX], ids=str)
@pytest.mark.parametrize(("more", "words"), REFUSED, ids=lambda v: v[:24] if isinstance(v, str) else None)
def test_what_is_wrong_is_said(request, home, more, words):
    url = request.getfixturevalue(f"{home.family}_mock").url
    with home.client(url) as client, pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(**asks(home, "claude-refused") | more)
    assert words in str(raised.value.body)


def test_what_cannot_be_found(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        with pytest.raises(anthropic.NotFoundError, match="model: claude-nope"):
            client.messages.create(**asks(DIRECT, "claude-nope") | {"model": "claude-nope"})
        with pytest.raises(anthropic.NotFoundError, match="model: claude-nope"):
            client.models.retrieve("claude-nope")
        with pytest.raises(anthropic.BadRequestError, match="is not a valid version"):
            client.models.list(extra_headers={"anthropic-version": "2023-13-01"})


def test_a_limit_is_retried_when_it_says(anthropic_mock):
    seen = []
    hooks = {"event_hooks": {"request": [lambda request: seen.append(request.headers["x-stainless-retry-count"])]}}
    http_client = anthropic.DefaultHttpxClient(**hooks)
    fails(DIRECT, anthropic_mock.url, "error=overloaded", max_retries=2, http_client=http_client)
    assert seen == ["0", "1", "2"]


# The errors of whoever serves Claude, before Claude is asked: the SDK goes by status alone.
SERVED_ERRORS = [
    (BEDROCK, "ThrottlingException", "error=throttling", anthropic.RateLimitError),
    (BEDROCK, "ModelNotReadyException", "error=model-not-ready", anthropic.RateLimitError),
    (BEDROCK, "ModelTimeoutException", "error=model-timeout", anthropic.RequestTimeoutError),
    (BEDROCK, "ModelErrorException", "error=model-error", anthropic.APIStatusError),
    (BEDROCK, "InternalServerException", "error=internal-server", anthropic.InternalServerError),
    (BEDROCK, "ServiceUnavailableException", "error=service-unavailable", anthropic.ServiceUnavailableError),
    (BEDROCK, "AccessDeniedException", "error=access-denied", anthropic.PermissionDeniedError),
    (BEDROCK, "ValidationException", "error=validation", anthropic.BadRequestError),
    (BEDROCK, "ResourceNotFoundException", "error=resource-not-found", anthropic.NotFoundError),
    (BEDROCK, "ServiceQuotaExceededException", "error=service-quota-exceeded", anthropic.BadRequestError),
    (VERTEX, "INVALID_ARGUMENT", "error=invalid-argument", anthropic.BadRequestError),
    (VERTEX, "UNAUTHENTICATED", "error=access-token-expired", anthropic.AuthenticationError),
    (VERTEX, "PERMISSION_DENIED", "error=permission-denied", anthropic.PermissionDeniedError),
    (VERTEX, "NOT_FOUND", "error=model-not-found", anthropic.NotFoundError),
    (VERTEX, "RESOURCE_EXHAUSTED", "error=claude-requests-quota", anthropic.RateLimitError),
    (VERTEX, "CANCELLED", "error=cancelled", anthropic.ClientClosedRequestError),
    (VERTEX, "INTERNAL", "error=internal", anthropic.InternalServerError),
    (VERTEX, "UNKNOWN", "error=unknown", anthropic.InternalServerError),
    (VERTEX, "UNAVAILABLE", "error=unavailable", anthropic.ServiceUnavailableError),
    (VERTEX, "DEADLINE_EXCEEDED", "error=deadline-exceeded", anthropic.GatewayTimeoutError),
]


def name_of(error, home, streams):
    """What the error is called by whom it comes from."""
    if home is BEDROCK:
        return error.response.headers["x-amzn-errortype"].split(":")[0]
    # Before a stream of Claude's, Google's error is a list of one.
    [body] = error.body if streams else [error.body]
    return body["error"]["status"]


@pytest.mark.parametrize("streams", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize(("home", "name", "fault", "exception"), SERVED_ERRORS, ids=lambda v: str(v)[:28])
def test_errors_of_who_serves_claude(request, conformance, home, name, fault, exception, streams):
    conformance(home.column, error=name, raises=exception.__name__)
    url = request.getfixturevalue(f"{home.family}_mock").url
    error = fails(home, url, fault, streams=streams)
    assert type(error) is exception, repr(error)
    assert name_of(error, home, streams) == name


# Clean ends and cuts in a stream: what the documentation of the wire says of each.
CUTS = [
    ("stream-truncate-boundary", "RemoteProtocolError"),
    ("stream-truncate-mid-event", "RemoteProtocolError"),
    ("reset-after-headers", "ReadError"),
]


@pytest.mark.parametrize(("fault", "name"), CUTS, ids=lambda v: v)
def test_a_broken_stream_is_the_transports_error(anthropic_mock, fault, name):
    with DIRECT.client(anthropic_mock.url) as client:
        question = asks(DIRECT, f"claude-{fault}", extra_headers={"x-brownout-fault": fault})
        with pytest.raises(Exception) as raised:
            for _ in client.messages.create(**question, stream=True):
                pass
    assert type(raised.value).__module__.startswith("httpx2")
    assert type(raised.value).__name__ == name


def test_a_stream_without_its_end_is_no_error(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        question = asks(DIRECT, "claude-no-end", extra_headers={"x-brownout-fault": "stream-no-terminator"})
        with client.messages.stream(**question) as stream:
            message = stream.get_final_message()
    assert message.content[0].text
