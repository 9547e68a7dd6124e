"""Words typed by an operator: each group of commands is a module, and `main` is the way in."""

import importlib
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import typer

from levada_runtime.cli.frame import fail
from levada_runtime.foundation.collector import leave_out_what_is_there
from levada_runtime.foundation.errors import RuntimeFailure, UsageFailure

GROUPS: Final = {
    "daemon": ("serve", "version", "worker"),
    "doctor": ("doctor",),
    "demo": ("demo",),
    "authors": ("check",),
    "connectors": ("connectors",),
    "contracts": ("contracts",),
    "connections": ("connections",),
    "runs": ("run", "observe", "dry-run", "dryrun", "debug", "runs"),
    "backfills": ("backfill", "backfills"),
    "plans": ("apply",),
    "receipts": ("receipts",),
    "documents": ("documents",),
    "why": ("why",),
    "quarantine": ("quarantine",),
    "streams": ("streams",),
    "entities": ("entities",),
    "graph": ("graph",),
    "pipelines": ("pipelines",),
    "deliveries": ("deliveries",),
    "secrets": ("secrets",),
    "access": ("orgs", "keys"),
    "audit": ("audit",),
    "database": ("db",),
}
"""The modules in the order in which help shows them, each with the first words of its commands."""
_INTERRUPTED = 130


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """Return the commands of the module that the first word is of; all there are when it is of none."""
    app = typer.Typer(
        name="runtime",
        help="Levada: connectors, run behind a wall.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_nothing)  # without it typer takes one command alone for all there is
    asked = [module for module, first in GROUPS.items() if words and words[0] in first]
    for module in asked or GROUPS:
        importlib.import_module(f"{__name__}.{module}").add_to(app)
    return app


def main() -> None:
    """Run the command line and leave with its exit code."""
    code = run(sys.argv[1:])
    leave_out_what_is_there()
    sys.exit(code)


def run(words: list[str]) -> int:
    """Run one command and return its exit code; no error shows a traceback without --debug."""
    as_json, debug = "--json" in words, "--debug" in words
    try:
        code = command_line(words)(words, prog_name="runtime", standalone_mode=False)
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


def _nothing() -> None:
    """What all commands have in common before any of them begins."""
