"""Clients of the OpenAI API and of Azure OpenAI, as the vendor's package ships them."""

import openai

CHAT = "gpt-4o-mini"
THINKS = "gpt-5"
COMPLETES = "gpt-3.5-turbo-instruct"
EMBEDS = "text-embedding-3-small"
API_VERSION = "2024-10-21"
TIMEOUT_S = 5.0

# The column of docs/conformance.md of each client.
COLUMNS = ["openai", "openai-azure"]

WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city on some days.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
CHAT_TOOL = {"type": "function", "function": {**WEATHER, "strict": True}}
RESPONSE_TOOL = {"type": "function", "strict": True, **WEATHER}


def client_of(column, url, *, fault=None, retries=0, key="any-key", **more):
    """A client of that column, pointed at a mock."""
    settings = {"max_retries": retries, "timeout": TIMEOUT_S, **more}
    if fault:
        settings["default_headers"] = {"x-brownout-fault": fault}
    if column == "openai":
        return openai.OpenAI(base_url=f"{url}/v1", api_key=key, **settings)
    return openai.AzureOpenAI(azure_endpoint=url, api_key=key, api_version=API_VERSION, **settings)


def messages(text):
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def prompt(nonce):
    """A conversation that carries its nonce in the first line."""
    return messages(f"{nonce}\nSay something.")


def content_of(chunks):
    """The text of a streamed answer."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
