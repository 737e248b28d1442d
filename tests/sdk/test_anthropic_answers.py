"""The anthropic SDK against the mock, without faults: direct, at Bedrock, at Vertex AI."""

import asyncio

import anthropic
import pytest

from support.claude import DIRECT, HOMES, MAX_TOKENS, NAME, VERTEX, WEATHER, asks
from support.nonce import nonce_of, whole_tokens


@pytest.fixture(params=HOMES, ids=str)
def home(request):
    return request.param


@pytest.fixture
def url(home, request):
    return request.getfixturevalue(f"{home.family}_mock").url


@pytest.fixture
def client(home, url):
    with home.client(url) as client:
        yield client


def test_a_message(client, home, conformance):
    conformance(home.column, home.call, "plain")
    conformance(home.column, home.call, "usage")
    message = client.messages.create(**asks(home, "claude-plain"))
    assert message.model == NAME
    assert message.id.startswith(f"msg_{home.ids}")
    assert (message.type, message.role) == ("message", "assistant")
    assert message.stop_reason in {"end_turn", "max_tokens"}
    tokens = whole_tokens(nonce_of("claude-plain"), message.content[0].text)
    assert message.usage.output_tokens == tokens <= MAX_TOKENS
    assert message.usage.input_tokens > 0


def test_a_stream_of_events(client, home, conformance):
    conformance(home.column, home.call, "stream")
    events = list(client.messages.create(**asks(home, "claude-events"), stream=True))
    assert [events[0].type, events[1].type] == ["message_start", "content_block_start"]
    assert [event.type for event in events[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    tokens = whole_tokens(nonce_of("claude-events"), text)
    assert events[-2].usage.output_tokens == tokens
    assert len(events) >= 8, "too few events for the stream faults of the other tests"


def test_the_stream_helper_puts_a_message_together(client, home, conformance):
    conformance(home.column, home.call, "stream")
    with client.messages.stream(**asks(home, "claude-helper")) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert message.content[0].text == text
    assert message.usage.output_tokens == whole_tokens(nonce_of("claude-helper"), text)
    assert message.stop_reason in {"end_turn", "max_tokens"}
    assert client.messages.create(**asks(home, "claude-helper")).content[0].text == text


def test_a_tool_is_called_and_its_result_answered(client, home, conformance):
    conformance(home.column, home.call, "tool")
    question = asks(home, "claude-tool", tools=[WEATHER], max_tokens=200)
    message = client.messages.create(**question, tool_choice={"type": "tool", "name": "get_weather"})
    assert message.stop_reason == "tool_use"
    call = message.content[-1]
    assert (call.type, call.name) == ("tool_use", "get_weather")
    assert call.id.startswith(f"toolu_{home.ids}")
    assert isinstance(call.input["city"], str)
    assert isinstance(call.input["days"], int)

    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    question["messages"] += [
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": [result]},
    ]
    answer = client.messages.create(**question)
    assert answer.content[0].type == "text"
    assert answer.stop_reason != "tool_use"


def test_a_tool_is_called_in_a_stream(client, home, conformance):
    conformance(home.column, home.call, "stream tool")
    question = asks(home, "claude-stream-tool", tools=[WEATHER], max_tokens=200)
    choice = {"type": "any", "disable_parallel_tool_use": True}
    with client.messages.stream(**question, tool_choice=choice) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        message = stream.get_final_message()
    call = message.content[-1]
    assert (call.type, call.name, message.stop_reason) == ("tool_use", "get_weather", "tool_use")
    assert isinstance(call.input["days"], int)
    assert len(pieces) > 1
    whole = client.messages.create(**question, tool_choice=choice)
    assert (whole.content[-1].id, whole.content[-1].input) == (call.id, call.input)


def test_thinking_comes_first(client, home):
    question = asks(home, "claude-thinking", max_tokens=2000)
    thinking = {"type": "enabled", "budget_tokens": 1024}
    message = client.messages.create(**question, thinking=thinking)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking
    assert message.content[0].signature
    with client.messages.stream(**question, thinking=thinking) as stream:
        streamed = stream.get_final_message()
    assert streamed.content[0].thinking == message.content[0].thinking
    assert streamed.content[0].signature
    assert streamed.content[1].text == message.content[1].text


def test_a_stop_sequence_ends_the_answer(client, home):
    plain = client.messages.create(**asks(home, "claude-stop")).content[0].text
    stop = plain.split(" ")[3]
    message = client.messages.create(**asks(home, "claude-stop"), stop_sequences=[stop])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", stop)
    assert message.content[0].text == plain[: plain.index(stop)]


@pytest.mark.parametrize("home", [DIRECT, VERTEX], ids=str, indirect=True)
def test_count_tokens_counts_what_the_answer_is_billed_for(client, home, conformance):
    conformance(home.column, home.call, "count")
    question = asks(home, "claude-count")
    counted = client.messages.count_tokens(model=home.model, messages=question["messages"])
    assert counted.input_tokens == client.messages.create(**question).usage.input_tokens


def test_the_asynchronous_client(home, url):
    async def ask():
        async with home.client(url, is_async=True) as client:
            message = await client.messages.create(**asks(home, "claude-async"))
            async with client.messages.stream(**asks(home, "claude-async")) as stream:
                return message, await stream.get_final_message()

    message, streamed = asyncio.run(ask())
    assert message.content[0].text == streamed.content[0].text
    whole_tokens(nonce_of("claude-async"), message.content[0].text)


def test_an_answer_keeps_to_its_schema(anthropic_mock):
    import json

    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    with DIRECT.client(anthropic_mock.url) as client:
        message = client.messages.create(
            **asks(DIRECT, "claude-schema", max_tokens=300),
            output_config={"format": {"type": "json_schema", "schema": schema}},
        )
    said = json.loads(message.content[0].text)
    assert isinstance(said["name"], str)
    assert isinstance(said["age"], int)


@pytest.mark.conformance("anthropic", "models", "list")
def test_models_are_listed_over_all_pages(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        ids = [model.id for model in client.models.list(limit=5)]
        assert len(ids) > 20
        assert len(set(ids)) == len(ids)
        assert NAME in ids
        model = client.models.retrieve("claude-haiku-4-5")
        assert (model.id, model.type, model.display_name) == (NAME, "model", "Claude Haiku 4.5")
        assert model.lifecycle == "active"
        assert model.created_at.year == 2025


def test_the_headers_of_an_answer(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        raw = client.messages.with_raw_response.create(**asks(DIRECT, "claude-headers"))
    assert raw.headers["request-id"].startswith("req_01")
    assert raw.parse()._request_id == raw.headers["request-id"]
    assert raw.headers["anthropic-organization-id"]
    assert raw.headers["content-type"] == "application/json"


@pytest.mark.parametrize("settings", [{"api_key": "sk-ant-x"}, {"api_key": None, "auth_token": "oauth-x"}])
def test_keys_and_tokens_are_taken(anthropic_mock, settings):
    with DIRECT.client(anthropic_mock.url, **settings) as client:
        assert client.messages.create(**asks(DIRECT, "claude-auth")).content
    headers = {"x-api-key": "sk-ant-x", "anthropic-version": "2023-06-01", "authorization": anthropic.Omit()}
    with DIRECT.client(anthropic_mock.url) as client:
        assert client.messages.create(**asks(DIRECT, "claude-auth"), extra_headers=headers).content
