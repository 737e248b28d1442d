"""Whom the mock lets in: boto3's own signatures, right and wrong, directly and through the proxy."""

import datetime

import botocore.auth
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError, InvalidEndpointConfigurationError

from support.bedrock import CLAUDE, client_of, messages, run

CORAL = "http://internal.amazon.com/coral/com.amazon.coral.service/"


@pytest.fixture(params=["bedrock_mock", "bedrock_proxy"])
def part(request):
    """The mock itself, and the proxy, which must leave signatures valid."""
    return request.getfixturevalue(request.param)


def check_refused(call, code, message):
    error = call.error
    assert isinstance(error, ClientError), repr(error)
    assert error.response["Error"]["Code"] == code
    assert error.response["Error"]["Message"].startswith(message)
    metadata = error.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 403
    assert metadata["HTTPHeaders"]["x-amzn-errortype"].startswith(f"{code}:{CORAL}")
    assert call.attempts == 1


@pytest.mark.parametrize("operation", ["converse", "converse-stream", "invoke", "invoke-with-response-stream"])
def test_a_good_signature_enters(part, calls, operation):
    call = run(part, calls, f"good-{part.name}-{operation}", operation)
    assert call.error is None, repr(call.error)
    assert call.finished


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-gov-west-1"])
def test_any_region_enters(part, calls, region):
    call = run(part, calls, f"{part.name}-{region}", "converse", client=client_of(part.url, region=region))
    assert call.error is None, repr(call.error)


# settings of the client, code, message
REFUSED = [
    (
        {"secret": "another-secret-key"},
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
    ),
    (
        {"key": "AKIDSOMEBODYELSE"},
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    (
        {"token": "no-such-session"},
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    ({"signature_version": UNSIGNED}, "MissingAuthenticationTokenException", "Missing Authentication Token"),
]


@pytest.mark.conformance("boto3", error="{code}", raises="ClientError")
@pytest.mark.parametrize(("settings", "code", "message"), REFUSED, ids=lambda v: next(iter(v)) if isinstance(v, dict) else None)
def test_refused(part, calls, settings, code, message):
    call = run(part, calls, f"{part.name}-{settings}", "converse", client=client_of(part.url, **settings))
    check_refused(call, code, message)


EXPIRED = {"key": "ASIAEXPIRED", "token": "mock-session-token"}
UNTOKENED = {"key": "ASIAEXAMPLE"}


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (EXPIRED, "ExpiredTokenException", "The security token included in the request is expired"),
        (UNTOKENED, "UnrecognizedClientException", "The security token included in the request is invalid."),
    ],
)
def test_temporary_credentials_are_refused(part, calls, settings, code, message):
    call = run(part, calls, f"{part.name}-{code}", "converse", client=client_of(part.url, **settings))
    check_refused(call, code, message)


def test_temporary_credentials_enter_with_their_token(part, calls):
    client = client_of(part.url, key="ASIAEXAMPLE", token="mock-session-token")
    call = run(part, calls, f"{part.name}-temporary", "converse-stream", client=client)
    assert call.error is None, repr(call.error)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "action"),
    [
        ("bedrock-runtime", "converse", {"modelId": CLAUDE, "messages": messages("x")}, "InvokeModel"),
        ("bedrock-runtime", "list_async_invokes", {}, "ListAsyncInvokes"),
        ("bedrock", "list_foundation_models", {}, "ListFoundationModels"),
    ],
)
def test_a_user_without_a_policy_may_do_nothing(part, service, operation, arguments, action):
    client = client_of(part.url, service=service, key="AKIDPOWERLESS")
    with pytest.raises(client.exceptions.AccessDeniedException) as refused:
        getattr(client, operation)(**arguments)
    message = refused.value.response["Error"]["Message"]
    assert message.startswith(f"User: arn:aws:iam::123456789012:user/powerless is not authorized to perform: bedrock:{action} on ")
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    client.close()


@pytest.mark.parametrize("service", ["bedrock-runtime", "bedrock"])
@pytest.mark.parametrize(("settings", "code", "message"), [*REFUSED, (EXPIRED, "ExpiredTokenException", "")])
def test_every_endpoint_has_one_door(part, service, settings, code, message):
    client = client_of(part.url, service=service, **settings)
    call = client.list_async_invokes if service == "bedrock-runtime" else client.list_inference_profiles
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["Error"]["Message"].startswith(message)
    client.close()


@pytest.mark.parametrize(
    ("minutes", "message"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")]
)
def test_a_clock_that_is_off_by_more_than_five_minutes(part, calls, monkeypatch, minutes, message):
    now = botocore.auth.get_current_datetime
    shift = datetime.timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *args, **named: now(*args, **named) + shift)
    call = run(part, calls, f"{part.name}-clock-{minutes}", "converse")
    check_refused(call, "InvalidSignatureException", message)


def test_a_clock_that_is_off_by_four_minutes_enters(part, calls, monkeypatch):
    now = botocore.auth.get_current_datetime
    shift = datetime.timedelta(minutes=4)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *args, **named: now(*args, **named) - shift)
    call = run(part, calls, f"{part.name}-clock-ok", "converse")
    assert call.error is None, repr(call.error)


def test_boto3_sends_no_bearer_key_in_the_clear(part, calls, monkeypatch):
    """Why bearer keys need TLS: the SDK itself refuses, and nothing is sent."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-MOCK")
    client = client_of(part.url, key=None, secret=None)
    call = run(part, calls, f"{part.name}-bearer", "converse", client=client)
    assert type(call.error) is InvalidEndpointConfigurationError, repr(call.error)
    assert call.attempts == 0
