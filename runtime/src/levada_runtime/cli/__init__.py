"""Words typed by an operator: each group of commands is a module, and `main` is the way in."""

import sys
import traceback

import click
import typer

from levada_runtime.cli import access, connections, connectors, daemon, demo, documents, runs
from levada_runtime.cli.frame import fail
from levada_runtime.foundation.errors import RuntimeFailure, UsageFailure

app = typer.Typer(
    name="runtime",
    help="Levada: connectors, run behind a wall.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (daemon, demo, connectors, connections, runs, documents, access):
    group.add_to(app)

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command and return its exit code; no error shows a traceback without --debug."""
    as_json, debug = "--json" in words, "--debug" in words
    try:
        code = app(words, prog_name="runtime", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as shown:
        sys.stderr.write(f"{shown.format_message()}\n")
        return 2
    except click.ClickException as wrong:
        fail(
            " ".join(words[:1]), UsageFailure(wrong.format_message(), hint="--help says what there is"), as_json=as_json
        )
        return 2
    except (KeyboardInterrupt, click.Abort):
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
