"""Merges what the runners recorded into docs/conformance.md.

    python conformance.py --out FILE RECORDS...

RECORDS are the lines of `support/recording.py` and of the runners in other languages, one JSON object each:
`column`, `call` with `variant` or `error`, `raises` (the exception's name), `outcome` (passed, failed, skipped or
xfailed), `reason`, `test`. Which cells there are is `conformance.toml`. Ends with 1 when a line or the matrix is at
odds with itself; a test that failed or is missing is a matter of the table.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
OUTCOMES = ("passed", "failed", "skipped", "xfailed")
HEAD = """\
# Conformance

Which official SDKs work against the mock providers, call by call and error by error. Written by `tests/run sdk` from
the outcomes of the tests in `tests/sdk/`, and compared with each run; `tests/run sdk --write` writes it anew.

| mark | meaning |
|---|---|
| ✓ | every test of the cell passes; of an error, the exception that the SDK raises, asserted by its type |
| ✗ | a test of the cell fails |
| – | nothing to test here; the note says why |
| missing | to be tested, and not yet |

*usage* is the count of tokens that an answer carries, *count* the call that counts a prompt's tokens beforehand.
"""


@dataclasses.dataclass
class Provider:
    """One table: its columns, its rows, and the cells that are not expected."""

    title: str
    columns: list
    calls: dict
    errors: list
    without: list

    def rows(self):
        """The keys of the rows: (call, variant), or (error,)."""
        yield from ((call, variant) for call, variants in self.calls.items() for variant in variants)
        yield from ((error,) for error in self.errors)

    def why_not(self, column, row):
        """Why there is nothing to test in a cell; `None` where there is."""
        names = {row[0], " · ".join(row)}
        for entry in self.without:
            if column in entry["columns"] and names & set(entry["cells"]):
                return entry["why"]
        return None

    def problems(self, columns):
        """What the matrix says of columns and rows that it does not have."""
        known = {row[0] for row in self.rows()} | {" · ".join(row) for row in self.rows()}
        for name in self.columns:
            if name not in columns:
                yield f"conformance.toml: {self.title} has a column {name}, which is not described"
        for entry in self.without:
            for name in [*(set(entry["columns"]) - set(self.columns)), *(set(entry["cells"]) - known)]:
                yield f"conformance.toml: {self.title} is said to be without {name}, and has no such column or row"


def read_matrix(path=HERE / "conformance.toml"):
    """The columns and the providers."""
    matrix = tomllib.loads(path.read_text(encoding="utf-8"))
    fill = {"errors": [], "without": []}
    return matrix["columns"], [Provider(**{**fill, **provider}) for provider in matrix["providers"]]


def read_records(files):
    """The cells that tests fill: (column, row) to the lines of their tests."""
    cells = collections.defaultdict(list)
    for file in files:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        if not lines:
            raise SystemExit(f"{file} is empty: its runner recorded nothing")
        for line in lines:
            if line["outcome"] not in OUTCOMES:
                raise SystemExit(f"{file}: no outcome is called {line['outcome']}")
            row = (line["error"],) if "error" in line else (line["call"], line["variant"])
            cells[line["column"], row].append(line)
    return cells


def problems(columns, providers, cells):
    """Where matrix and records are at odds."""
    expected = {
        (column, row): provider for provider in providers for column in provider.columns for row in provider.rows()
    }
    for provider in providers:
        yield from provider.problems(columns)
    for (column, row), lines in cells.items():
        provider = expected.get((column, row))
        fills = f"{lines[0]['test']} fills {column} / {' · '.join(row)}, which conformance.toml"
        if provider is None:
            yield f"{fills} does not have"
        elif provider.why_not(column, row):
            yield f"{fills} says is without tests"


# --- The table ---------------------------------------------------------------------------------------------


class Notes:
    """The numbered notes below a table."""

    def __init__(self):
        self.texts = []

    def mark(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return f"<sup>{self.texts.index(text) + 1}</sup>"

    def lines(self):
        return [f"{number}. {text}" for number, text in enumerate(self.texts, 1)]


def cell(provider, column, row, lines, notes):
    """What stands in a cell of the table."""
    why = provider.why_not(column, row)
    if why:
        return f"–{notes.mark(why)}"
    if not lines:
        return "missing"
    by_outcome = collections.defaultdict(list)
    for line in lines:
        by_outcome[line["outcome"]].append(line)
    if by_outcome["failed"]:
        return f"✗{notes.mark('fails: ' + some_of(by_outcome['failed']))}"
    if by_outcome["xfailed"]:
        return "✗" + "".join(notes.mark("fails because " + why) for why in reasons(by_outcome["xfailed"]))
    skipped = "".join(notes.mark("not run: " + why) for why in reasons(by_outcome["skipped"]))
    if not by_outcome["passed"]:
        return f"–{skipped}"
    raised = sorted({line["raises"] for line in by_outcome["passed"] if "raises" in line})
    return " ".join(["✓", *(f"`{name}`" for name in raised)]) + skipped


def some_of(lines):
    """The tests of some lines by name, without their parameters; not all when they are many."""
    names = sorted({line["test"].partition("[")[0] for line in lines})
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(f"`{name}`" for name in names[:2]) + more


def reasons(lines):
    return sorted({line.get("reason", "no reason is given") for line in lines})


def table(provider, columns, cells, rows, head, notes):
    """A table of some rows; `head` names the columns that tell a row."""
    yield "| " + " | ".join([*head, *(columns[name]["title"] for name in provider.columns)]) + " |"
    yield "|" + "---|" * (len(head) + len(provider.columns))
    for row in rows:
        filled = [cell(provider, name, row, cells.get((name, row)), notes) for name in provider.columns]
        yield "| " + " | ".join([*row, *filled]) + " |"


def chapter(provider, columns, cells):
    """All there is to say of a provider."""
    notes = Notes()
    calls = [row for row in provider.rows() if len(row) == 2]
    errors = [row for row in provider.rows() if len(row) == 1]
    yield f"\n## {provider.title}\n"
    yield from table(provider, columns, cells, calls, ["call", "variant"], notes)
    yield ""
    yield from table(provider, columns, cells, errors, ["error"], notes)
    if notes.texts:
        yield ""
        yield from notes.lines()


def document(columns, providers, cells):
    """The whole page."""
    yield HEAD
    yield "| SDK | version | |"
    yield "|---|---|---|"
    told = {}
    for column in columns.values():
        key = (column["version"], column["title"])
        told.setdefault(key, []).extend([column["note"]] if "note" in column else [])
    for (where, title), about in told.items():
        yield f"| {title} | {version(where)} | {'; '.join(about)} |"
    for provider in providers:
        yield from chapter(provider, columns, cells)


# --- Pinned versions ---------------------------------------------------------------------------------------


def version(where):
    """The pinned version of a package."""
    kind, _, package = where.partition(":")
    found = {"pip": pip_version, "npm": npm_version, "cargo": cargo_version}[kind](package)
    if not found:
        raise SystemExit(f"no version is pinned for {where}")
    return found


def pip_version(package):
    pins = (HERE / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(package)}==(\S+)", pins, re.MULTILINE)
    return found and found[1]


def npm_version(package):
    lock = HERE / "js" / "package-lock.json"
    return json.loads(lock.read_text(encoding="utf-8"))["packages"][f"node_modules/{package}"]["version"]


def cargo_version(package):
    lock = tomllib.loads((HERE / "rust" / "Cargo.lock").read_text(encoding="utf-8"))
    return next((entry["version"] for entry in lock["package"] if entry["name"] == package), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("records", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    columns, providers = read_matrix()
    cells = read_records(arguments.records)
    found = list(problems(columns, providers, cells))
    for problem in found:
        print(problem, file=sys.stderr)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("\n".join(document(columns, providers, cells)) + "\n", encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
