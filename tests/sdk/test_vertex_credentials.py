"""Where Google's clients get their tokens: the mock's token endpoint and metadata server, asked by google-auth."""

import os
import subprocess
import sys

import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.credentials
import google.oauth2.service_account
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.genai.errors import ClientError

from support.nonce import nonce_of, whole_tokens
from support.vertex import CONFIG, GEMINI, client_of, options_of, prompt

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


@pytest.fixture(scope="module")
def private_key():
    """A key of a service account, in the form of its JSON file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def service_account(private_key, token_uri):
    account = {
        "type": "service_account",
        "project_id": "mock-project",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": "tests@mock-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
    return google.oauth2.service_account.Credentials.from_service_account_info(account, scopes=SCOPES)


class CountedRequest:
    """google-auth's transport, counted."""

    def __init__(self):
        self.count = 0
        self.request = google.auth.transport.requests.Request()

    def __call__(self, *args, **named):
        self.count += 1
        return self.request(*args, **named)


def answers(url, credentials):
    """The credentials are good for an answer."""
    nonce = nonce_of(url)
    with client_of(options_of(url), credentials) as client:
        answer = client.models.generate_content(model=GEMINI, contents=prompt(nonce), config=CONFIG)
    return whole_tokens(nonce, answer.text) > 0


@pytest.mark.parametrize("through", ["vertex_mock", "vertex_proxy"])
def test_a_service_account_gets_a_token_and_an_answer(vertex_mock, private_key, request, through):
    credentials = service_account(private_key, f"{vertex_mock.url}/token")
    assert not credentials.valid
    assert answers(request.getfixturevalue(through).url, credentials)
    assert credentials.valid
    assert credentials.token.startswith("ya29.")


def test_a_refresh_token_is_exchanged(vertex_mock):
    credentials = google.oauth2.credentials.Credentials(
        None, refresh_token="r", token_uri=f"{vertex_mock.url}/token", client_id="c", client_secret="s"
    )
    request = CountedRequest()
    credentials.refresh(request)
    assert credentials.token.startswith("ya29.")
    assert request.count == 1


@pytest.mark.parametrize(
    ("fault", "error", "attempts"),
    [
        ("http-503", google.auth.exceptions.RefreshError, 3),
        ("http-429", google.auth.exceptions.RefreshError, 3),
        ("error=400", google.auth.exceptions.RefreshError, 1),
        ("reset-before-headers", google.auth.exceptions.TransportError, 1),
    ],
)
def test_a_token_endpoint_that_fails(vertex_mock, private_key, fault, error, attempts):
    credentials = service_account(private_key, f"{vertex_mock.url}/fault/{fault}/token")
    request = CountedRequest()
    with pytest.raises(google.auth.exceptions.GoogleAuthError) as raised:
        credentials.refresh(request)
    assert type(raised.value) is error
    assert request.count == attempts


# google-auth reads the metadata host when it is imported: a process of its own.
METADATA_CLIENT = """
import google.auth, google.auth.transport.requests as transport
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(transport.Request())
print(type(credentials).__module__, project, credentials.token, credentials.service_account_email)
"""


def test_the_metadata_server(vertex_mock, tmp_path):
    environment = {
        "GCE_METADATA_HOST": vertex_mock.address,
        "GCE_METADATA_IP": vertex_mock.address,
        "CLOUDSDK_CONFIG": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    run = subprocess.run(
        [sys.executable, "-c", METADATA_CLIENT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    module, project, token, email = run.stdout.split()
    assert module == "google.auth.compute_engine.credentials"
    assert project == "mock-project"
    assert token.startswith("ya29.")
    assert email.endswith(".iam.gserviceaccount.com")


def test_an_api_key_takes_the_express_path(vertex_proxy):
    from google import genai

    nonce = nonce_of("express")
    options = options_of(vertex_proxy.url)
    with genai.Client(vertexai=True, api_key="any", http_options=options) as client:
        answer = client.models.generate_content(model=GEMINI, contents=prompt(nonce), config=CONFIG)
    assert whole_tokens(nonce, answer.text) > 0


@pytest.mark.conformance("google-genai", error="UNAUTHENTICATED", raises=ClientError)
def test_nobody_enters_without_credentials(vertex_proxy):
    """Without project and location the SDK sends no credentials at all to a base URL of one's own."""
    from google import genai

    base = f"{vertex_proxy.url}/v1beta1/publishers/google/models/{GEMINI}:generateContent"
    with genai.Client(vertexai=True, credentials=None, http_options=options_of(base)) as client:
        with pytest.raises(ClientError) as raised:
            client.models.generate_content(model=GEMINI, contents="x", config=CONFIG)
    assert (raised.value.code, raised.value.status) == (401, "UNAUTHENTICATED")
    assert raised.value.message.startswith("Request is missing required authentication credential.")
    [info] = [detail for detail in raised.value.details["error"]["details"] if "reason" in detail]
    assert (info["reason"], info["domain"]) == ("CREDENTIALS_MISSING", "googleapis.com")
