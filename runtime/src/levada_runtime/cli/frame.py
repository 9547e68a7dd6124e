"""What every command shares: its common flags, its two voices (a table or JSON), its exit code and its errors."""

import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from levada_runtime.foundation.acting import acting_as, operator_here
from levada_runtime.foundation.errors import RuntimeFailure
from levada_runtime.foundation.logging import configure_logging, mask

if TYPE_CHECKING:
    from rich.console import Console

    from levada_runtime.daemon.installation import Installation
    from levada_runtime.foundation.config import Settings

_UNBOUNDED_WIDTH = 400
_WHOLE = ("id", "key", "name", "idempotency_key")
_ROWS_FOR_PEOPLE, _ROWS_FOR_MACHINES = 20, 10_000
Limit = Annotated[int | None, typer.Option(min=1, help="How many at most; 20 by default, 10,000 with --json.")]
Cursor = Annotated[str | None, typer.Option(help="Where the list goes on.")]
CHANGES = 5
PARTIAL = 4

COMMON: dict[str, Any] = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")],
    "org": Annotated[str | None, typer.Option("--org", help="The organisation to act on.")],
    # Whether it can be used is an environment's matter (exit code 3), and told where it is opened.
    "data_dir": Annotated[
        Path | None, typer.Option("--data-dir", help="Where the embedded store lies.", readable=False)
    ],
    "database_url": Annotated[str | None, typer.Option("--database-url", help="SQLAlchemy URL of the store.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Log more, and show tracebacks.")],
}


@dataclass
class Session:
    """One invocation of a command: how it was asked for, and what it opens."""

    command: str
    as_json: bool = False
    org: str | None = None
    data_dir: Path | None = None
    database_url: str | None = None
    debug: bool = False

    @functools.cached_property
    def out(self) -> "Console":
        """What prints for people: as wide as their terminal, and wide where there is none to fit into."""
        from rich.console import Console  # loaded only where something is shown to people

        out = Console(highlight=False)
        return out if out.is_terminal else Console(highlight=False, width=_UNBOUNDED_WIDTH)

    def settings(self, **flags: Any) -> "Settings":
        """Return the configuration with this invocation's flags before everything else."""
        from levada_runtime.foundation.config import load_settings  # loaded only for commands that are configured

        return load_settings({"org": self.org, "data_dir": self.data_dir, "database_url": self.database_url, **flags})

    def open(self, *, create: bool = False, **flags: Any) -> "Installation":
        """Open the installation; without `create` it must be there already."""
        from levada_runtime.daemon.installation import Installation  # the floors load only for commands that need them

        return Installation(self.settings(**flags), create=create)

    def open_to_run(self) -> "Installation":
        """Open an installation that is there, to run a route at once: its sandbox wakes while everything else loads."""
        from levada_runtime.sandbox.forker import Forker  # loads little, and what it starts takes longest

        with ExitStack() as unless_opened:
            forker = unless_opened.enter_context(closing(Forker()))
            settings = self.settings()
            from levada_runtime.daemon.waking import waking  # these two are loaded while the sandbox wakes

            sandbox = unless_opened.enter_context(closing(waking(settings, forker)))
            from levada_runtime.daemon.installation import Installation

            installation = Installation(settings, create=False, sandbox=sandbox)
            unless_opened.pop_all()
        return installation

    def page_size(self, limit: int | None) -> int:
        """Return how many rows a list gives: what was asked for, else a screenful to people and many to machines."""
        return limit or (_ROWS_FOR_MACHINES if self.as_json else _ROWS_FOR_PEOPLE)

    def say(self, text: str) -> None:
        """Tell a person something on the way; machines get only the result."""
        if not self.as_json:
            self.out.print(mask(text), markup=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What a command came to: the value for machines, the lines for people, the exit code."""

    value: Any
    show: "Callable[[Console], None] | None" = None
    exit_code: int = 0
    error: Mapping[str, Any] | None = None


Command = Callable[..., Result]


def command(app: typer.Typer, name: str, *, hidden: bool = False, group: str = "") -> Callable[[Command], Command]:
    """Register a command; its function takes a Session first and the flags of its own after it."""

    def register(function: Command) -> Command:
        words = f"{group} {name}".strip()
        app.command(name, hidden=hidden)(_with_common_flags(function, words))
        return function

    return register


def _with_common_flags(function: Command, words: str) -> Callable[..., None]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    common = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None if "None" in str(kind) else False, annotation=kind
        )
        for name, kind in COMMON.items()
    ]

    @functools.wraps(function)
    def invoke(**flags: Any) -> None:
        session = Session(words, **{name: flags.pop(name) for name in COMMON})
        raise typer.Exit(_run(session, function, flags))

    signature = inspect.Signature([*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *common])
    invoke.__signature__ = signature  # type: ignore[attr-defined]  # what typer reads the flags from
    invoke.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
    return invoke


def _run(session: Session, function: Command, flags: dict[str, Any]) -> int:
    configure_logging("debug" if session.debug else "warning")
    try:
        with acting_as(operator_here()):
            result = function(session, **flags)
    except RuntimeFailure as failure:
        if session.debug:
            traceback.print_exc()
        fail(session.command, failure, as_json=session.as_json)
        return failure.exit_code
    _print(session, result)
    return result.exit_code


def _print(session: Session, result: Result) -> None:
    if session.as_json:
        body = {"command": session.command, "ok": result.error is None, "result": result.value, "error": result.error}
        print_json(body)
    elif result.show is not None:
        result.show(session.out)
    if result.error is not None and not session.as_json:
        sys.stderr.write(mask(f"error: {result.error['message']}\n"))


def fail(words: str, failure: RuntimeFailure, *, as_json: bool) -> None:
    """Say what failed and what to do next."""
    if as_json:
        error = {"code": failure.code, "message": mask(failure.message), "details": failure.details}
        if failure.hint:
            error["details"] = {**failure.details, "hint": failure.hint}
        print_json({"command": words, "ok": False, "result": None, "error": error})
        return
    sys.stderr.write(mask(f"error: {failure.message}\n"))
    if failure.hint:
        sys.stderr.write(mask(f"  → {failure.hint}\n"))


def number(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural where that is due."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def print_json(body: Any) -> None:
    """Print one JSON object; it is masked as every other output is."""
    sys.stdout.write(mask(orjson.dumps(body, option=orjson.OPT_INDENT_2, default=str).decode()) + "\n")


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], empty: str) -> "Callable[[Console], None]":
    """Return what shows rows as a table, or says that there are none."""
    listed = list(rows)

    def show(out: "Console") -> None:
        if not listed:
            out.print(empty)
            return
        from rich.table import Table  # loaded only where something is shown to people

        drawn = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            longest = max(len(_cell(row.get(column))) for row in listed) if column in _WHOLE else None
            drawn.add_column(column.replace("_", " "), min_width=longest, overflow="fold")
        for row in listed:
            drawn.add_row(*(_cell(row.get(column)) for column in columns))
        out.print(drawn)

    return show


def fields(row: Mapping[str, Any]) -> "Callable[[Console], None]":
    """Return what shows one thing, a line for each of its fields."""

    def show(out: "Console") -> None:
        from rich.table import Table  # loaded only where something is shown to people

        drawn = Table(box=None, pad_edge=False, show_header=False)
        for name, value in row.items():
            drawn.add_row(name.replace("_", " "), _cell(value))
        out.print(drawn)

    return show


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value.replace("[", "\\[")
    return orjson.dumps(value, default=str).decode().replace("[", "\\[")
