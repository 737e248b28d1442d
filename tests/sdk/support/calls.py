"""The client's side of the evidence: what was called, what came back, and in how many attempts."""

import dataclasses
import json
import pathlib


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
