"""Tools by boto3 and google-genai: a call whose arguments follow the schema, and the answer to its result."""

import json

import boto3
import pytest
from google.genai import types

from support.bedrock import ACCESS_KEY, CLAUDE, REGION, SECRET_KEY, claude_body, messages
from support.bedrock import client_of as bedrock_client
from support.nonce import nonce_of
from support.vertex import GEMINI, options_of, prompt
from support.vertex import client_of as vertex_client

TOKENS = 400
PROPERTIES = {
    "city": {"type": "string"},
    "days": {"type": "integer"},
    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
}
SCHEMA = {"type": "object", "properties": PROPERTIES, "required": ["city", "unit"]}


def check_arguments(arguments):
    """They follow the schema, and have nothing beside it."""
    assert set(arguments) <= set(PROPERTIES)
    assert isinstance(arguments["city"], str)
    assert arguments["unit"] in {"celsius", "fahrenheit"}
    assert isinstance(arguments.get("days", 1), int)


# --- boto3 -------------------------------------------------------------------------------------------------

CONVERSE_TOOLS = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]}
CLAUDE_TOOLS = {"tools": [{"name": "weather", "input_schema": SCHEMA}], "max_tokens": TOKENS}


@pytest.fixture
def bedrock(bedrock_mock):
    client = bedrock_client(bedrock_mock.url, read_timeout=10)
    yield client
    client.close()


def conversation(name, **more):
    tokens = {"maxTokens": TOKENS}
    return {"modelId": CLAUDE, "messages": messages(nonce_of(name)), "inferenceConfig": tokens, **more}


@pytest.mark.conformance("boto3", "Converse", "tool")
def test_converse(bedrock):
    asked = conversation("tools-converse", toolConfig={**CONVERSE_TOOLS, "toolChoice": {"any": {}}})
    answer = bedrock.converse(**asked)
    assert answer["stopReason"] == "tool_use"
    message = answer["output"]["message"]
    uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
    assert uses
    for use in uses:
        assert use["name"] == "weather"
        assert use["toolUseId"].startswith("tooluse_")
        check_arguments(use["input"])
    # With the tool's result the model answers in text.
    results = [{"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "mild"}]}} for use in uses]
    asked = conversation("tools-converse", toolConfig=CONVERSE_TOOLS)
    turns = [*asked["messages"], message, {"role": "user", "content": results}]
    after = bedrock.converse(**{**asked, "messages": turns})
    assert after["stopReason"] in {"end_turn", "max_tokens"}
    assert after["output"]["message"]["content"][0]["text"]


@pytest.mark.conformance("boto3", "Converse", "stream tool")
def test_converse_stream(bedrock):
    choice = {"tool": {"name": "weather"}}
    asked = conversation("tools-converse-stream", toolConfig={**CONVERSE_TOOLS, "toolChoice": choice})
    events = list(bedrock.converse_stream(**asked)["stream"])
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    starts = [start for start in starts if "toolUse" in start["start"]]
    assert starts
    for start in starts:
        assert start["start"]["toolUse"]["name"] == "weather"
        index = start["contentBlockIndex"]
        deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
        pieces = [delta["delta"]["toolUse"]["input"] for delta in deltas if delta["contentBlockIndex"] == index]
        assert len(pieces) > 1
        check_arguments(json.loads("".join(pieces)))
    [stop] = [event["messageStop"] for event in events if "messageStop" in event]
    assert stop["stopReason"] == "tool_use"


@pytest.mark.conformance("boto3", "InvokeModel, Claude", "tool")
def test_invoke_claude(bedrock):
    body = claude_body(nonce_of("tools-invoke"), **CLAUDE_TOOLS, tool_choice={"type": "any"})
    message = json.loads(bedrock.invoke_model(modelId=CLAUDE, body=body)["body"].read())
    assert message["stop_reason"] == "tool_use"
    uses = [block for block in message["content"] if block["type"] == "tool_use"]
    assert uses
    for use in uses:
        assert (use["name"], use["id"][:11]) == ("weather", "toolu_bdrk_")
        check_arguments(use["input"])


@pytest.mark.conformance("boto3", "InvokeModel, Claude", "stream tool")
def test_invoke_claude_stream(bedrock):
    body = claude_body(nonce_of("tools-invoke-stream"), **CLAUDE_TOOLS, tool_choice={"type": "any"})
    answer = bedrock.invoke_model_with_response_stream(modelId=CLAUDE, body=body)
    pieces = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    starts = [piece for piece in pieces if piece.get("content_block", {}).get("type") == "tool_use"]
    assert starts
    for start in starts:
        assert (start["content_block"]["name"], start["content_block"]["input"]) == ("weather", {})
        deltas = [piece["delta"] for piece in pieces if piece.get("index") == start["index"] and "delta" in piece]
        check_arguments(json.loads("".join(delta["partial_json"] for delta in deltas)))
    [delta] = [piece for piece in pieces if piece["type"] == "message_delta"]
    assert delta["delta"]["stop_reason"] == "tool_use"


@pytest.mark.conformance("boto3", "ListFoundationModels", "plain")
def test_foundation_models(bedrock_mock):
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    client = boto3.client("bedrock", region_name=REGION, endpoint_url=bedrock_mock.url, **keys)
    summaries = client.list_foundation_models(byProvider="anthropic")["modelSummaries"]
    assert CLAUDE in {summary["modelId"] for summary in summaries}
    assert {summary["providerName"] for summary in summaries} == {"Anthropic"}
    details = client.get_foundation_model(modelIdentifier=CLAUDE)["modelDetails"]
    assert details["modelArn"] == f"arn:aws:bedrock:{REGION}::foundation-model/{CLAUDE}"
    client.close()


# --- google-genai ------------------------------------------------------------------------------------------

WEATHER = types.FunctionDeclaration(name="weather", description="The weather.", parameters_json_schema=SCHEMA)
CONFIG = types.GenerateContentConfig(
    max_output_tokens=TOKENS,
    tools=[types.Tool(function_declarations=[WEATHER])],
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


@pytest.fixture
def gemini(vertex_mock):
    with vertex_client(options_of(vertex_mock.url)) as client:
        yield client


def calls_of(answers):
    """The calls of functions in an answer or its chunks; a call ends like any answer."""
    calls = [call for answer in answers for call in answer.function_calls or []]
    assert answers[-1].candidates[0].finish_reason.value == "STOP"
    return calls


def check_calls(calls):
    assert calls
    for call in calls:
        assert call.name == "weather"
        check_arguments(call.args)


@pytest.mark.conformance("google-genai", "generateContent", "tool")
def test_generate_content(gemini):
    question = prompt(nonce_of("tools-gemini"))
    answer = gemini.models.generate_content(model=GEMINI, contents=question, config=CONFIG)
    calls = calls_of([answer])
    check_calls(calls)
    result = types.Part.from_function_response(name="weather", response={"result": "mild"})
    turns = [
        types.UserContent(question),
        answer.candidates[0].content,
        types.Content(role="user", parts=[result] * len(calls)),
    ]
    after = gemini.models.generate_content(model=GEMINI, contents=turns, config=CONFIG)
    assert not after.function_calls
    assert after.text


@pytest.mark.conformance("google-genai", "generateContent", "stream tool")
def test_generate_content_stream(gemini):
    question = prompt(nonce_of("tools-gemini-stream"))
    chunks = list(gemini.models.generate_content_stream(model=GEMINI, contents=question, config=CONFIG))
    check_calls(calls_of(chunks))


@pytest.mark.conformance("google-genai", "generateContent", "tool")
def test_the_sdk_calls_a_python_function_by_itself(gemini):
    """Automatic function calling: two requests, the function between them."""
    asked = []

    def weather(city: str, unit: str) -> str:
        """The weather."""
        asked.append((city, unit))
        return "mild"

    config = types.GenerateContentConfig(max_output_tokens=TOKENS, tools=[weather])
    answer = gemini.models.generate_content(model=GEMINI, contents=prompt(nonce_of("tools-auto")), config=config)
    assert asked
    assert answer.text
