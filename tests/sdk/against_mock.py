"""Runs a command against mock providers of its own: the tests of clients in other languages.

    python against_mock.py --evidence DIR -- COMMAND...

The command finds a mock's address in `BROWNOUT_BEDROCK`, another's that speaks TLS in `BROWNOUT_BEDROCK_TLS` and what
to trust in `BROWNOUT_CA`. It writes what passed into the file that `BROWNOUT_RECORDS` names, in the lines of
`support/recording.py`. Ends as the command ends, or with 1 when it recorded
nothing or a mock ended by itself.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

from conftest import FOREIGN_ENVIRONMENT, Parts, start_mock, start_secure_mock
from support.recording import FILE


def environment(evidence, mock, secure, authority):
    """The caller's, without the machine's settings of SDKs, and with the mocks' addresses."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN_ENVIRONMENT}
    nowhere = str(evidence / "nothing")
    named = {
        "BROWNOUT_BEDROCK": mock.url,
        "BROWNOUT_BEDROCK_TLS": f"https://{secure.address}",
        "BROWNOUT_CA": str(authority),
    }
    return {
        **kept,
        **named,
        "BROWNOUT_RECORDS": str(evidence / FILE),
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--evidence", type=pathlib.Path, required=True)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    evidence = arguments.evidence.resolve()
    shutil.rmtree(evidence, ignore_errors=True)
    evidence.mkdir(parents=True)
    running = Parts(evidence)
    try:
        mock = running.add(start_mock(evidence, "bedrock"))
        secure, authority = start_secure_mock(evidence, "bedrock")
        running.add(secure)
        run = subprocess.run(arguments.command, env=environment(evidence, mock, secure, authority), check=False)
    finally:
        running.stop_all()
    records = evidence / FILE
    if not records.exists() or not records.stat().st_size:
        print(f"{arguments.command[0]} ended with {run.returncode} and recorded nothing", file=sys.stderr)
        return run.returncode or 1
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
