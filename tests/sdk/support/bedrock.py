"""Calls of Bedrock with boto3 as it ships: its own retries, its own signer, but the read time-outs of these tests."""

import json

import boto3
from botocore.config import Config
from botocore.response import StreamingBody

from support.calls import MAX_TOKENS, PATIENCE_SECONDS, Call, read_seconds
from support.nonce import nonce_of

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "mock-secret-key"
REGION = "us-east-1"
SESSION = boto3.session.Session()


def client_of(
    url, *, service="bedrock-runtime", region=REGION, key=ACCESS_KEY, secret=SECRET_KEY, token=None, **config
):
    """A client of the runtime endpoint at `url`, or of the control plane with `service="bedrock"`."""
    config = {"connect_timeout": PATIENCE_SECONDS, "read_timeout": PATIENCE_SECONDS, **config}
    return SESSION.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(**config),
    )


def count_attempts(client, call):
    """Counts what goes out, and asks for the call's fault by header. The header is added to the signed request,
    as a client's own middleware would: the signature does not cover it."""

    def before_send(request, **_):
        call.attempts += 1
        number = request.headers.get("amz-sdk-request")
        call.announced.append(number.decode() if isinstance(number, bytes) else number)
        if call.fault:
            request.headers["x-brownout-fault"] = call.fault

    client.meta.events.register("before-send.bedrock-runtime", before_send)


def messages(nonce, text="Say something."):
    """One user message in the form of Converse."""
    return [{"role": "user", "content": [{"text": f"{nonce}\n{text}"}]}]


def claude_body(nonce, **more):
    """The same for InvokeModel with Claude."""
    return json.dumps(
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": MAX_TOKENS,
            "messages": [{"role": "user", "content": f"{nonce}\nSay something."}],
            **more,
        }
    )


def converse(client, call, model):
    call.answer = client.converse(
        modelId=model, messages=messages(call.nonce), inferenceConfig={"maxTokens": MAX_TOKENS}
    )
    if "output" in call.answer:
        call.text = call.answer["output"]["message"]["content"][0]["text"]
        call.finished = "stopReason" in call.answer


def converse_stream(client, call, model):
    call.answer = client.converse_stream(
        modelId=model, messages=messages(call.nonce), inferenceConfig={"maxTokens": MAX_TOKENS}
    )
    for event in call.answer["stream"]:
        call.events.append(event)
        call.text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        call.finished |= "messageStop" in event


def invoke(client, call, model):
    call.answer = client.invoke_model(modelId=model, body=claude_body(call.nonce))
    body = call.answer["body"]
    assert isinstance(body, StreamingBody)
    call.answer["bytes"] = body.read()
    try:
        message = json.loads(call.answer["bytes"])
    except ValueError:
        # The bytes are the caller's to read: what is no JSON is no error of the SDK.
        return
    call.text = "".join(block["text"] for block in message["content"])
    call.finished = message["stop_reason"] is not None


def invoke_stream(client, call, model):
    call.answer = client.invoke_model_with_response_stream(modelId=model, body=claude_body(call.nonce))
    for event in call.answer["body"]:
        piece = json.loads(event["chunk"]["bytes"])
        call.events.append(piece)
        call.text += piece.get("delta", {}).get("text", "")
        call.finished |= piece["type"] == "message_stop"


OPERATIONS = {
    "converse": converse,
    "converse-stream": converse_stream,
    "invoke": invoke,
    "invoke-with-response-stream": invoke_stream,
}


def run(part, calls, name, operation, *, fault=None, client=None, model=CLAUDE):
    """Makes one call and writes it down. What the SDK raised stands in the call."""
    call = Call(nonce_of(name), part.name, fault, operation, streamed=operation.endswith("-stream"))
    client = client or client_of(part.url, read_timeout=read_seconds(fault))
    count_attempts(client, call)
    try:
        OPERATIONS[operation](client, call, model)
    except Exception as error:  # Whatever the SDK raises is what the test is about.
        call.error = error
    finally:
        client.close()
    calls.add(call)
    return call


def count_tokens(client, nonce, form):
    """CountTokens for the same prompt, in either of its forms."""
    forms = {
        "converse": {"converse": {"messages": messages(nonce)}},
        "invoke": {"invokeModel": {"body": claude_body(nonce).encode()}},
    }
    return client.count_tokens(modelId=CLAUDE, input=forms[form])["inputTokens"]

