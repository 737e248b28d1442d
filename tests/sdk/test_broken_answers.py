"""What each fault looks like to the openai and the anthropic package, plain and streamed, and how often they ask.

The rows are those of the experiments that the wire page records; the names of exceptions tell the two transports apart
(httpx of openai, httpx2 of anthropic).
"""

import json

import anthropic
import openai
import pytest
from openai.types.chat import ChatCompletion

from support.claude import DIRECT, asks
from support.openai_calls import CHAT, client_of, messages

WHOLE, NOTHING, PART = "a whole answer", "nothing", "a part of an answer"

# fault, what a plain call ends in, attempts, what a stream ends in, attempts. Transport errors go by their names.
TABLE = [
    ("reset=before-headers", "APIConnectionError", 3, "APIConnectionError", 3),
    ("silence=10ms", "APIConnectionError", 3, "APIConnectionError", 3),
    ("reset=after-headers", "APIConnectionError", 3, "ReadError", 1),
    ("cut=0 events:fin", "APIConnectionError", 3, "RemoteProtocolError", 1),
    ("cut=1 content event:fin", "APIConnectionError", 3, "RemoteProtocolError", 1),
    ("cut=1 content event:reset", "APIConnectionError", 3, "ReadError", 1),
    ("truncated_frame=1 content event:fin", "APIConnectionError", 3, "RemoteProtocolError", 1),
    ("truncated_frame=1 content event:clean-end", "JSONDecodeError", 1, PART, 1),
    ("cut=1 content event:clean-end", "JSONDecodeError", 1, PART, 1),
    ("no_terminator", WHOLE, 1, PART, 1),
    ("silence", "APITimeoutError", 3, "APITimeoutError", 3),
    ("stall=1 content event", "APITimeoutError", 3, "ReadTimeout", 1),
    ("slow_tokens=50ms", WHOLE, 1, PART, 1),
    ("error=429,retry_after=none", "RateLimitError", 3, "RateLimitError", 3),
    ("error=429,retry_after=10ms", "RateLimitError", 3, "RateLimitError", 3),
    ("html=429", "RateLimitError", 3, "RateLimitError", 3),
    ("html", WHOLE, 1, NOTHING, 1),
    ("empty_body", "JSONDecodeError", 1, NOTHING, 1),
    ("empty_body=no-content", WHOLE, 1, NOTHING, 1),
    ("empty_body=object", WHOLE, 1, NOTHING, 1),
    ("malformed=2 events", "JSONDecodeError", 1, "JSONDecodeError", 1),
    ("http-400", "BadRequestError", 1, "BadRequestError", 1),
    ("http-408", None, 3, None, 3),
    ("error=400,should_retry=true", "BadRequestError", 3, "BadRequestError", 3),
    ("error=429,should_retry=false", "RateLimitError", 1, "RateLimitError", 1),
    ("error=500,should_retry=false", "InternalServerError", 1, "InternalServerError", 1),
    ("http-500", "InternalServerError", 3, "InternalServerError", 3),
    ("http-502", "InternalServerError", 3, "InternalServerError", 3),
    ("http-503", None, 3, None, 3),
    ("http-529", None, 3, None, 3),
    ("stream-error-event", WHOLE, 1, {"openai": "APIError", "anthropic": "APIStatusError"}, 1),
]


class OpenAi:
    """Calls of the openai package."""

    def __init__(self, url, fault, seen):
        http_client = openai.DefaultHttpxClient(event_hooks={"request": [seen.append]})
        self.client = client_of("openai", url, fault=fault, retries=2, timeout=0.6, http_client=http_client)

    def plain(self):
        return self.client.chat.completions.create(model=CHAT, messages=messages("hello"), max_tokens=24)

    def streamed(self):
        return self.client.chat.completions.create(model=CHAT, messages=messages("hello"), max_tokens=24, stream=True)


class Anthropic:
    """Calls of the anthropic package."""

    def __init__(self, url, fault, seen):
        http_client = anthropic.DefaultHttpxClient(event_hooks={"request": [seen.append]})
        self.client = DIRECT.client(url, max_retries=2, timeout=0.6, http_client=http_client)
        self.asked = asks(DIRECT, f"table-{fault}", extra_headers={"x-brownout-fault": fault})

    def plain(self):
        return self.client.messages.create(**self.asked)

    def streamed(self):
        return self.client.messages.create(**self.asked, stream=True)


SDKS = {"openai": OpenAi, "anthropic": Anthropic}


def ended(call, form):
    """How a call ended, in the words of the table."""
    events = []
    try:
        if form == "plain":
            getattr(call, form)()
            return WHOLE
        for event in getattr(call, form)():
            events.append(event)
    except Exception as error:  # Whatever the SDK raises is what the test is about.
        return type(error).__name__
    return PART if events else NOTHING


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    """The packages wait a hundredth of a second before they ask again."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0.01)


@pytest.mark.parametrize("form", ["plain", "streamed"])
@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_a_fault_looks_like(request, sdk, form, row):
    fault, plain, plain_attempts, streamed, stream_attempts = row
    expected, attempts = (plain, plain_attempts) if form == "plain" else (streamed, stream_attempts)
    if isinstance(expected, dict):
        expected = expected[sdk]
    seen = []
    call = SDKS[sdk](request.getfixturevalue(f"{sdk}_mock").url, fault, seen)
    with call.client:
        outcome = ended(call, form)
    if expected is None:
        assert issubclass(getattr({"openai": openai, "anthropic": anthropic}[sdk], outcome), Exception)
    else:
        assert outcome == expected
    assert len(seen) == attempts


def test_a_page_is_taken_for_an_answer(openai_mock, anthropic_mock):
    """What both packages make of HTML under 200."""
    assert isinstance(OpenAi(openai_mock.url, "html", []).plain(), str)
    assert isinstance(Anthropic(anthropic_mock.url, "html", []).plain(), str)
    with pytest.raises(json.JSONDecodeError):
        OpenAi(openai_mock.url, "empty_body", []).plain()


@pytest.mark.parametrize("sdk", SDKS)
def test_successes_that_say_nothing(request, sdk):
    """No error: a 204 is an empty text, and an empty object an answer without anything in it."""
    url = request.getfixturevalue(f"{sdk}_mock").url
    assert SDKS[sdk](url, "empty-204", []).plain() == ""
    answer = SDKS[sdk](url, "empty-json-200", []).plain()
    assert isinstance(answer, {"openai": ChatCompletion, "anthropic": anthropic.types.Message}[sdk])
    assert answer.id is None
    assert answer.usage is None
