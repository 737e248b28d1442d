#!/usr/bin/env python3
"""A brownout binary with a defect: the real one behind a relay that changes bytes of every answer.

Stands in for `$BROWNOUT` in the tests of the tests. `BROWNOUT_REAL` names the real binary, `BROWNOUT_DEFECT` the
change, `OLD=>NEW` with as many bytes in the one as in the other, so that lengths stay true.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading


def relay(source, target, change):
    """Passes bytes on until the source ends; holds back only what may be the beginning of a change."""
    held = b""
    try:
        while read := source.recv(65536):
            held = change(held + read)
            keep = change.unfinished(held)
            target.sendall(held[: len(held) - keep])
            held = held[len(held) - keep :]
        target.sendall(held)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone: so is the other, as a reset where it was one.
        for side in (source, target):
            side.close()


class Change:
    """The defect, as a function of bytes."""

    def __init__(self, old=b"", new=b""):
        assert len(old) == len(new), "a change of length would make every length a lie"
        self.old, self.new = old, new

    def __call__(self, data):
        return data.replace(self.old, self.new) if self.old else data

    def unfinished(self, data):
        """How many bytes at the end may be the beginning of what is changed."""
        lengths = range(len(self.old) - 1, 0, -1)
        return next((length for length in lengths if data.endswith(self.old[:length])), 0)


def serve(listener, address, change):
    """Takes connections for ever, each with its own to the real part."""
    while True:
        client, _ = listener.accept()
        real = socket.create_connection(address)
        for side in (client, real):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=relay, args=(client, real, Change()), daemon=True).start()
        threading.Thread(target=relay, args=(real, client, change), daemon=True).start()


def main():
    old, _, new = os.environ["BROWNOUT_DEFECT"].partition("=>")
    part = subprocess.Popen([os.environ["BROWNOUT_REAL"], *sys.argv[1:]], stdout=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: part.terminate())
    announced = json.loads(part.stdout.readline())
    host, _, port = announced["listening"].rpartition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(
        target=serve, args=(listener, (host, int(port)), Change(old.encode(), new.encode())), daemon=True
    ).start()
    announced["listening"] = f"127.0.0.1:{listener.getsockname()[1]}"
    print(json.dumps(announced), flush=True)
    return part.wait()


if __name__ == "__main__":
    sys.exit(main())
