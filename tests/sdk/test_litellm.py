"""LiteLLM against the mocks of all providers: what it makes of answers, and its own class for each provider's error.

The classes are LiteLLM's documented mapping: by the text first, then by the status.
"""

import asyncio
import contextlib
import json

import litellm
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.litellm_calls import MAX_TOKENS, ROUTES, complete, complete_async, settings_of
from support.nonce import nonce_of, whole_tokens

ALL = list(ROUTES)


@pytest.fixture(scope="module")
def account(parts):
    """A service account's file, whose tokens the mock hands out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "mock-project",
            "private_key_id": "1",
            "private_key": key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode(),
            "client_email": "tests@mock-project.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": f"{parts.mock('vertex').url}/token",
        }
    )


@pytest.fixture(params=ALL)
def route(request):
    return ROUTES[request.param]


# --- Answers -----------------------------------------------------------------------------------------------


def check_usage(usage, tokens):
    assert usage.completion_tokens == tokens
    assert usage.prompt_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + tokens


# The asynchronous client has its own transport. All its calls are made in one event loop: it keeps connections.
FORMS = {
    "sync": lambda loop: complete,
    "async": lambda loop: lambda *what, **how: loop.run_until_complete(complete_async(*what, **how)),
}


@pytest.fixture(scope="module")
def loop():
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        yield loop


@pytest.fixture(params=FORMS)
def ask(request, loop):
    return FORMS[request.param](loop)


def test_plain(route, parts, account, conformance, ask, request):
    conformance(route.column, route.call, "plain")
    conformance(route.column, route.call, "usage")
    nonce = nonce_of(request.node.name)
    answer = ask(route, parts, account, nonce)
    [choice] = answer.choices
    tokens = whole_tokens(nonce, choice.message.content)
    assert 0 < tokens <= MAX_TOKENS
    assert choice.finish_reason in {"stop", "length"}
    check_usage(answer.usage, tokens)


def test_stream(route, parts, account, conformance, ask, request):
    conformance(route.column, route.call, "stream")
    conformance(route.column, route.call, "usage")
    nonce = nonce_of(request.node.name)
    chunks = list(ask(route, parts, account, nonce, stream=True))
    pieces = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert len([piece for piece in pieces if piece]) > 1
    tokens = whole_tokens(nonce, "".join(pieces))
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert reasons in (["stop"], ["length"])
    [usage] = [chunk.usage for chunk in chunks if getattr(chunk, "usage", None)]
    check_usage(usage, tokens)


def check_calls(calls):
    """Calls of the tool whose arguments follow its schema."""
    assert calls
    for call in calls:
        assert call["name"] == "weather"
        assert call["id"]
        arguments = json.loads(call["arguments"])
        assert isinstance(arguments["city"], str)
        assert arguments["unit"] in {"celsius", "fahrenheit"}
        assert isinstance(arguments.get("days", 1), int)


def test_tool(route, parts, account, conformance):
    conformance(route.column, route.call, "tool")
    answer = complete(route, parts, account, nonce_of(f"litellm-tool-{route}"), tools=True)
    [choice] = answer.choices
    assert choice.finish_reason == "tool_calls"
    calls = choice.message.tool_calls
    check_calls([{"id": call.id, **call.function.model_dump()} for call in calls])


def test_stream_tool(route, parts, account, conformance):
    conformance(route.column, route.call, "stream tool")
    chunks = list(complete(route, parts, account, nonce_of(f"litellm-stream-tool-{route}"), stream=True, tools=True))
    calls = {}
    for delta in [choice.delta for chunk in chunks for choice in chunk.choices]:
        for piece in delta.tool_calls or []:
            call = calls.setdefault(piece.index, {"id": None, "name": None, "arguments": ""})
            call["id"] = call["id"] or piece.id
            call["name"] = call["name"] or piece.function.name
            call["arguments"] += piece.function.arguments or ""
    check_calls(list(calls.values()))
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert reasons == ["tool_calls"]


EMBEDDINGS = [
    # route, model, cell, dimensions
    ("bedrock/invoke", "bedrock/amazon.titan-embed-text-v2:0", "InvokeModel, Titan embeddings", 1024),
    ("bedrock/invoke", "bedrock/cohere.embed-english-v3", "InvokeModel, Cohere embeddings", 1024),
    ("vertex_ai", "vertex_ai/text-embedding-005", "predict, embeddings", 768),
    ("vertex_ai", "vertex_ai/gemini-embedding-2", "embedContent", 3072),
    ("openai", "openai/text-embedding-3-small", "embeddings", 1536),
    ("azure", "azure/text-embedding-3-small", "embeddings", 1536),
]


@pytest.mark.parametrize(("name", "model", "cell", "dimensions"), EMBEDDINGS)
def test_embedding(parts, account, conformance, name, model, cell, dimensions):
    route = ROUTES[name]
    conformance(route.column, cell, "plain")
    if "Cohere" not in cell:
        conformance(route.column, cell, "usage")
    # embedContent makes one vector of all that it is given.
    texts = ["one text", "another text"] if cell != "embedContent" else ["one text"]
    answer = litellm.embedding(model=model, input=texts, num_retries=0, **settings_of(route, parts, account))
    vectors = [item["embedding"] for item in answer.data]
    assert [len(vector) for vector in vectors] == [dimensions] * len(texts)
    assert vectors[0] != vectors[-1] or len(texts) == 1
    assert answer.usage.prompt_tokens > 0 or "Cohere" in cell


# --- Errors ------------------------------------------------------------------------------------------------

BEDROCK = ("bedrock/converse", "bedrock/invoke")
VERTEX = ("vertex_ai",)
ANTHROPIC = ("anthropic",)
OPENAI = ("openai", "azure")

# routes, fault, the provider's error, LiteLLM's class, its status
ERRORS = [
    (BEDROCK, "throttling-requests", "ThrottlingException", "RateLimitError", 429),
    (BEDROCK, "throttling-tokens", "ThrottlingException", "RateLimitError", 429),
    (BEDROCK, "model-not-ready", "ModelNotReadyException", "RateLimitError", 429),
    (BEDROCK, "model-timeout", "ModelTimeoutException", "Timeout", 408),
    (BEDROCK, "model-error", "ModelErrorException", "BadRequestError", 424),
    (BEDROCK, "internal-server", "InternalServerException", "ServiceUnavailableError", 503),
    (BEDROCK, "service-unavailable", "ServiceUnavailableException", "ServiceUnavailableError", 503),
    (BEDROCK, "access-denied", "AccessDeniedException", "PermissionDeniedError", 403),
    (BEDROCK, "validation", "ValidationException", "BadRequestError", 400),
    (BEDROCK, "resource-not-found", "ResourceNotFoundException", "NotFoundError", 404),
    (BEDROCK, "service-quota-exceeded", "ServiceQuotaExceededException", "BadRequestError", 400),
    (VERTEX, "invalid-argument", "INVALID_ARGUMENT", "BadRequestError", 400),
    (VERTEX, "access-token-expired", "UNAUTHENTICATED", "AuthenticationError", 401),
    (VERTEX, "permission-denied", "PERMISSION_DENIED", "BadRequestError", 403),
    (VERTEX, "model-not-found", "NOT_FOUND", "NotFoundError", 404),
    (VERTEX, "resource-exhausted", "RESOURCE_EXHAUSTED", "RateLimitError", 429),
    (VERTEX, "gemini-quota", "RESOURCE_EXHAUSTED", "RateLimitError", 429),
    (VERTEX, "cancelled", "CANCELLED", "BadRequestError", 499),
    (VERTEX, "internal", "INTERNAL", "InternalServerError", 500),
    (VERTEX, "unknown", "UNKNOWN", "InternalServerError", 500),
    (VERTEX, "unavailable", "UNAVAILABLE", "ServiceUnavailableError", 503),
    (VERTEX, "deadline-exceeded", "DEADLINE_EXCEEDED", "Timeout", 504),
    (OPENAI, "invalid-value", "400 invalid_request_error", "BadRequestError", 400),
    (OPENAI, "context-length-exceeded", "400 context_length_exceeded", "ContextWindowExceededError", 400),
    (OPENAI, "content-policy-violation", "400 content_policy_violation", "ContentPolicyViolationError", 400),
    (OPENAI, "invalid-api-key", "401 invalid_api_key", "AuthenticationError", 401),
    (OPENAI, "unsupported-country", "403 unsupported_country_region_territory", "APIError", 403),
    (OPENAI, "model-not-found", "404 model_not_found", "NotFoundError", 404),
    (OPENAI, "requests-rate-limit", "429 rate_limit_exceeded", "RateLimitError", 429),
    (OPENAI, "tokens-rate-limit", "429 rate_limit_exceeded", "RateLimitError", 429),
    (OPENAI, "insufficient-quota", "429 insufficient_quota", "RateLimitError", 429),
    (("openai",), "server-error", "500 server_error", "InternalServerError", 500),
    (("azure",), "server-error", "500 server_error", "APIError", 500),
    (OPENAI, "overloaded", "503 server_is_overloaded", "ServiceUnavailableError", 503),
    (ANTHROPIC, "invalid-request", "400 invalid_request_error", "BadRequestError", 400),
    (ANTHROPIC, "authentication", "401 authentication_error", "AuthenticationError", 401),
    (ANTHROPIC, "permission", "403 permission_error", "PermissionDeniedError", 403),
    (ANTHROPIC, "not-found", "404 not_found_error", "NotFoundError", 404),
    (ANTHROPIC, "request-too-large", "413 request_too_large", "BadRequestError", 400),
    (ANTHROPIC, "requests-rate-limit", "429 rate_limit_error", "RateLimitError", 429),
    (ANTHROPIC, "api", "500 api_error", "InternalServerError", 500),
    (ANTHROPIC, "timeout", "504 timeout_error", "Timeout", 408),
    (ANTHROPIC, "overloaded", "529 overloaded_error", "InternalServerError", 500),
]
CASES = [(name, *row) for names, *row in ERRORS for name in names]


def check_error(error, kind, status):
    """The class itself, not a relative of it."""
    assert type(error).__name__ == kind, repr(error)
    assert isinstance(error, getattr(litellm, kind))
    assert error.status_code == status


@pytest.mark.parametrize(("name", "fault", "error", "kind", "status"), CASES)
def test_errors(parts, account, conformance, name, fault, error, kind, status):
    route = ROUTES[name]
    conformance(route.column, error=error, raises=kind)
    with pytest.raises(Exception) as raised:
        complete(route, parts, account, nonce_of(f"litellm-{name}-{fault}"), fault=f"error={fault}")
    check_error(raised.value, kind, status)


# What was not answered for its keys.
REFUSED = [
    ({"aws_access_key_id": "AKIDSOMEBODYELSE"}, "UnrecognizedClientException", "AuthenticationError", 403),
    ({"aws_secret_access_key": "another"}, "InvalidSignatureException", "PermissionDeniedError", 403),
]


@pytest.mark.parametrize(("keys", "error", "kind", "status"), REFUSED)
@pytest.mark.parametrize("name", BEDROCK)
def test_refused(parts, account, conformance, name, keys, error, kind, status):
    conformance("litellm-bedrock", error=error, raises=kind)
    with pytest.raises(Exception) as raised:
        complete(ROUTES[name], parts, account, nonce_of(f"litellm-{name}-{error}"), **keys)
    check_error(raised.value, kind, status)


# routes, fault, the provider's error, LiteLLM's class, its status
IN_STREAMS = [
    (BEDROCK, "throttling-tokens", "ThrottlingException", "MidStreamFallbackError", 429),
    (BEDROCK, "internal-server", "InternalServerException", "MidStreamFallbackError", 503),
    (BEDROCK, "service-unavailable", "ServiceUnavailableException", "MidStreamFallbackError", 503),
    (BEDROCK, "model-stream-error", "ModelStreamErrorException", "BadRequestError", 424),
    (BEDROCK, "validation", "ValidationException", "BadRequestError", 400),
    (("bedrock/invoke",), "model-timeout", "ModelTimeoutException", "Timeout", 408),
    (VERTEX, "resource-exhausted", "RESOURCE_EXHAUSTED", "MidStreamFallbackError", 429),
    (VERTEX, "internal", "INTERNAL", "MidStreamFallbackError", 500),
    (VERTEX, "unavailable", "UNAVAILABLE", "MidStreamFallbackError", 503),
    (OPENAI, "server-error", "error", "MidStreamFallbackError", 500),
    (ANTHROPIC, "overloaded", "overloaded_error", "MidStreamFallbackError", 500),
]
STREAM_CASES = [(name, *row) for names, *row in IN_STREAMS for name in names]


@pytest.mark.parametrize(("name", "fault", "error", "kind", "status"), STREAM_CASES)
def test_errors_in_a_stream(parts, account, conformance, name, fault, error, kind, status):
    route = ROUTES[name]
    conformance(route.column, error=f"{error} in a stream", raises=kind)
    nonce = nonce_of(f"litellm-in-{name}-{fault}")
    text = ""
    with pytest.raises(Exception) as raised:
        for chunk in complete(route, parts, account, nonce, fault=f"in_band_error={fault}:4 events", stream=True):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert type(raised.value).__name__ == kind, repr(raised.value)
    assert raised.value.status_code == status
    assert whole_tokens(nonce, text) > 0
