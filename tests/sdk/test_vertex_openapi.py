"""The openai package at `endpoints/openapi` of Vertex AI."""

import openai
import pytest

from support.nonce import nonce_of, whole_tokens
from support.vertex import LOCATION, PROJECT, client_of, options_of, prompt

COLUMN = "openai-vertex"
MODEL = "google/gemini-2.5-flash"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def client(vertex_mock):
    base = f"{vertex_mock.url}/v1/projects/{PROJECT}/locations/{LOCATION}/endpoints/openapi"
    with openai.OpenAI(base_url=base, api_key="ya29.any", max_retries=0) as client:
        yield client


def messages(nonce):
    return [{"role": "user", "content": prompt(nonce)}]


@pytest.mark.conformance(COLUMN, "endpoints/openapi", "plain")
@pytest.mark.conformance(COLUMN, "endpoints/openapi", "usage")
def test_chat(client):
    nonce = nonce_of("openapi")
    answer = client.chat.completions.create(model=MODEL, messages=messages(nonce), max_tokens=24)
    assert whole_tokens(nonce, answer.choices[0].message.content) == answer.usage.completion_tokens
    assert answer.model == MODEL
    assert answer.usage.model_extra["extra_properties"] == {"google": {"traffic_type": "ON_DEMAND"}}
    assert answer.usage.completion_tokens_details is None


@pytest.mark.conformance(COLUMN, "endpoints/openapi", "stream")
@pytest.mark.conformance(COLUMN, "endpoints/openapi", "usage")
def test_stream(client):
    nonce = nonce_of("openapi-stream")
    chunks = list(
        client.chat.completions.create(
            model=MODEL,
            messages=messages(nonce),
            max_tokens=24,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole_tokens(nonce, text) == chunks[-1].usage.completion_tokens


@pytest.mark.conformance(COLUMN, "endpoints/openapi", "usage")
def test_what_is_cached_is_told_and_what_gemini_was_asked_counts(client, vertex_mock):
    nonce = nonce_of("openapi-cached")
    long = " water" * 6_000
    with client_of(options_of(vertex_mock.url)) as gemini:
        config = {"system_instruction": long, "max_output_tokens": 24}
        gemini.models.generate_content(model="gemini-2.5-flash", contents=prompt(nonce), config=config)
    spoken = [{"role": "system", "content": long}, *messages(nonce)]
    answer = client.chat.completions.create(model=MODEL, messages=spoken, max_tokens=24)
    assert answer.usage.prompt_tokens_details.cached_tokens > 5_000


@pytest.mark.conformance(COLUMN, "endpoints/openapi", "tool")
def test_a_function_is_called(client):
    answer = client.chat.completions.create(
        model=MODEL, messages=messages(nonce_of("openapi-tool")), tools=[TOOL], tool_choice="required"
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "get_weather"


@pytest.mark.conformance(COLUMN, "endpoints/openapi", "stream tool")
def test_a_function_is_called_in_a_stream(client):
    chunks = client.chat.completions.create(
        model=MODEL, messages=messages(nonce_of("openapi-stream-tool")), tools=[TOOL], tool_choice="required", stream=True
    )
    names = [
        call.function.name
        for chunk in chunks
        for call in chunk.choices[0].delta.tool_calls or []
        if call.function.name
    ]
    assert "get_weather" in names


# fault, the SDK's class, the gRPC name
ERRORS = [
    ("error=invalid-argument", openai.BadRequestError, "INVALID_ARGUMENT"),
    ("error=access-token-expired", openai.AuthenticationError, "UNAUTHENTICATED"),
    ("error=permission-denied", openai.PermissionDeniedError, "PERMISSION_DENIED"),
    ("error=model-not-found", openai.NotFoundError, "NOT_FOUND"),
    ("error=resource-exhausted", openai.RateLimitError, "RESOURCE_EXHAUSTED"),
    ("error=cancelled", openai.APIStatusError, "CANCELLED"),
    ("error=internal", openai.InternalServerError, "INTERNAL"),
    ("error=unknown", openai.InternalServerError, "UNKNOWN"),
    ("error=unavailable", openai.InternalServerError, "UNAVAILABLE"),
    ("error=deadline-exceeded", openai.InternalServerError, "DEADLINE_EXCEEDED"),
]


def error_case(case):
    return pytest.param(*case, marks=pytest.mark.conformance(COLUMN, error=case[2]), id=case[2])


@pytest.mark.parametrize(("fault", "kind", "status"), [error_case(case) for case in ERRORS])
def test_errors(client, fault, kind, status):
    with pytest.raises(openai.APIStatusError) as raised:
        client.chat.completions.create(
            model=MODEL, messages=messages(nonce_of(f"openapi-{status}")), extra_headers={"x-brownout-fault": fault}
        )
    assert type(raised.value) is kind
    [error] = raised.value.response.json()
    assert error["error"]["status"] == status


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="google/gemini-none", messages=messages(nonce_of("openapi-none")))
    assert "publishers/google/models/gemini-none` was not found" in raised.value.response.json()[0]["error"]["message"]
