"""`run` and `observe`, and the `runs` that were."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import orjson
import typer

from levada_runtime.cli.captures import capture
from levada_runtime.cli.frame import CHANGES, PARTIAL, Cursor, Limit, Result, Session, command, fields, number, table
from levada_runtime.cli.plans import revert, show_plan
from levada_runtime.cli.summaries import summary
from levada_runtime.foundation.collector import look_seldom
from levada_runtime.foundation.errors import EnvironmentFailure, UsageFailure

if TYPE_CHECKING:
    from levada import Window
    from levada._cassette import Cassette
    from levada_runtime.daemon.installation import Installation
    from levada_runtime.store.model import ConnectionRow, RunRow

Connection = Annotated[str, typer.Argument(help="The connection's name or id.")]
Stream = Annotated[str, typer.Argument(help="The stream.")]
Record = Annotated[
    bool, typer.Option("--record", help="Keep its HTTP, without credentials, for `runtime runs capture`.")
]
Replay = Annotated[
    Path | None,
    typer.Option(help="Answer from this cassette, and ask nobody; only with --observe.", exists=True, dir_okay=False),
]
_COLUMNS = ("id", "connection", "stream", "mode", "state", "reason", "attempt", "result", "started_at")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    command(app, "run")(run)
    command(app, "observe")(observe)
    for alias in ("dry-run", "dryrun", "debug"):
        command(app, alias, hidden=True)(observe)
    group = typer.Typer(help="What ran, and what came of it.", no_args_is_help=True)
    command(group, "list", group="runs")(listed)
    command(group, "show", group="runs")(show)
    command(group, "logs", group="runs")(logs)
    command(group, "exchanges", group="runs")(exchanges)
    command(group, "cancel", group="runs")(cancel)
    command(group, "retry", group="runs")(retry)
    command(group, "capture", group="runs")(capture)
    command(group, "revert", group="runs")(revert)
    app.add_typer(group, name="runs")


def run(
    session: Session,
    connection: Connection,
    stream: Stream,
    observe_only: Annotated[
        bool, typer.Option("--observe", help="Commit nothing, and print what would change.")
    ] = False,
    record: Record = False,
    replay: Replay = None,
) -> Result:
    """Run a stream now, in the foreground."""
    if observe_only:
        return observe(session, connection, stream, record=record, replay=replay)
    if replay is not None:
        raise UsageFailure(
            "a cassette is only played in observation: what it holds would be committed as if it were new",
            code="replay_observes",
            hint="add --observe",
        )
    with session.open_to_run() as installation:
        row = installation.connections.get(installation.org, connection)
        installation.catalog.ready(row.connector)  # looked at before the sandbox is waited for, which still wakes
        installation.runs.poll_stream(row, stream)
        look_seldom()
        with _Progress(session, row, stream) as progress:
            ended = installation.foreground.run(row, stream, progress.show, progress.wait, record=record)
        installation.carrying.carry(row.org_id, row.id)
        view = installation.run_library.run(installation.org, ended.id)
    return _ended(view)


def observe(
    session: Session,
    connection: Connection,
    stream: Stream,
    out: Annotated[Path | None, typer.Option(help="Write the plan to this file, too.", readable=False)] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when it holds changes.")
    ] = False,
    record: Record = False,
    replay: Replay = None,
    begins: Annotated[str | None, typer.Option("--from", help="Observe its past from here on, as a backfill.")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="Where that past ends; today by default.")] = None,
) -> Result:
    """Run a stream to its end, commit nothing, and print what would change."""
    from levada_runtime.plans.model import has_changes  # the floors load only for commands that need them

    cassette = _cassette(replay)
    with session.open_to_run() as installation:
        row = installation.connections.get(installation.org, connection)
        window = _window(installation, row, stream, begins, ends)
        if window is None and (cassette is None or cassette.window is None):
            installation.runs.poll_stream(row, stream)
        look_seldom()
        with _Progress(session, row, stream) as progress:
            ended = installation.runs.observe(
                installation.org, row, stream, progress.show, window=window, recording=record, replay=cassette
            )
        plan = installation.run_library.plan(installation.org, str(ended.plan_id))
        view = installation.run_library.run(installation.org, ended.id)
    if out is not None:
        _write_plan(out, plan)
    if view["state"] == "failed":
        return Result(view, _run_summary(view), 1, view["error"])
    code = PARTIAL if plan["rejected"] else CHANGES if detailed_exitcode and has_changes(plan) else 0
    return Result(plan, lambda console: show_plan(console, plan), code)


def listed(
    session: Session,
    connection: Annotated[str | None, typer.Option(help="Only this connection's.")] = None,
    backfill: Annotated[str | None, typer.Option(help="Only the slices of this backfill.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Runs, newest first."""
    with session.open() as installation:
        found = installation.run_library.runs(
            installation.org,
            connection=connection,
            state=state,
            backfill=backfill,
            limit=session.page_size(limit),
            cursor=cursor,
        )
    rows = [{**item, "mode": _mode(item), "result": summary(item)} for item in found.items]
    return Result({"items": found.items, "cursor": found.cursor}, table(rows, _COLUMNS, "Nothing has run yet."))


def show(session: Session, run_id: str) -> Result:
    """A run with its counts."""
    with session.open() as installation:
        view = installation.run_library.run(installation.org, run_id)
    return Result(view, fields(view))


def logs(session: Session, run_id: str) -> Result:
    """What a run said, in order."""
    with session.open() as installation:
        items = installation.run_library.logs(installation.org, run_id)
    columns = ("at", "level", "message", "fields")
    return Result({"items": items, "cursor": None}, table(items, columns, "The run said nothing."))


def cancel(session: Session, run_id: str) -> Result:
    """End a run: one that waits at once, one that is under way at the next question of its connector."""
    with session.open() as installation:
        cancelled = installation.cancellations.cancel(installation.org, run_id)
        view = installation.run_library.run(installation.org, run_id)
    asked = f"{run_id} ends at the next question of its connector; its pages so far stay"
    text = f"{run_id} is cancelled" if cancelled.state == "cancelled" else asked
    return Result(view, lambda out: out.print(text, markup=False))


def retry(session: Session, run_id: str) -> Result:
    """Try once more what a run was for that failed, was cancelled or took only a part; a daemon does it."""
    with session.open() as installation:
        entered = installation.retries.retry(installation.org, run_id)
        view = installation.run_library.run(installation.org, entered)
    return Result(view, lambda out: out.print(f"{run_id} is tried once more by the run {entered}", markup=False))


def exchanges(session: Session, run_id: str) -> Result:
    """Whom a run asked, every try of it, and what was refused and why."""
    with session.open() as installation:
        items = installation.run_library.exchanges(installation.org, run_id)
    columns = ("at", "method", "url", "status", "bytes", "duration_ms", "refused")
    return Result({"items": items, "cursor": None}, table(items, columns, "The run asked nobody."))


def _window(
    installation: "Installation", row: "ConnectionRow", stream: str, begins: str | None, ends: str | None
) -> "Window | None":
    """Return the past that is to be observed; None when what is new is."""
    if begins is None:
        if ends is not None:
            raise UsageFailure("--to says where a past ends", code="invalid_range", hint="add --from")
        return None
    from levada_runtime.runs.backfills import Wanted, today  # the floors load only for commands that need them

    _, manifest = installation.catalog.ready(row.connector)
    return installation.backfills.window(row, manifest, Wanted(stream, begins, ends or today(installation.clock)))


def _cassette(path: Path | None) -> "Cassette | None":
    if path is None:
        return None
    from levada._cassette import Cassette, InvalidCassette  # loaded only where it is used

    try:
        return Cassette.load(path)
    except InvalidCassette as error:
        raise UsageFailure(str(error), code="invalid_cassette") from None


def _write_plan(out: Path, plan: dict[str, Any]) -> None:
    try:
        out.write_bytes(orjson.dumps(plan, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise EnvironmentFailure(
            f"the plan cannot be written to {out}: {error.strerror}",
            code="out_unwritable",
            hint=f"it is kept as {plan['id']}; give --out a file that this user may write",
        ) from None


def _mode(view: dict[str, Any]) -> str:
    return f"{view['mode']}, observed" if view["observing"] else str(view["mode"])


def _ended(view: dict[str, Any]) -> Result:
    shown = _run_summary(view)
    if view["state"] == "partial":
        return Result(view, shown, PARTIAL)
    if view["state"] == "succeeded":
        return Result(view, shown)
    error = view["error"] or {"code": view["state"], "message": f"the run was {view['state']}", "details": {}}
    return Result(view, shown, 1, error)


def _run_summary(view: dict[str, Any]) -> Any:
    reason = f" ({view['reason']})" if view["reason"] else ""
    quarantined = "\n`runtime quarantine list` shows what was refused" if view["counts"]["failed"] else ""
    text = (
        f"{view['state']}{reason}: {summary(view)}\n"
        f"run {view['id']}, {number(view['pages'], 'page')}, {number(view['http']['requests'], 'request')}, "
        f"sandbox {view['sandbox_level']}"
        f"{quarantined}"
    )
    return lambda out: out.print(text, markup=False)


class _Progress:
    """A line on the terminal that follows a run; nothing where nobody watches."""

    def __init__(self, session: Session, connection: "ConnectionRow", stream: str) -> None:
        watched = not session.as_json and session.out.is_terminal
        self._name = f"{connection.name} {stream}"
        self._status = session.out.status(f"{self._name}: starting") if watched else None
        self._session = session

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_ending: object) -> None:
        if self._status:
            self._status.stop()

    def show(self, run: "RunRow") -> None:
        """Show how far the run has come."""
        if self._status:
            counts = {
                name: run.counts.get(name, 0) for name in ("created", "updated", "unchanged", "retired", "failed")
            }
            self._status.update(f"{self._name}: page {run.pages}, {summary({'counts': counts})}")

    def wait(self) -> None:
        """Say that another process is at the stream."""
        self._session.say(f"{self._name} is being run by another process; waiting for it to end")
