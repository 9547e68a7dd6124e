"""Words typed by an operator: each group of commands is a module, and `main` is the way in."""

import sys
import traceback

import typer

from levada_runtime.cli import (
    access,
    audit,
    authors,
    backfills,
    connections,
    connectors,
    contracts,
    daemon,
    database,
    deliveries,
    demo,
    doctor,
    documents,
    entities,
    graph,
    pipelines,
    plans,
    quarantine,
    receipts,
    runs,
    secrets,
    streams,
    why,
)
from levada_runtime.cli.frame import fail
from levada_runtime.foundation.collector import leave_out_what_is_there
from levada_runtime.foundation.errors import RuntimeFailure, UsageFailure

app = typer.Typer(
    name="runtime",
    help="Levada: connectors, run behind a wall.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_GROUPS = (
    daemon,
    doctor,
    demo,
    authors,
    connectors,
    contracts,
    connections,
    runs,
    backfills,
    plans,
    receipts,
    documents,
    why,
    quarantine,
    streams,
    entities,
    graph,
    pipelines,
    deliveries,
    secrets,
    access,
    audit,
    database,
)
for group in _GROUPS:
    group.add_to(app)

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and leave with its exit code."""
    code = run(sys.argv[1:])
    leave_out_what_is_there()
    sys.exit(code)


def run(words: list[str]) -> int:
    """Run one command and return its exit code; no error shows a traceback without --debug."""
    as_json, debug = "--json" in words, "--debug" in words
    try:
        code = app(words, prog_name="runtime", standalone_mode=False)
    except typer.TyperException as wrong:
        return _misused(words, wrong.format_message(), as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("stopped\n")
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, a person gets a sentence
        if debug:
            traceback.print_exc()
        surprise = RuntimeFailure(
            f"the runtime failed: {type(error).__name__}: {error}",
            code="internal_error",
            hint="--debug shows where",
        )
        fail(" ".join(words[:1]), surprise, as_json=as_json)
        return 1
    return int(code or 0)


def _misused(words: list[str], message: str, *, as_json: bool) -> int:
    """Say what is wrong with the words; a group without a command says what there is instead."""
    if message.lstrip().startswith("Usage:") and not as_json:
        sys.stderr.write(f"{message}\n")
    else:
        named = " ".join(word for word in words[:2] if not word.startswith("-"))
        fail(named, UsageFailure(message, hint="--help says what there is"), as_json=as_json)
    return UsageFailure.exit_code
