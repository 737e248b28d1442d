"""The client's side of the evidence: what was called, what came back, and in how many attempts."""

import dataclasses
import json
import pathlib

from support.nonce import whole_tokens

MAX_TOKENS = 24


# How long a client waits for the next bytes. Where the fault is that none come, that is the length of the test;
# everywhere else it must not matter how busy the machine is.
SILENCE_SECONDS = 1
PATIENCE_SECONDS = 20


def read_seconds(fault):
    """The time-out of reads for a call with this fault."""
    is_silent = any(name in (fault or "") for name in ["stall", "silence=true"])
    return SILENCE_SECONDS if is_silent else PATIENCE_SECONDS


@dataclasses.dataclass
class Call:
    """One call of an SDK and all that its caller got to see."""

    nonce: str
    route: str
    fault: str | None = None
    operation: str = ""
    streamed: bool = False
    attempts: int = 0
    announced: list = dataclasses.field(default_factory=list)
    error: BaseException | None = None
    answer: object = None
    events: list = dataclasses.field(default_factory=list)
    text: str = ""
    finished: bool = False

    def record(self) -> dict:
        """The call as a line of `calls.ndjson`."""
        return {
            "nonce": self.nonce,
            "route": self.route,
            "fault": self.fault,
            "operation": self.operation,
            "streamed": self.streamed,
            "attempts": self.attempts,
            "error": type(self.error).__name__ if self.error else None,
            "text": self.text,
            "finished": self.finished,
        }


class CallLog:
    """`calls.ndjson`, to be compared with what the proxy recorded."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.path.touch()

    def add(self, call: Call) -> None:
        """Writes a call that has ended."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(call.record()) + "\n")


def succeeded(call: Call) -> int:
    """The call went through at the first attempt, whole; the number of its tokens."""
    if call.error:
        raise call.error
    assert call.attempts == 1
    assert call.finished
    tokens = whole_tokens(call.nonce, call.text)
    assert 0 < tokens <= MAX_TOKENS
    return tokens
