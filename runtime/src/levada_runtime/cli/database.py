"""`db`: the store's schema, its size, what is old in it, and a copy of it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from levada_runtime.cli.frame import Result, Session, command, fields, number, table

if TYPE_CHECKING:
    from levada_runtime.daemon.installation import Installation
    from levada_runtime.store.unit_of_work import Store

_SHOWN = 12


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="The store.", no_args_is_help=True)
    command(group, "upgrade", group="db")(upgrade)
    command(group, "status", group="db")(status)
    command(group, "prune", group="db")(prune)
    command(group, "backup", group="db")(backup)
    app.add_typer(group, name="db")


def upgrade(session: Session) -> Result:
    """Bring the store to this version's schema, making it if need be."""
    with session.open(create=True) as installation:
        value = _schema(installation.store)
    return Result(value, fields(value))


def status(session: Session) -> Result:
    """The store's schema, what lies in it, how large it is, and how long what is kept."""
    with session.open() as installation:
        with installation.store.read() as uow:
            inside = {"documents": uow.documents.totals(), "runs": uow.runs.by_state()}
        plain = {**_schema(installation.store), "free_bytes": installation.store.free_bytes(), **inside}
        sizes = installation.store.sizes()
        kept = _kept(installation)
    tables = [{"table": one.name, "bytes": one.bytes, "rows": one.rows} for one in sizes]
    filled = [one for one in tables if one["rows"] != 0][:_SHOWN]

    def show(out: Console) -> None:
        fields({**plain, "kept": "; ".join(f"{name} {days:g} days" for name, days in kept.items() if days)})(out)
        table(filled, ("table", "bytes", "rows"), "")(out)

    return Result({**plain, "tables": tables, "retention": kept}, show)


def prune(session: Session) -> Result:
    """Forget what is older than the configuration says, as the daemon does every hour."""
    from levada_runtime.access.audit import note
    from levada_runtime.work.retention import Pruner  # the floors load only for commands that need them

    with session.open() as installation:
        pruner = Pruner(installation.store, installation.clock, installation.settings.retention)
        gone = pruner.prune(_rest)
        with installation.store.write() as uow:
            note(uow, installation.org.id, installation.clock.now(), "database.prune", "store", **gone)
    told = ", ".join(f"{number(count, 'row')} of {kind}" for kind, count in gone.items() if count)
    return Result({"pruned": gone}, lambda out: out.print(f"pruned {told}" if told else "nothing is old enough"))


def backup(
    session: Session, file: Annotated[Path, typer.Argument(help="Where the copy goes; nothing is overwritten.")]
) -> Result:
    """Copy an SQLite store as it is now, while a daemon goes on writing; the keys lie elsewhere."""
    from levada_runtime.access.audit import note
    from levada_runtime.foundation.crypto import KEY_FILE
    from levada_runtime.store.backup import back_up  # the floors load only for commands that need them

    with session.open() as installation:
        size = back_up(installation.store.engine, file)
        settings = installation.settings
        key = None if settings.secret_key else settings.data_dir / KEY_FILE
        with installation.store.write() as uow:
            note(uow, installation.org.id, installation.clock.now(), "database.backup", str(file), bytes=size)
    value = {"file": str(file), "bytes": size, "secret_key_file": str(key) if key else None}
    keep = f"keep {key} too" if key else "keep LEVADA_SECRET_KEY too"
    return Result(value, lambda out: out.print(f"wrote {file}, {size} bytes; {keep}: without it no secret opens"))


def _rest(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _schema(store: "Store") -> dict[str, Any]:
    from levada_runtime.store.schema import newest_revision, revision_of  # the floors load only for commands in need

    at = revision_of(store.engine)
    return {
        "store": store.place,
        "revision": at,
        "newest": newest_revision(),
        "current": at == newest_revision(),
        "bytes": store.bytes(),
    }


def _kept(installation: "Installation") -> dict[str, float]:
    """Return for how many days what is kept; nought is for ever."""
    settings = installation.settings.retention.model_dump()
    return {name.removesuffix("_days"): days for name, days in settings.items() if name.endswith("_days")}
