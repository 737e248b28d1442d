"""What the anthropic SDK makes of Bedrock's own ways to fail: exceptions within a stream, and refused keys."""

import anthropic
import pytest

from support.bedrock import ACCESS_KEY, CLAUDE, MAX_TOKENS, REGION, SECRET_KEY
from support.nonce import nonce_of, whole_tokens

COLUMN = "anthropic-bedrock"


def client_of(part, **keys):
    keys = {"aws_access_key": ACCESS_KEY, "aws_secret_key": SECRET_KEY, "aws_region": REGION, **keys}
    return anthropic.AnthropicBedrock(base_url=part.url, max_retries=0, timeout=10, **keys)


def question(nonce, **more):
    messages = [{"role": "user", "content": f"{nonce}\nSay something."}]
    return {"model": CLAUDE, "max_tokens": MAX_TOKENS, "messages": messages, **more}


# The class is that of no status: the stream has begun with 200, and the type is the exception's name in the stream.
MEMBERS = [
    ("throttling-tokens", "ThrottlingException"),
    ("internal-server", "InternalServerException"),
    ("service-unavailable", "ServiceUnavailableException"),
    ("model-stream-error", "ModelStreamErrorException"),
    ("validation", "ValidationException"),
    ("model-timeout", "ModelTimeoutException"),
]


@pytest.mark.conformance(COLUMN, error="{name} in a stream", raises=anthropic.APIStatusError)
@pytest.mark.parametrize(("fault", "name"), MEMBERS)
def test_exceptions_in_a_stream(bedrock_mock, fault, name):
    nonce = nonce_of(f"anthropic-{fault}")
    headers = {"x-brownout-fault": f"in_band_error={fault}:5 events"}
    text = ""
    with client_of(bedrock_mock) as client, pytest.raises(anthropic.APIStatusError) as raised:
        for event in client.messages.create(**question(nonce, extra_headers=headers), stream=True):
            if event.type == "content_block_delta":
                text += event.delta.text
    assert type(raised.value) is anthropic.APIStatusError
    assert raised.value.status_code == 200
    assert raised.value.body["error"]["type"] == name[0].lower() + name[1:]
    assert whole_tokens(nonce, text) > 0


REFUSED = [
    ({"aws_access_key": "AKIDSOMEBODYELSE"}, "UnrecognizedClientException", "The security token included"),
    ({"aws_session_token": "no-such-session"}, "UnrecognizedClientException", "The security token included"),
    ({"aws_secret_key": "another-secret-key"}, "InvalidSignatureException", "The request signature we calculated"),
]


@pytest.mark.conformance(COLUMN, error="{name}", raises=anthropic.PermissionDeniedError)
@pytest.mark.parametrize(("keys", "name", "words"), REFUSED)
def test_refused_keys(bedrock_mock, keys, name, words):
    with client_of(bedrock_mock, **keys) as client, pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.create(**question(nonce_of("anthropic-refused")))
    assert type(raised.value) is anthropic.PermissionDeniedError
    assert raised.value.response.headers["x-amzn-errortype"].startswith(f"{name}:")
    assert raised.value.body["message"].startswith(words)
