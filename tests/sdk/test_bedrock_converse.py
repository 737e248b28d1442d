"""boto3's Converse beyond plain text: tools, thinking, stop sequences, JSON by a schema, guardrails, the prompt cache."""

import json

import pytest
from botocore.exceptions import ClientError

from support.bedrock import CLAUDE, client_of, messages
from support.nonce import nonce_of, text_of

THINKS = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}},
    "required": ["city", "unit"],
}
TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "description": "Tells it.", "inputSchema": {"json": SCHEMA}}}]}


@pytest.fixture
def client(bedrock_proxy):
    with_timeouts = client_of(bedrock_proxy.url, read_timeout=10)
    yield with_timeouts
    with_timeouts.close()


def calls_of(content):
    return [block["toolUse"] for block in content if "toolUse" in block]


def collected(stream):
    """The blocks, the reason and the metadata of a stream, put together as its reader does."""
    blocks, reason, metadata = {}, None, None
    for event in stream:
        match event:
            case {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": start}}}:
                blocks[index] = {"toolUse": {**start, "input": ""}}
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"text": text}}}:
                blocks.setdefault(index, {"text": ""})["text"] += text
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"toolUse": {"input": piece}}}}:
                blocks[index]["toolUse"]["input"] += piece
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"reasoningContent": delta}}}:
                thought = blocks.setdefault(index, {"reasoningContent": {"text": "", "signature": ""}})
                for key, piece in delta.items():
                    thought["reasoningContent"][key] += piece
            case {"messageStop": {"stopReason": stop_reason}}:
                reason = stop_reason
            case {"metadata": last}:
                metadata = last
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return [blocks[index] for index in sorted(blocks)], reason, metadata


def check_call(call):
    assert call["name"] == "get_weather"
    assert call["toolUseId"].startswith("tooluse_")
    assert isinstance(call["input"]["city"], str)
    assert call["input"]["unit"] in {"C", "F"}


@pytest.mark.conformance("boto3", "Converse", "tool")
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_a_tool_is_called_and_its_result_answered(client, model):
    asked = messages(nonce_of(f"tool-{model}"), "How is the weather?")
    answer = client.converse(modelId=model, messages=asked, toolConfig=TOOLS)
    assert answer["stopReason"] == "tool_use"
    message = answer["output"]["message"]
    calls = calls_of(message["content"])
    assert calls
    for call in calls:
        check_call(call)
    results = [
        {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": {"degrees": 21}}], "status": "success"}}
        for call in calls
    ]
    turns = [*asked, message, {"role": "user", "content": results}]
    answer = client.converse(modelId=model, messages=turns, toolConfig=TOOLS)
    assert answer["stopReason"] in {"end_turn", "max_tokens"}
    assert answer["output"]["message"]["content"][0]["text"]


@pytest.mark.conformance("boto3", "Converse", "stream tool")
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_a_streamed_call_is_the_same_call(client, model):
    request = {
        "modelId": model,
        "messages": messages(nonce_of(f"stream-tool-{model}"), "How is the weather?"),
        "toolConfig": {**TOOLS, "toolChoice": {"tool": {"name": "get_weather"}}},
    }
    whole = client.converse(**request)["output"]["message"]["content"]
    blocks, reason, _ = collected(client.converse_stream(**request)["stream"])
    assert reason == "tool_use"
    assert calls_of(blocks) == calls_of(whole)
    for call in calls_of(blocks):
        check_call(call)


def test_thinking_comes_first_whole_and_streamed(client):
    request = {
        "modelId": THINKS,
        "messages": messages(nonce_of("thinking")),
        "inferenceConfig": {"maxTokens": 2000},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    }
    whole = client.converse(**request)["output"]["message"]["content"]
    thought = whole[0]["reasoningContent"]["reasoningText"]
    assert thought["text"] and thought["signature"]
    blocks, reason, _ = collected(client.converse_stream(**request)["stream"])
    assert blocks[0]["reasoningContent"]["text"] == thought["text"]
    assert blocks[0]["reasoningContent"]["signature"]
    assert blocks[1]["text"] == whole[1]["text"]
    assert reason in {"end_turn", "max_tokens"}


def test_thinking_may_come_encrypted(client):
    """The text with which Anthropic lets clients test this."""
    magic = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB"
    request = {
        "modelId": THINKS,
        "messages": messages(nonce_of("redacted"), magic),
        "inferenceConfig": {"maxTokens": 2000},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
    }
    block = client.converse(**request)["output"]["message"]["content"][0]["reasoningContent"]
    assert set(block) == {"redactedContent"} and len(block["redactedContent"]) > 100
    events = list(client.converse_stream(**request)["stream"])
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    thoughts = [delta["delta"]["reasoningContent"] for delta in deltas if delta["contentBlockIndex"] == 0]
    assert [set(thought) for thought in thoughts] == [{"redactedContent"}]


def test_a_stop_sequence_is_told(client):
    nonce = nonce_of("stop")
    stop = text_of(nonce, 4)[-2:]
    answer = client.converse(
        modelId=CLAUDE,
        messages=messages(nonce),
        inferenceConfig={"stopSequences": [stop]},
        additionalModelResponseFieldPaths=["/stop_sequence"],
    )
    assert answer["stopReason"] == "stop_sequence"
    assert answer["additionalModelResponseFields"] == {"stop_sequence": stop}
    assert answer["output"]["message"]["content"][0]["text"] == text_of(nonce, 4).removesuffix(stop)


def test_json_by_a_schema(client):
    structure = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "weather"}}
    answer = client.converse(
        modelId=THINKS,
        messages=messages(nonce_of("schema")),
        outputConfig={"textFormat": {"type": "json_schema", "structure": structure}},
    )
    value = json.loads(answer["output"]["message"]["content"][0]["text"])
    assert isinstance(value["city"], str) and value["unit"] in {"C", "F"}


def test_tier_and_speed_are_echoed(client):
    chosen = {"performanceConfig": {"latency": "optimized"}, "serviceTier": {"type": "flex"}}
    request = {"modelId": CLAUDE, "messages": messages(nonce_of("tier")), **chosen}
    answer = client.converse(**request)
    assert {key: answer[key] for key in chosen} == chosen
    _, _, metadata = collected(client.converse_stream(**request)["stream"])
    assert {key: metadata[key] for key in chosen} == chosen


@pytest.mark.parametrize("word", ["blockme", "blockanswer"])
def test_a_guardrail_intervenes(client, word):
    request = {
        "modelId": CLAUDE,
        "messages": messages(nonce_of(word), f"Please {word} now."),
        "guardrailConfig": {"guardrailIdentifier": "abc123", "guardrailVersion": "DRAFT", "trace": "enabled"},
    }
    answer = client.converse(**request)
    assert answer["stopReason"] == "guardrail_intervened"
    said = answer["output"]["message"]["content"]
    assert said == [{"text": "Sorry, the model cannot answer this question."}]
    assert (answer["usage"]["outputTokens"] == 0) == (word == "blockme")
    assert "abc123" in answer["trace"]["guardrail"]["inputAssessment"]
    blocks, reason, metadata = collected(client.converse_stream(**request)["stream"])
    assert (blocks, reason) == (said, "guardrail_intervened")
    assert metadata["trace"]["guardrail"]["actionReason"] == "Guardrail blocked."


def test_a_cached_prompt_is_written_and_then_read(client):
    request = {
        "modelId": THINKS,
        "system": [{"text": "cached " * 4300}, {"cachePoint": {"type": "default"}}],
        "messages": messages(nonce_of("cache")),
        "inferenceConfig": {"maxTokens": 4},
    }
    first = client.converse(**request)["usage"]
    assert first["cacheWriteInputTokens"] > 4096 and first["cacheReadInputTokens"] == 0
    assert first["cacheDetails"] == [{"ttl": "5m", "inputTokens": first["cacheWriteInputTokens"]}]
    again = client.converse(**request)["usage"]
    assert again["cacheReadInputTokens"] == first["cacheWriteInputTokens"]
    assert again["cacheWriteInputTokens"] == 0
    for usage in (first, again):
        assert usage["totalTokens"] == sum(
            usage[key] for key in ["inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"]
        )


@pytest.mark.conformance("boto3", error="ValidationException")
@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"messages": [*messages("a"), *messages("b")]}, "A conversation must alternate"),
        ({"messages": messages("a"), "toolConfig": {**TOOLS, "toolChoice": {"tool": {"name": "x"}}}}, "Tool 'x' not"),
        ({"messages": [{"role": "assistant", "content": [{"text": "a"}]}]}, "A conversation must start with a user"),
        ({"messages": messages("a"), "inferenceConfig": {"maxTokens": 999_999}}, "The maximum tokens you requested"),
        ({"messages": messages("word " * 200_000)}, "Input is too long for requested model."),
    ],
    ids=["alternate", "choice", "start", "length", "context"],
)
def test_senseless_conversations_are_refused(client, request_, text):
    with pytest.raises(client.exceptions.ValidationException) as refused:
        client.converse(modelId=CLAUDE, **request_)
    assert isinstance(refused.value, ClientError)
    assert text in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
