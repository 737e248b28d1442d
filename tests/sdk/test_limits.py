"""Limits that refuse, with the openai and the anthropic package: typed errors, headers, and waits that are kept."""

import anthropic
import openai
import pytest

from conftest import PROFILES
from support.claude import DIRECT, asks
from support.openai_calls import CHAT, client_of, messages
from support.parts import Part

QUOTAS = {
    "tokens-per-day": ("openai", "tokens_per_day = 1000"),
    "project": ("openai", "project_requests_per_minute = 2, project_tokens_per_minute = 5000"),
    "images": ("openai", "images_per_minute = 3"),
    "output": ("anthropic", "output_tokens_per_minute = 60"),
}


@pytest.fixture(params=[])
def limited(request, evidence, parts):
    """A mock of its own with that quota."""
    name = request.param
    family, quota = QUOTAS[name]
    config = evidence / f"limited-{name}.toml"
    profile = PROFILES[family]
    config.write_text(f'[providers.mock]\nprofile = "{profile}"\nquota = {{ {quota} }}\n', encoding="utf-8")
    arguments = ["mock-provider", "--listen", "127.0.0.1:0", "--config", str(config)]
    part = parts.add(Part(f"limited-{name}", *arguments, log=evidence / f"limited-{name}.log"))
    yield part.url
    parts.stop(part.name)


def only(name):
    return pytest.mark.parametrize("limited", [name], indirect=True)


def told(response, what):
    return [response.headers.get(f"x-ratelimit-{column}-{what}") for column in ("limit", "remaining", "reset")]


@only("tokens-per-day")
def test_tokens_a_day(limited):
    with client_of("openai", limited) as client:
        asked = {"model": CHAT, "messages": messages("hello"), "max_tokens": 900}
        raw = client.chat.completions.with_raw_response.create(**asked)
        assert told(raw, "tokens")[:2] == ["1000", "100"]
        with pytest.raises(openai.RateLimitError) as raised:
            client.chat.completions.create(**asked)
    assert (raised.value.type, raised.value.code) == ("tokens", "rate_limit_exceeded")
    words = "on tokens per day (TPD): Limit 1000, Used 900, Requested 900. Please try again in 19h"
    assert words in raised.value.message
    # The SDK would not wait so long: more than two minutes are not waited for at all.
    assert int(raised.value.response.headers["retry-after"]) > 60_000


@only("project")
def test_a_projects_limits(limited):
    with client_of("openai", limited) as client:
        asked = {"model": CHAT, "messages": messages("hello"), "max_tokens": 900}
        raw = client.chat.completions.with_raw_response.create(**asked)
        assert told(raw, "project-requests") == ["2", "1", "30s"]
        assert told(raw, "project-tokens")[:2] == ["5000", "4100"]
        client.chat.completions.create(**asked)
        with pytest.raises(openai.RateLimitError) as raised:
            client.chat.completions.create(**asked)
    assert raised.value.type == "requests"


@only("images")
def test_pictures_a_minute(limited):
    shown = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
    with client_of("openai", limited) as client:
        asked = {"model": CHAT, "messages": [{"role": "user", "content": shown * 2}]}
        raw = client.chat.completions.with_raw_response.create(**asked)
        assert told(raw, "input-images")[:2] == ["3", "1"]
        with pytest.raises(openai.RateLimitError) as raised:
            client.images.generate(model="gpt-image-1", prompt="a lamp", n=4)
    assert (raised.value.type, raised.value.code) == ("input-images", "rate_limit_exceeded")
    assert "(for limit gpt-image) in organization org-mock on input-images per min: Limit 3" in raised.value.message


@only("output")
def test_output_counts_as_it_is_produced(limited):
    """A `max_tokens` far beyond the limit is no hindrance; what was produced is."""
    asked = asks(DIRECT, "limited-output") | {"max_tokens": 8_000}
    with DIRECT.client(limited) as client:
        raw = client.messages.with_raw_response.create(**asked)
        assert raw.headers["anthropic-ratelimit-output-tokens-limit"] == "60"
        produced = raw.parse().usage.output_tokens
        while produced < 60:
            produced += client.messages.create(**asked).usage.output_tokens
        with pytest.raises(anthropic.RateLimitError) as raised:
            client.messages.create(**asked)
    assert raised.value.type == "rate_limit_error"
    assert "60 output tokens per minute" in raised.value.api_message
    assert int(raised.value.response.headers["retry-after"]) > 0


def test_one_path_lists_models_for_either(anthropic_mock, openai_mock):
    """Each package gets its own list from a mock of the other's, by the headers that it sends."""
    with client_of("openai", anthropic_mock.url) as client:
        assert CHAT in {model.id for model in client.models.list()}
        assert client.models.retrieve(CHAT).owned_by == "system"
    with DIRECT.client(openai_mock.url) as client:
        assert client.models.list().data[0].display_name.startswith("Claude")
        assert client.models.retrieve(DIRECT.model).type == "model"
