"""Claude with the anthropic SDK as it ships, at each of its three homes."""

import dataclasses

import anthropic

from support.nonce import nonce_of

TIMEOUT_S = 10
MAX_TOKENS = 24
PROJECT = "brownout-tests"
REGION = "us-east-1"


@dataclasses.dataclass(frozen=True)
class Home:
    """Where Claude is asked: which client, which model, and the names of its cells in conformance.toml."""

    family: str
    column: str
    call: str
    model: str
    ids: str

    def __str__(self):
        return self.column

    def client(self, url, *, is_async=False, **settings):
        """A client pointed at a mock."""
        settings = {"timeout": TIMEOUT_S, "max_retries": 0, **settings}
        prefix = "Async" if is_async else ""
        if self.family == "anthropic":
            settings = {"api_key": "sk-ant-mock", **settings}
            return getattr(anthropic, prefix + "Anthropic")(base_url=url, **settings)
        if self.family == "bedrock":
            keys = {"aws_access_key": "AKIDEXAMPLE", "aws_secret_key": "mock-secret-key", "aws_region": REGION}
            return getattr(anthropic, prefix + "AnthropicBedrock")(base_url=url, **{**keys, **settings})
        of = {"region": REGION, "project_id": PROJECT, "access_token": "ya29.any"}
        return getattr(anthropic, prefix + "AnthropicVertex")(base_url=f"{url}/v1", **{**of, **settings})


DIRECT = Home("anthropic", "anthropic", "messages", "claude-haiku-4-5", "01")
BEDROCK = Home(
    "bedrock",
    "anthropic-bedrock",
    "InvokeModel, Claude",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "bdrk_01",
)
VERTEX = Home("vertex", "anthropic-vertex", "rawPredict, Claude", "claude-haiku-4-5@20251001", "vrtx_01")
HOMES = [DIRECT, BEDROCK, VERTEX]

# What all three call the model in their answers.
NAME = "claude-haiku-4-5-20251001"

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}


def asks(home, name, **more):
    """The arguments of a call whose prompt carries a nonce in its first line."""
    messages = [{"role": "user", "content": f"{nonce_of(name)}\nSay something."}]
    return {"model": home.model, "max_tokens": MAX_TOKENS, "messages": messages, **more}
