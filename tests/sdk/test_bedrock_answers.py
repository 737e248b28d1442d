"""boto3 against the mock through the proxy, without faults: every token, every event, every header."""

import json
import re

import pytest

from support.bedrock import CLAUDE, TITAN, claude_body, client_of, count_tokens, messages, run
from support.calls import succeeded
from support.nonce import nonce_of, whole_tokens

CLAUDE_USAGE_HEADERS = {
    "x-amzn-bedrock-input-token-count": "input_tokens",
    "x-amzn-bedrock-output-token-count": "output_tokens",
}
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"


def headers_of(answer):
    return answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.fixture
def client(bedrock_proxy):
    with_timeouts = client_of(bedrock_proxy.url)
    yield with_timeouts
    with_timeouts.close()


@pytest.mark.conformance("boto3", "Converse", "plain")
@pytest.mark.conformance("boto3", "Converse", "usage")
def test_converse(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "converse", "converse")
    tokens = succeeded(call)
    answer = call.answer
    assert answer["output"]["message"]["role"] == "assistant"
    assert answer["stopReason"] in {"end_turn", "max_tokens"}
    usage = answer["usage"]
    assert usage["outputTokens"] == tokens
    assert usage["totalTokens"] == usage["inputTokens"] + tokens
    assert usage["inputTokens"] > 0
    assert answer["metrics"]["latencyMs"] >= 0
    headers = headers_of(answer)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-amzn-requestid"])
    assert headers["content-type"] == "application/json"
    assert "date" in headers
    assert not [name for name in headers if name.startswith("x-amzn-bedrock")]


@pytest.mark.conformance("boto3", "Converse", "stream")
@pytest.mark.conformance("boto3", "Converse", "usage")
def test_converse_stream(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "converse-stream", "converse-stream")
    tokens = succeeded(call)
    kinds = [next(iter(event)) for event in call.events]
    text_events = kinds.count("contentBlockDelta")
    assert text_events >= 4, "too few events for the stream faults of the other tests"
    expected = ["messageStart", *["contentBlockDelta"] * text_events, "contentBlockStop", "messageStop", "metadata"]
    assert kinds == expected
    assert call.events[0]["messageStart"] == {"role": "assistant"}
    usage = call.events[-1]["metadata"]["usage"]
    assert usage["outputTokens"] == tokens
    assert usage["totalTokens"] == usage["inputTokens"] + tokens
    headers = headers_of(call.answer)
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["transfer-encoding"] == "chunked"
    assert not [name for name in headers if name.startswith("x-amzn-bedrock")]


@pytest.mark.conformance("boto3", "InvokeModel, Claude", "plain")
@pytest.mark.conformance("boto3", "InvokeModel, Claude", "usage")
def test_invoke_claude(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "invoke", "invoke")
    tokens = succeeded(call)
    message = json.loads(call.answer["bytes"])
    fields = ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"]
    assert sorted(message) == sorted(fields)
    assert message["id"].startswith("msg_bdrk_01")
    assert message["model"] == "claude-3-haiku-20240307"
    assert message["stop_reason"] in {"end_turn", "max_tokens"}
    assert message["usage"]["output_tokens"] == tokens
    headers = headers_of(call.answer)
    for header, field in CLAUDE_USAGE_HEADERS.items():
        assert int(headers[header]) == message["usage"][field]
    assert int(headers["x-amzn-bedrock-invocation-latency"]) >= 0


@pytest.mark.conformance("boto3", "InvokeModel, Claude", "stream")
@pytest.mark.conformance("boto3", "InvokeModel, Claude", "usage")
def test_invoke_claude_stream(bedrock_proxy, calls):
    call = run(bedrock_proxy, calls, "invoke-stream", "invoke-with-response-stream")
    tokens = succeeded(call)
    kinds = [piece["type"] for piece in call.events]
    deltas = kinds.count("content_block_delta")
    assert deltas >= 4
    head, tail = ["message_start", "content_block_start"], ["content_block_stop", "message_delta", "message_stop"]
    assert kinds == [*head, *["content_block_delta"] * deltas, *tail]
    assert call.events[1]["content_block"] == {"type": "text", "text": ""}
    assert call.events[-2]["usage"]["output_tokens"] == tokens
    metrics = [piece for piece in call.events if "amazon-bedrock-invocationMetrics" in piece]
    assert metrics == [call.events[-1]]
    counted = metrics[0]["amazon-bedrock-invocationMetrics"]
    assert counted["outputTokenCount"] == tokens
    assert set(counted) >= {"inputTokenCount", "outputTokenCount", "invocationLatency", "firstByteLatency"}
    headers = headers_of(call.answer)
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-bedrock-content-type"] == "application/json"


@pytest.mark.parametrize("tokens", [1, 5, 24])
def test_max_tokens_bounds_the_answer(client, tokens):
    nonce = nonce_of(f"max-tokens-{tokens}")
    answer = client.converse(modelId=CLAUDE, messages=messages(nonce), inferenceConfig={"maxTokens": tokens})
    assert whole_tokens(nonce, answer["output"]["message"]["content"][0]["text"]) <= tokens
    if answer["usage"]["outputTokens"] == tokens:
        assert answer["stopReason"] == "max_tokens"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("converse", marks=pytest.mark.conformance("boto3", "Converse", "count")),
        pytest.param("invoke", marks=pytest.mark.conformance("boto3", "InvokeModel, Claude", "count")),
    ],
)
def test_count_tokens_counts_what_the_answer_is_billed_for(client, form):
    nonce = nonce_of(f"count-{form}")
    counted = count_tokens(client, nonce, form)
    if form == "converse":
        answer = client.converse(modelId=CLAUDE, messages=messages(nonce), inferenceConfig={"maxTokens": 4})
        billed = answer["usage"]["inputTokens"]
    else:
        answer = client.invoke_model(modelId=CLAUDE, body=claude_body(nonce, max_tokens=4))
        billed = json.loads(answer["body"].read())["usage"]["input_tokens"]
    assert counted == billed > 0


@pytest.mark.conformance("boto3", "InvokeModel, Titan embeddings", "plain")
@pytest.mark.conformance("boto3", "InvokeModel, Titan embeddings", "usage")
@pytest.mark.parametrize(
    ("model", "request_body", "dimensions"),
    [
        ("amazon.titan-embed-text-v1", {}, 1536),
        (TITAN, {}, 1024),
        (TITAN, {"dimensions": 512, "normalize": True}, 512),
        (TITAN, {"dimensions": 256}, 256),
    ],
)
def test_titan_embeddings(client, model, request_body, dimensions):
    body = {"inputText": f"{nonce_of('titan')}\nA text.", **request_body}
    answer = client.invoke_model(modelId=model, body=json.dumps(body))
    embedded = json.loads(answer["body"].read())
    assert len(embedded["embedding"]) == dimensions
    assert all(isinstance(value, float) for value in embedded["embedding"])
    assert embedded["inputTextTokenCount"] > 0
    if model == TITAN:
        assert embedded["embeddingsByType"] == {"float": embedded["embedding"]}
    headers = headers_of(answer)
    assert int(headers["x-amzn-bedrock-input-token-count"]) == embedded["inputTextTokenCount"]
    assert "x-amzn-bedrock-output-token-count" not in headers


def test_the_same_text_has_the_same_embedding(client):
    def vector(text):
        answer = client.invoke_model(modelId=TITAN, body=json.dumps({"inputText": text}))
        return json.loads(answer["body"].read())["embedding"]

    assert vector("one text") == vector("one text") != vector("another text")


# How boto3 spells a model in the path is its own affair: `:` becomes %3A, and `/` in an ARN becomes %2F.
@pytest.mark.parametrize("model", [CLAUDE, f"us.{CLAUDE}", f"global.{CLAUDE}", ARN])
@pytest.mark.parametrize("operation", ["converse", "converse-stream"])
def test_forms_of_a_model_id(bedrock_proxy, calls, model, operation):
    succeeded(run(bedrock_proxy, calls, f"model-{model}-{operation}", operation, model=model))


def test_many_streams_at_once_do_not_mix(bedrock_proxy, calls):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        streams = [
            pool.submit(run, bedrock_proxy, calls, f"many-{number}", "converse-stream") for number in range(48)
        ]
        for stream in streams:
            succeeded(stream.result())
