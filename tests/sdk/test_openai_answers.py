"""The openai package against the mock without faults: OpenAI and Azure OpenAI."""

import asyncio
import base64
import json

import httpx
import openai
import pydantic
import pytest

from support.nonce import nonce_of, whole_tokens
from support.openai_calls import (
    API_VERSION,
    CHAT,
    CHAT_TOOL,
    COLUMNS,
    COMPLETES,
    EMBEDS,
    RESPONSE_TOOL,
    THINKS,
    client_of,
    content_of,
    messages,
    prompt,
)

pytestmark = pytest.mark.parametrize("column", COLUMNS)


@pytest.fixture
def client(openai_mock, column):
    with client_of(column, openai_mock.url) as client:
        yield client


def marked(call, variant):
    return pytest.mark.conformance("{column}", call, variant)


# --- Chat completions ---------------------------------------------------------------------------------------


@marked("chat/completions", "plain")
@marked("chat/completions", "usage")
def test_chat(client, column):
    nonce = nonce_of(f"chat-{column}")
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=prompt(nonce), max_tokens=12)
    answer = raw.parse()
    assert answer.object == "chat.completion"
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.id.startswith("chatcmpl-")
    choice = answer.choices[0]
    assert choice.message.role == "assistant"
    assert choice.message.refusal is None
    assert choice.finish_reason in {"stop", "length"}
    tokens = whole_tokens(nonce, choice.message.content)
    assert answer.usage.completion_tokens == tokens
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + tokens
    assert raw.headers["content-type"] == "application/json"
    assert answer._request_id == raw.headers["x-request-id"]
    # Azure counts the requests of ten seconds.
    assert int(raw.headers["x-ratelimit-limit-requests"]) == (500 if column == "openai" else 84)
    assert 0 <= int(raw.headers["x-ratelimit-remaining-requests"]) < int(raw.headers["x-ratelimit-limit-requests"])
    if column == "openai":
        assert answer.service_tier == "default"
        assert raw.headers["openai-version"] == "2020-10-01"
    else:
        assert choice.content_filter_results["violence"] == {"filtered": False, "severity": "safe"}
        assert raw.headers["apim-request-id"]


@marked("chat/completions", "stream")
@marked("chat/completions", "usage")
def test_chat_stream(client, column):
    nonce = nonce_of(f"chat-stream-{column}")
    options = {"include_usage": True}
    stream = client.chat.completions.create(model=CHAT, messages=prompt(nonce), stream=True, stream_options=options)
    chunks = list(stream)
    tokens = whole_tokens(nonce, content_of(chunks))
    assert tokens > 0
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] in {"stop", "length"}
    assert set(reasons[:-1]) == {None}
    if column == "openai-azure":
        assert chunks[0].choices == []
        assert chunks[0].prompt_filter_results[0]["prompt_index"] == 0
        chunks = chunks[1:]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1


def test_chat_stream_helper(client):
    """The SDK's own accumulation of events ends in the same completion."""
    with client.chat.completions.stream(model=CHAT, messages=messages("hello")) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
    final = stream.get_final_completion()
    assert final.choices[0].message.content == text != ""
    assert final.choices[0].finish_reason in {"stop", "length"}


def test_chat_async(openai_mock, column):
    async def ask():
        cls = openai.AsyncOpenAI if column == "openai" else openai.AsyncAzureOpenAI
        where = {"base_url": f"{openai_mock.url}/v1"}
        if column == "openai-azure":
            where = {"azure_endpoint": openai_mock.url, "api_version": API_VERSION}
        async with cls(api_key="any", **where) as client:
            stream = await client.chat.completions.create(model=CHAT, messages=messages("hello"), stream=True)
            streamed = [chunk async for chunk in stream]
            whole = await client.chat.completions.create(model=CHAT, messages=messages("hello"))
            return streamed, whole

    streamed, whole = asyncio.run(ask())
    assert content_of(streamed)
    assert whole.choices[0].message.content


@marked("chat/completions", "tool")
def test_chat_tools(client):
    conversation = messages("What is the weather?")
    answer = client.chat.completions.create(model=CHAT, messages=conversation, tools=[CHAT_TOOL])
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    conversation.append(choice.message)
    for call in choice.message.tool_calls:
        assert call.type == "function"
        assert call.function.name == "get_weather"
        arguments = json.loads(call.function.arguments)
        assert isinstance(arguments["city"], str)
        assert isinstance(arguments["days"], int)
        conversation.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    after = client.chat.completions.create(model=CHAT, messages=conversation, tools=[CHAT_TOOL])
    assert after.choices[0].finish_reason in {"stop", "length"}
    assert after.choices[0].message.content


@marked("chat/completions", "tool")
def test_chat_tool_choices(client):
    def ask(**choice):
        return client.chat.completions.create(
            model=CHAT, messages=messages("hello"), tools=[CHAT_TOOL], **choice
        ).choices[0]

    named = ask(tool_choice={"type": "function", "function": {"name": "get_weather"}})
    assert named.message.tool_calls
    assert named.finish_reason == "stop"
    assert ask(tool_choice="required").finish_reason == "tool_calls"
    assert ask(tool_choice="none").message.tool_calls is None
    assert len(ask(parallel_tool_calls=False).message.tool_calls) == 1


@marked("chat/completions", "stream tool")
def test_chat_stream_tools(client):
    with client.chat.completions.stream(
        model=CHAT, messages=messages("What is the weather?"), tools=[CHAT_TOOL]
    ) as stream:
        pieces = [event for event in stream if event.type == "tool_calls.function.arguments.delta"]
    assert len(pieces) > 1
    call = stream.get_final_completion().choices[0].message.tool_calls[0]
    assert call.id.startswith("call_")
    assert isinstance(json.loads(call.function.arguments)["city"], str)


class Person(pydantic.BaseModel):
    name: str
    age: int
    tags: list[str]


def test_chat_parse(client):
    """The helper that turns a model class into a schema and the answer into the class."""
    parsed = client.chat.completions.parse(model=CHAT, messages=messages("Who?"), response_format=Person)
    assert isinstance(parsed.choices[0].message.parsed, Person)
    with client.chat.completions.stream(model=CHAT, messages=messages("Who?"), response_format=Person) as stream:
        list(stream)
    assert isinstance(stream.get_final_completion().choices[0].message.parsed, Person)


def test_chat_json_object(client):
    answer = client.chat.completions.create(
        model=CHAT, messages=messages("Some JSON, please."), response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_chat_knobs(client):
    several = client.chat.completions.create(
        model=CHAT, messages=messages("hello"), n=3, logprobs=True, top_logprobs=2, max_tokens=5
    )
    assert [choice.index for choice in several.choices] == [0, 1, 2]
    for choice in several.choices:
        tokens = choice.logprobs.content
        assert "".join(token.token for token in tokens) == choice.message.content
        assert all(len(token.top_logprobs) == 2 for token in tokens)
    nonce = nonce_of("stop")
    stopped = client.chat.completions.create(model=CHAT, messages=prompt(nonce), stop=[".2"])
    assert stopped.choices[0].finish_reason == "stop"
    assert ".1" in stopped.choices[0].message.content
    assert ".2" not in stopped.choices[0].message.content
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
    parts = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}]
    seen = client.chat.completions.create(model=CHAT, messages=parts)
    assert seen.usage.prompt_tokens > 85


def test_chat_thinking(client):
    # The model is slow; short answers keep the test short.
    answer = client.chat.completions.create(
        model=THINKS, messages=messages("hello"), reasoning_effort="low", max_completion_tokens=60
    )
    details = answer.usage.completion_tokens_details
    assert 0 < details.reasoning_tokens < answer.usage.completion_tokens <= 60


# --- Responses ----------------------------------------------------------------------------------------------


@marked("responses", "plain")
@marked("responses", "usage")
def test_response(client, column):
    nonce = nonce_of(f"response-{column}")
    answer = client.responses.create(model=CHAT, input=f"{nonce}\nSay something.", instructions="Be brief.")
    tokens = whole_tokens(nonce, answer.output_text)
    assert answer.status in {"completed", "incomplete"}
    assert answer.usage.output_tokens == tokens
    assert answer.usage.output_tokens_details.reasoning_tokens == 0
    kept = client.responses.retrieve(answer.id)
    assert kept.output_text == answer.output_text
    items = client.responses.input_items.list(answer.id)
    assert items.data[0].content[0].text.startswith(nonce)
    client.responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


@marked("responses", "stream")
def test_response_stream(client, column):
    nonce = nonce_of(f"response-stream-{column}")
    events = list(client.responses.create(model=CHAT, input=f"{nonce}\nhello", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert whole_tokens(nonce, text) > 0
    assert (events[0].type, events[1].type) == ("response.created", "response.in_progress")
    assert events[-1].type in {"response.completed", "response.incomplete"}
    assert events[-1].response.output_text == text
    with client.responses.stream(model=CHAT, input="hello") as stream:
        list(stream)
    assert stream.get_final_response().output_text


@marked("responses", "tool")
def test_response_tools(client):
    first = client.responses.create(model=CHAT, input="What is the weather?", tools=[RESPONSE_TOOL])
    calls = [item for item in first.output if item.type == "function_call"]
    assert calls
    results = []
    for call in calls:
        assert isinstance(json.loads(call.arguments)["days"], int)
        results.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
    after = client.responses.create(
        model=CHAT, previous_response_id=first.id, input=results, tools=[RESPONSE_TOOL]
    )
    assert after.output_text
    assert after.previous_response_id == first.id


@marked("responses", "stream tool")
def test_response_stream_tools(client):
    events = list(client.responses.create(model=CHAT, input="Weather?", tools=[RESPONSE_TOOL], stream=True))
    pieces = "".join(e.delta for e in events if e.type == "response.function_call_arguments.delta" and e.output_index == 0)
    done = next(event for event in events if event.type == "response.function_call_arguments.done")
    assert done.arguments == pieces
    assert done.name == "get_weather"
    assert isinstance(json.loads(pieces)["city"], str)


def test_response_parse_and_thoughts(client):
    parsed = client.responses.parse(model=CHAT, input="Who?", text_format=Person)
    assert isinstance(parsed.output_parsed, Person)
    thought = client.responses.create(
        model=THINKS, input="hello", reasoning={"effort": "low", "summary": "auto"}, max_output_tokens=60
    )
    assert thought.output[0].type == "reasoning"
    assert thought.output[0].summary[0].text
    assert thought.usage.output_tokens_details.reasoning_tokens > 0


# --- The others ---------------------------------------------------------------------------------------------


@marked("completions", "plain")
@marked("completions", "usage")
def test_completion(client, column):
    nonce = nonce_of(f"completion-{column}")
    answer = client.completions.create(model=COMPLETES, prompt=f"{nonce}\nOnce upon", max_tokens=8)
    tokens = whole_tokens(nonce, answer.choices[0].text)
    assert answer.usage.completion_tokens == tokens <= 8
    assert answer.object == "text_completion"
    echoed = client.completions.create(model=COMPLETES, prompt=["one", "two"], echo=True, n=2, logprobs=1)
    assert [choice.text[:3] for choice in echoed.choices] == ["one", "one", "two", "two"]
    assert echoed.choices[0].logprobs.text_offset[0] == 3


@marked("completions", "stream")
def test_completion_stream(client, column):
    nonce = nonce_of(f"completion-stream-{column}")
    chunks = list(client.completions.create(model=COMPLETES, prompt=f"{nonce}\nOnce", stream=True))
    assert whole_tokens(nonce, "".join(chunk.choices[0].text for chunk in chunks)) > 0
    assert chunks[-1].choices[0].finish_reason in {"stop", "length"}


@marked("embeddings", "plain")
@marked("embeddings", "usage")
def test_embeddings(client):
    """The SDK asks for base64 when the caller says nothing."""
    packed = client.embeddings.create(model=EMBEDS, input=["one", "two"], dimensions=256)
    listed = client.embeddings.create(model=EMBEDS, input=["one", "two"], dimensions=256, encoding_format="float")
    for one, other in zip(packed.data, listed.data, strict=True):
        assert len(one.embedding) == 256
        assert one.embedding == pytest.approx(other.embedding, abs=1e-7)
        assert sum(number * number for number in one.embedding) == pytest.approx(1.0, abs=1e-4)
    assert packed.usage.total_tokens == packed.usage.prompt_tokens > 0
    tokens = client.embeddings.create(model=EMBEDS, input=[[1, 2, 3], [4]])
    assert len(tokens.data) == 2
    assert len(tokens.data[0].embedding) == 1536


PNG = b"\x89PNG\r\n\x1a\n"


def test_images(openai_mock, column):
    """Pictures take their time."""
    with client_of(column, openai_mock.url, timeout=60.0) as client:
        drawn = client.images.generate(model="gpt-image-1", prompt="A lamp.", n=2, quality="low")
        assert len(drawn.data) == 2
        assert all(base64.b64decode(picture.b64_json).startswith(PNG) for picture in drawn.data)
        assert (drawn.size, drawn.quality, drawn.output_format) == ("1024x1024", "low", "png")
        assert drawn.usage.output_tokens == 2 * 272
        found = client.images.generate(model="dall-e-2", prompt="A lamp.", size="256x256")
        assert httpx.get(found.data[0].url).content.startswith(PNG)
        events = list(client.images.generate(model="gpt-image-1", prompt="A lamp.", stream=True, partial_images=2))
    kinds = [event.type for event in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert base64.b64decode(events[-1].b64_json).startswith(PNG)


@marked("models", "list")
def test_models(client, column):
    models = {model.id for model in client.models.list()}
    assert {CHAT, THINKS, EMBEDS} <= models
    assert client.models.retrieve(CHAT).id == CHAT


def test_moderations(client, column):
    if column == "openai-azure":
        pytest.skip("Azure has no moderations")
    verdict = client.moderations.create(input="hello")
    assert not verdict.results[0].flagged
    assert verdict.results[0].categories.self_harm_intent is False
