"""The parts under test as child processes: started on a free port, stopped, and heard when they fail."""

import json
import os
import pathlib
import selectors
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
START_SECONDS = 15
STOP_SECONDS = 15


def binary() -> pathlib.Path:
    """The binary under test: `$BROWNOUT`, or the release build. Nothing is built here."""
    named = os.environ.get("BROWNOUT")
    path = pathlib.Path(named) if named else ROOT / "target" / "release" / "brownout"
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(
            f"no binary at {path}: build it with `cargo build --release --locked -p brownout`, "
            "or name another in the environment variable BROWNOUT"
        )
    return path


class Part:
    """One running part: `brownout mock-provider`, `brownout proxy`."""

    def __init__(self, name: str, *arguments: str, log: pathlib.Path):
        self.name = name
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [binary(), *arguments, "--child"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=log.parent,
            )
        try:
            self.address = self._announced()["listening"]
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def url(self) -> str:
        """Where clients are pointed at."""
        return f"http://{self.address}"

    def stop(self) -> None:
        """Asks the part to finish its logs and end; an unclean end is a failure."""
        if self.process.poll() is not None:
            raise AssertionError(self._story(f"ended by itself with {self.process.returncode}"))
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(self._story(f"did not stop within {STOP_SECONDS} s")) from None

    def _announced(self) -> dict:
        """The one line of JSON that a child prints when it listens."""
        deadline = time.monotonic() + START_SECONDS
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise AssertionError(self._story(f"said nothing within {START_SECONDS} s"))
                byte = os.read(self.process.stdout.fileno(), 1)
                if not byte:
                    raise AssertionError(self._story(f"ended with {self.process.wait()} before it listened"))
                line += byte
        return json.loads(line)

    def _story(self, what: str) -> str:
        return f"{self.name} {what}; it wrote:\n{self.log.read_text(errors='replace')[-4000:]}"


class Alone(Part):
    """A part that is nobody's child, at an address of our choice: only so does it speak TLS.

    It is the real binary even where `$BROWNOUT` is one with a defect: no relay can alter what TLS protects.
    """

    def __init__(self, name: str, *arguments: str, log: pathlib.Path):
        self.name = name
        self.log = log
        self.address = free_address()
        real = os.environ.get("BROWNOUT_REAL") or binary()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [real, *arguments, "--listen", self.address],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=log.parent,
            )
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.address):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError(self._story("did not listen"))
            time.sleep(0.05)


def free_address() -> str:
    """An address at which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def answers(address: str) -> bool:
    """Whether somebody listens at an address."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True
