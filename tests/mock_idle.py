"""What an idle mock provider costs: time to its banner, memory, ten thousand idle connections of each protocol.

    python3 tests/mock_idle.py target/release/brownout

Needs 10,100 descriptors (ulimit -n) and curl. Linux only. The mock closes an HTTP/1.1 connection after 30 idle seconds: on
a machine that takes longer to open them all, fewer are left to count.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

COUNT = 10_000
GREETINGS = {
    "HTTP/1.1": b"GET /readyz HTTP/1.1\r\nhost: mock\r\n\r\n",
    # The preface and empty settings.
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]),
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start(program, port):
    command = [program, "mock-provider", "--listen", f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    mock = subprocess.Popen(command, stdout=subprocess.PIPE)
    mock.stdout.readline()
    return mock, (time.perf_counter() - begun) * 1000


def stop(mock):
    mock.terminate()
    assert mock.wait(timeout=20) == 0


def resident_mib(mock):
    lines = Path(f"/proc/{mock.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def connections(port):
    url = f"http://127.0.0.1:{port}/metrics"
    text = subprocess.run(["curl", "-s", url], capture_output=True, text=True, check=True).stdout
    return int(next(line for line in text.splitlines() if line.startswith("brownout_mock_connections{")).split()[1])


def idle(program, protocol):
    port = free_port()
    mock, _ = start(program, port)
    before = resident_mib(mock)
    held = []
    for _ in range(COUNT):
        held.append(socket.create_connection(("127.0.0.1", port)))
        held[-1].sendall(GREETINGS[protocol])
    time.sleep(1)
    seen, after = connections(port), resident_mib(mock)
    for connection in held:
        connection.close()
    time.sleep(1)
    left = connections(port)
    stop(mock)
    per_connection = (after - before) * 1024 / COUNT
    # The one that asks is a connection, too.
    print(f"{protocol}: {seen - 1} idle connections, {per_connection:.0f} KiB for each that was opened; {left - 1} when they had gone")
    assert left == 1


def main():
    program = sys.argv[1]
    starts = []
    for _ in range(5):
        mock, milliseconds = start(program, free_port())
        starts.append(milliseconds)
        memory = resident_mib(mock)
        stop(mock)
    print(f"start to banner: {', '.join(f'{one:.0f}' for one in starts)} ms; idle: {memory:.1f} MiB")
    for protocol in GREETINGS:
        idle(program, protocol)


main()
