"""Reads a proxy's attempt log and compares it with what the clients saw.

    python attempt_log.py EVIDENCE

EVIDENCE is a folder that the tests left: `calls.ndjson`, and a folder for every proxy. Ends with 1 and one line for
every contradiction.
"""

import collections
import io
import json
import pathlib
import re
import sys

import zstandard

from support.nonce import whole_tokens

HEX16 = re.compile(r"[0-9a-f]{16}")
NONCE = re.compile(r"bo-[0-9a-f]{16}(\.[1-9][0-9]*)?")
OUTCOMES = {"ok", "error", "reset", "cut", "stall", "refused", "upstream_failed", "client_left"}
ENDED_BY = {"upstream", "fault", "client", "proxy"}
# What a client raises over bytes that it has; all else ends with the last byte that was sent.
STOPS_READING = {"ChecksumMismatch", "UnknownApiResponseError"}


def whole(value):
    """A number without sign or fraction; JSON's `true` is none."""
    return type(value) is int and value >= 0


def text(value):
    return isinstance(value, str) and value != ""


def matches(pattern):
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def one_of(values):
    return lambda value: value in values


def flag(value):
    return isinstance(value, bool)


# Every field of a record in its order: its check, and whether it must be there.
FIELDS = {
    "t_us": (whole, True),
    "provider": (text, True),
    "request_id": (text, False),
    "nonce": (matches(NONCE), False),
    "identity": (matches(HEX16), True),
    "attempt": (whole, True),
    "operation": (text, True),
    "model": (lambda value: isinstance(value, str), True),
    "streamed": (flag, True),
    "in_us": (whole, True),
    "first_us": (whole, False),
    "out_us": (whole, True),
    "status": (lambda value: whole(value) and 100 <= value < 600, False),
    "outcome": (one_of(OUTCOMES), True),
    "fault": (lambda value: isinstance(value, dict), False),
    "fault_not_applied": (text, False),
    "events": (whole, True),
    "tokens": (whole, True),
    "tokens_planned": (whole, False),
    "bytes": (whole, True),
    "complete": (flag, True),
    "closed_by": (one_of(ENDED_BY), True),
}
DECISION = {
    "rule": (text, True),
    "window": (whole, True),
    "draw": (matches(HEX16), True),
    "effect": (text, True),
    "parameters": (
        lambda value: isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
        False,
    ),
}


def read(folder):
    """The records of a proxy's attempt log, compressed or not."""
    compressed = pathlib.Path(folder) / "attempts.ndjson.zst"
    plain = pathlib.Path(folder) / "attempts.ndjson"
    if plain.exists():
        return [json.loads(line) for line in plain.read_text(encoding="utf-8").splitlines()]
    with compressed.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return [json.loads(line) for line in io.TextIOWrapper(reader, encoding="utf-8")]


def problems_of_shape(record, fields, where):
    """Fields that are missing, unknown, out of order or of the wrong form."""
    for name, (check, required) in fields.items():
        if name not in record:
            if required:
                yield f"{where}: `{name}` is missing"
        elif not check(record[name]):
            yield f"{where}: `{name}` is {record[name]!r}"
    unknown = [name for name in record if name not in fields]
    if unknown:
        yield f"{where}: unknown fields {unknown}"
    known = [name for name in record if name in fields]
    if known != [name for name in fields if name in record]:
        yield f"{where}: fields in another order: {known}"


def problems_of_record(record, where):
    """What cannot be true of a single attempt."""
    yield from problems_of_shape(record, FIELDS, where)
    fault = record.get("fault")
    if isinstance(fault, dict):
        yield from problems_of_shape(fault, DECISION, f"{where}: fault")
    times = [record.get(name) for name in ("in_us", "first_us", "out_us") if name in record]
    if times != sorted(times) or record.get("t_us") != record.get("out_us"):
        yield f"{where}: times do not follow each other: {times}, emitted at {record.get('t_us')}"
    # Cohere's chat says its text again in the history, and once more in the last event.
    repeats = record.get("model", "").startswith("cohere.command-r")
    if not repeats and "tokens_planned" in record and record.get("tokens", 0) > record["tokens_planned"]:
        yield f"{where}: more tokens than the provider meant to send"
    if record.get("closed_by") == "fault" and fault is None:
        yield f"{where}: ended by a fault, but names none"
    if record.get("outcome") == "ok" and record.get("closed_by") != "upstream":
        yield f"{where}: ok, but ended by {record.get('closed_by')}"
    if record.get("status") is None and record.get("outcome") in {"ok", "error", "cut"}:
        yield f"{where}: {record.get('outcome')} without a status"


def problems_of_call(call, attempts):
    """Where the client's story of a call and the proxy's differ."""
    where = f"{call['route']} {call['nonce']} ({call['operation']}, {call['fault']})"
    if len(attempts) != call["attempts"]:
        yield f"{where}: the client made {call['attempts']} attempts, the proxy recorded {len(attempts)}"
        return
    if [record["attempt"] for record in attempts] != list(range(len(attempts))):
        yield f"{where}: attempts are numbered {[record['attempt'] for record in attempts]}"
    for record in attempts:
        if record["streamed"] != call["streamed"]:
            yield f"{where}: streamed is {record['streamed']}"
        if call["fault"] and "fault" not in record and "fault_not_applied" not in record:
            if record["outcome"] != "refused":
                yield f"{where}: the fault that was asked for is not recorded"
    if not attempts:
        return
    last = attempts[-1]
    seen = whole_tokens(call["nonce"], call["text"])
    # A client that stops reading may leave some of what was sent behind, and may be gone before anybody notices.
    gave_up = last["closed_by"] == "client" or call["error"] in STOPS_READING
    if call["streamed"] and (seen > last["tokens"] if gave_up else seen != last["tokens"]):
        yield f"{where}: the client got {seen} tokens, the proxy delivered {last['tokens']}"
    if call["streamed"] and call["finished"] and not last["complete"]:
        yield f"{where}: the client saw the end, the proxy says incomplete"
    if call["error"] is None and call["finished"] and last["outcome"] != "ok":
        yield f"{where}: the client got a whole answer, the proxy says {last['outcome']}"


def problems(evidence):
    """Every contradiction in a folder of evidence."""
    evidence = pathlib.Path(evidence)
    lines = (evidence / "calls.ndjson").read_text(encoding="utf-8").splitlines()
    calls = [json.loads(line) for line in lines]
    routes = sorted(folder.name for folder in evidence.iterdir() if folder.is_dir())
    if not routes or not calls:
        yield f"{evidence}: no calls or no attempt logs to compare"
    for route in routes:
        attempts = collections.defaultdict(list)
        for number, record in enumerate(read(evidence / route)):
            yield from problems_of_record(record, f"{route} line {number + 1}")
            attempts[record.get("nonce")].append(record)
        for call in (call for call in calls if call["route"] == route):
            yield from problems_of_call(call, attempts[call["nonce"]])


def main():
    found = list(problems(sys.argv[1]))
    for problem in found:
        print(problem)
    print(f"{len(found)} contradictions")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
