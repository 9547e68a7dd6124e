"""`backfill`, which reads a stream's past, and the `backfills` that there are."""

from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from levada_runtime.cli.frame import PARTIAL, Cursor, Limit, Result, Session, command, fields, number, table
from levada_runtime.cli.summaries import summary
from levada_runtime.foundation.collector import look_seldom

if TYPE_CHECKING:
    from rich.progress import Progress

    from levada_runtime.daemon.installation import Installation

Backfill = Annotated[str, typer.Argument(help="The backfill's id.")]
_COLUMNS = ("id", "connection", "stream", "state", "from", "to", "slices", "result", "left")
_LOOK_S = 1.0
_MINUTE, _HOUR = 60, 3_600


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    command(app, "backfill")(backfill)
    group = typer.Typer(help="Pasts that are being read, or were.", no_args_is_help=True)
    for name, function in (("list", listed), ("show", show), ("cancel", cancel), ("resume", resume)):
        command(group, name, group="backfills")(function)
    app.add_typer(group, name="backfills")


def backfill(
    session: Session,
    connection: Annotated[str, typer.Argument(help="The connection's name or id.")],
    stream: Annotated[str, typer.Argument(help="The stream.")],
    begins: Annotated[str, typer.Option("--from", help="The first day, which is its midnight UTC, or a moment.")],
    ends: Annotated[str | None, typer.Option("--to", help="The day after the last one; today by default.")] = None,
    slice_: Annotated[
        str | None, typer.Option("--slice", help="The length of a slice, such as P1D; the route's by default.")
    ] = None,
    parallel: Annotated[int | None, typer.Option(help="How many slices run at once.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave it to the daemon, and do not wait.")] = False,
) -> Result:
    """Read a stream's past, slice by slice; the same words again go on with one that is under way."""
    from levada_runtime.runs.backfills import Wanted, today  # the floors load only for commands that need them

    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        _, manifest = installation.catalog.ready(row.connector)
        wanted = Wanted(stream, begins, ends or today(installation.clock), slice_, parallel)
        begun, is_new = installation.backfills.begin(row, manifest, wanted)
        if detach:
            view = installation.backfills.get(installation.org, begun.id)
            return Result(view, lambda out: out.print(f"backfill {begun.id}: {_told(view)}", markup=False))
        how = "begins" if is_new else "goes on"
        session.say(f"backfill {begun.id} {how}; an interrupt leaves it to a daemon, or to the same words again")
        look_seldom()
        obstacle = _carry_out(session, installation, begun.id, f"{row.name} {stream}")
        view = installation.backfills.get(installation.org, begun.id)
    return _waits(view, obstacle) if obstacle else _ended(view)


def listed(
    session: Session,
    connection: Annotated[str | None, typer.Option(help="Only this connection's.")] = None,
    state: Annotated[str | None, typer.Option(help="running, succeeded, partial, failed or cancelled.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Backfills, newest first."""
    with session.open() as installation:
        found = installation.backfills.page(
            installation.org, connection=connection, state=state, limit=session.page_size(limit), cursor=cursor
        )
    rows = [{**one, "slices": _slices(one), "result": summary(one), "left": _left(one)} for one in found.items]
    empty = "Nothing has been backfilled; `runtime backfill` does."
    return Result({"items": found.items, "cursor": found.cursor}, table(rows, _COLUMNS, empty))


def show(session: Session, backfill_id: Backfill) -> Result:
    """A backfill with how far it has come, what it counted, and the slices that ended unread."""
    with session.open() as installation:
        view = installation.backfills.get(installation.org, backfill_id)
    return Result(view, fields(view))


def cancel(session: Session, backfill_id: Backfill) -> Result:
    """End a backfill: what waits ends at once, what is under way at the next question of its connector."""
    with session.open() as installation:
        view = installation.backfills.cancel(installation.org, backfill_id)
    return Result(view, lambda out: out.print(f"{view['id']}: {_told(view)}", markup=False))


def resume(session: Session, backfill_id: Backfill) -> Result:
    """Go on with one that failed or was cancelled, with what is missing; a daemon does it, or `runtime backfill`."""
    with session.open() as installation:
        view = installation.backfills.resume(installation.org, backfill_id)
    return Result(view, lambda out: out.print(f"{view['id']}: {_told(view)}", markup=False))


def _carry_out(session: Session, installation: "Installation", backfill_id: str, name: str) -> str | None:
    """Carry out slices until it has ended, or return what they wait for."""
    from levada_runtime.runs.filling import Watch  # loaded only where it is used

    org = installation.org
    with _Bar(session, name) as bar, Watch(lambda: bar.show(installation.backfills.get(org, backfill_id)), _LOOK_S):
        return installation.filling.fill(org, backfill_id)


def _waits(view: dict[str, Any], obstacle: str) -> Result:
    """Say what an operator has to do before it can go on."""
    message = f"the backfill waits: {obstacle}; once that is mended a daemon goes on with it, or the same words again"
    error = {"code": "backfill_waits", "message": message, "details": {"backfill": view["id"]}}
    return Result(view, lambda out: out.print(_told(view), markup=False), 1, error)


def _ended(view: dict[str, Any]) -> Result:
    def told(out: Any) -> None:
        out.print(_told(view), markup=False)
        for hole in view["holes"]:
            why = hole["reason"] or hole["state"]
            out.print(f"  {hole['from']} to {hole['to']}: {why}: {hole['message']} (run {hole['run']})", markup=False)
        if view["counts"]["failed"]:
            out.print("`runtime quarantine list` shows what was refused", markup=False)

    if view["state"] in ("succeeded", "partial"):
        return Result(view, told, PARTIAL if view["state"] == "partial" else 0)
    missing = view["slices"]["total"] - view["slices"]["done"]
    ended = "was cancelled" if view["state"] == "cancelled" else view["state"]
    message = f"the backfill {ended}: {number(missing, 'slice')} not read"
    hint = f"`runtime backfills resume {view['id']}` goes on with what is missing"
    error = {"code": f"backfill_{view['state']}", "message": f"{message}; {hint}", "details": {"holes": view["holes"]}}
    return Result(view, told, 1, error)


def _told(view: dict[str, Any]) -> str:
    return f"{view['state']}: {_slices(view)}, {summary(view)}"


def _slices(view: dict[str, Any]) -> str:
    return f"{view['slices']['done']}/{number(view['slices']['total'], 'slice')}"


def _left(view: dict[str, Any]) -> str | None:
    """Return how long it will take still, as roughly as it is known."""
    seconds = view["eta_s"]
    if seconds is None:
        return None
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"


class _Bar:
    """A progress bar on the terminal; nothing where nobody watches."""

    def __init__(self, session: Session, name: str) -> None:
        self._progress: Progress | None = None
        if session.out.is_terminal and not session.as_json:
            from rich import progress  # loaded only where somebody watches

            name_column = progress.TextColumn("{task.description}", markup=False)
            come_column = progress.TextColumn("{task.fields[come]}", markup=False)
            self._progress = progress.Progress(name_column, progress.BarColumn(), come_column, console=session.out)
            self._line = self._progress.add_task(name, total=None, come="")

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_ending: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, view: dict[str, Any]) -> None:
        """Show how far it has come, and how long it will take still."""
        if self._progress is not None:
            left = _left(view)
            come = f"{_slices(view)}, {summary(view)}" + (f", {left} left" if left else "")
            slices = view["slices"]
            self._progress.update(self._line, total=slices["total"], completed=slices["done"], come=come)
