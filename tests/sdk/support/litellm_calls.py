"""Calls of LiteLLM as it ships, to every provider that it knows here: retries off, as `litellm.completion` has them."""

import dataclasses
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no price list from the network; read at import

import litellm  # noqa: E402

from support.bedrock import ACCESS_KEY, CLAUDE, REGION, SECRET_KEY  # noqa: E402
from support.vertex import GEMINI, LOCATION, PROJECT  # noqa: E402

litellm.suppress_debug_info = True
MAX_TOKENS = 24
TOOL_TOKENS = 400
SECONDS = 10
WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city", "unit"],
}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": WEATHER}}
]


@dataclasses.dataclass(frozen=True)
class Route:
    """One way that LiteLLM takes: the cells that it fills, the mock that it asks, the model, and the settings."""

    name: str
    column: str
    call: str
    family: str
    model: str
    settings: object

    def __str__(self):
        return self.name


def bedrock(url, _account):
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "aws_region_name": REGION}
    return {"aws_bedrock_runtime_endpoint": url, **keys}


def vertex(url, account):
    return {
        "api_base": url,
        "vertex_project": PROJECT,
        "vertex_location": LOCATION,
        "vertex_credentials": account,
    }


def openai(url, _account):
    return {"api_base": f"{url}/v1", "api_key": "sk-mock", "max_retries": 0}


def azure(url, _account):
    return {"api_base": url, "api_key": "mock", "api_version": "2024-10-21", "max_retries": 0}


def anthropic(url, _account):
    return {"api_base": url, "api_key": "sk-ant-mock"}


ROUTES = {
    route.name: route
    for route in [
        Route("bedrock/converse", "litellm-bedrock", "Converse", "bedrock", f"bedrock/converse/{CLAUDE}", bedrock),
        Route(
            "bedrock/invoke", "litellm-bedrock", "InvokeModel, Claude", "bedrock", f"bedrock/invoke/{CLAUDE}", bedrock
        ),
        Route("vertex_ai", "litellm-vertex", "generateContent", "vertex", f"vertex_ai/{GEMINI}", vertex),
        Route(
            "vertex_ai/claude",
            *("litellm-vertex", "rawPredict, Claude", "vertex"),
            "vertex_ai/claude-sonnet-4-5@20250929",
            vertex,
        ),
        Route("openai", "litellm-openai", "chat/completions", "openai", "openai/gpt-4o-mini", openai),
        Route("azure", "litellm-azure", "chat/completions", "openai", "azure/gpt-4o-mini", azure),
        Route("anthropic", "litellm-anthropic", "messages", "anthropic", "anthropic/claude-haiku-4-5", anthropic),
    ]
}


def settings_of(route, parts, account, fault=None):
    """What points LiteLLM at the route's mock, and asks for a fault."""
    url = parts.mock(route.family).url
    headers = {"extra_headers": {"x-brownout-fault": fault}} if fault else {}
    return {**route.settings(url, account), **headers}


def settings_for(route, parts, account, nonce, *, fault=None, stream=False, tools=False, **more):
    """All that a completion is called with."""
    return {
        "model": route.model,
        "messages": [{"role": "user", "content": f"{nonce}\nSay something."}],
        "max_tokens": TOOL_TOKENS if tools else MAX_TOKENS,
        "timeout": SECONDS,
        "num_retries": 0,
        **({"stream": True, "stream_options": {"include_usage": True}} if stream else {}),
        **({"tools": TOOLS} if tools else {}),
        **settings_of(route, parts, account, fault),
        **more,
    }


def complete(*what, **how):
    """One completion; of a stream, the chunks as they come."""
    return litellm.completion(**settings_for(*what, **how))


async def complete_async(*what, **how):
    """The same by the asynchronous client, which has a transport of its own; of a stream, all chunks."""
    answer = await litellm.acompletion(**settings_for(*what, **how))
    return [chunk async for chunk in answer] if how.get("stream") else answer
