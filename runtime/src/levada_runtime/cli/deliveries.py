"""`deliveries`: what pipelines sent, and what could not be."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table
from levada_runtime.foundation.errors import UsageFailure

_COLUMNS = ("id", "pipeline", "type", "target", "state", "attempts", "reason", "next_at")

State = Annotated[
    str | None, typer.Option(help="Only those: pending, delivering, delivered, retrying, dead or dropped.")
]
Pipeline = Annotated[str | None, typer.Option(help="Only this pipeline's.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="What pipelines sent, and what could not be.", no_args_is_help=True)
    command(group, "list", group="deliveries")(listed)
    command(group, "show", group="deliveries")(show)
    command(group, "replay", group="deliveries")(replay)
    app.add_typer(group, name="deliveries")


def listed(
    session: Session, state: State = None, pipeline: Pipeline = None, limit: Limit = None, cursor: Cursor = None
) -> Result:
    """Deliveries, newest first."""
    with session.open() as installation:
        found = installation.deliveries.page(
            installation.org, state=state, pipeline=pipeline, limit=session.page_size(limit), cursor=cursor
        )
    empty = "There is no such delivery."
    return Result({"items": found.items, "cursor": found.cursor}, table(found.items, _COLUMNS, empty))


def show(session: Session, delivery: Annotated[str, typer.Argument(help="The delivery's id.")]) -> Result:
    """A delivery with its body and every attempt."""
    with session.open() as installation:
        view = installation.deliveries.get(installation.org, delivery)
    return Result(view, fields(view))


def replay(
    session: Session,
    delivery: Annotated[str | None, typer.Argument(help="The delivery's id; without one, all that fit.")] = None,
    state: State = None,
    pipeline: Pipeline = None,
    since: Annotated[str | None, typer.Option(help="Only those made since: 30m, 12h, 7d, or a time.")] = None,
    until: Annotated[str | None, typer.Option(help="Only those made before: 30m, 12h, 7d, or a time.")] = None,
) -> Result:
    """Send stored bodies again, under their ids."""
    filters = {"state": state, "pipeline": pipeline, "since": since, "until": until}
    if (delivery is None) == all(one is None for one in filters.values()):
        raise UsageFailure(
            "say which deliveries to send again: one by its id, or many by what they have in common",
            hint="for instance --state dead --pipeline NAME --since 24h",
        )
    with session.open() as installation:
        if delivery is not None:
            view = installation.deliveries.replay(installation.org, delivery)
            return Result(view, lambda out: out.print(f"{view['id']} is sent again"))
        count = installation.deliveries.replay_many(installation.org, **_read(filters))
    return Result({"replayed": count}, lambda out: out.print(f"sent again: {count}"))


def _read(given: dict[str, str | None]) -> dict[str, Any]:
    from levada_runtime.pipeline.deliveries import read_moment  # the floors load only for commands that need them

    now = datetime.now(UTC)
    moments = {name: read_moment(text, now) for name in ("since", "until") if (text := given[name]) is not None}
    return {"states": [given["state"] or "dead"], "pipeline": given["pipeline"], **moments}
