"""What `doctor` tells of the work: who carries it out, what waits, what is dead, and whether clock and disk are fit."""

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.errors import EnvironmentFailure

if TYPE_CHECKING:
    from levada_runtime.daemon.installation import Installation

_LEAST_FREE_BYTES: Final = 256 << 20
_PUT_BACK_S: Final = 1.0
_DEAD_ONES: Final = {
    "poll": "runtime runs list --state failed",
    "backfill": "runtime runs list --state failed",
    "webhook": "runtime receipts list --state dead",
    "deliver": "runtime deliveries list --state dead",
}


def standing(installation: "Installation", settings: Settings) -> dict[str, Any]:
    """Return executor, clock, disk and work, each with what is wrong with it."""
    return {
        "clock": _clock(installation, settings),
        "disk": _disk(installation, settings),
        "executor": _executor(installation, settings),
        "work": _work(installation, settings),
    }


def unfit(found: dict[str, Any]) -> EnvironmentFailure | None:
    """Return why nothing could be relied on here: a full disk, or a clock that is wrong."""
    if not found["disk"]["ok"]:
        return EnvironmentFailure("the disk is nearly full", code="disk_full", hint="free some space", details=found)
    if found["clock"]["wrong"]:
        return EnvironmentFailure(
            f"the clock is wrong: {found['clock']['wrong']}",
            code="clock_wrong",
            hint="set it, and keep it right with NTP: leases and schedules go by it",
            details=found,
        )
    return None


def lines(found: dict[str, Any]) -> dict[str, str]:
    """Return the same for people, a line each."""
    clock, disk, work = found["clock"], found["disk"], found["work"]
    ahead = "" if clock["ahead_of_server_s"] is None else f", {clock['ahead_of_server_s']:+.3f} s to the database's"
    wrong = f"; {clock['wrong']}" if clock["wrong"] else ""
    busy = ", ".join(f"{count} {kind}" for kind, count in work["in_flight"].items())
    return {
        "clock": f"{clock['now']}{ahead}{wrong}",
        "disk": f"{disk['free_bytes'] >> 20} MiB free" + ("" if disk["ok"] else ", which is too little"),
        "executor": f"{found['executor']['kind']}, workers: {found['executor']['line']}",
        "work in flight": busy or "none",
        **{f"due: {kind}": _due_line(one) for kind, one in work["due"].items()},
        **{f"dead: {kind}": _dead_line(kind, count) for kind, count in work["dead"].items()},
        **{f"of version {version}": f"{count} wait for a daemon of it" for version, count in work["foreign"].items()},
    }


def _clock(installation: "Installation", settings: Settings) -> dict[str, Any]:
    from levada_runtime.store.clocks import ahead_of_server, newest_work_at  # loaded only for commands that need it

    ahead, newest = ahead_of_server(installation.store.engine), newest_work_at(installation.store.engine)
    now = installation.clock.now()
    ahead_s = None if ahead is None else round(ahead.total_seconds(), 3)
    back_s = (newest - now).total_seconds() if newest else 0.0
    wrong = None
    if ahead_s is not None and abs(ahead_s) > settings.work.lease_s / 3:
        wrong = f"it is {ahead_s:+.1f} s to the database server's, and leases last {settings.work.lease_s:g} s"
    elif back_s > _PUT_BACK_S:
        wrong = f"it was put back: there is work that was entered {back_s:.0f} s from now"
    return {"now": now.isoformat(), "ahead_of_server_s": ahead_s, "wrong": wrong}


def _disk(installation: "Installation", settings: Settings) -> dict[str, Any]:
    """Return the least room there is for the database, if it is here, and for the data directory."""
    database = installation.store.engine.url
    file = database.database if database.get_backend_name() == "sqlite" else None
    places = [settings.data_dir, *([Path(file).parent] if file else [])]
    free = min(shutil.disk_usage(place if place.exists() else ".").free for place in places)
    return {"free_bytes": free, "ok": free >= _LEAST_FREE_BYTES}


def _executor(installation: "Installation", settings: Settings) -> dict[str, Any]:
    from levada_runtime.daemon.executors import make_executor  # loaded only for commands that need it

    executor = make_executor(installation)
    not_yet = {"workers", "idle"}
    told = {name: value for name, value in executor.state().items() if name not in not_yet}
    return {"kind": settings.work.executor, "line": executor.line(), **told}


def _work(installation: "Installation", settings: Settings) -> dict[str, Any]:
    from levada_runtime.work.versions import UNDERSTOOD  # loaded only for commands that need it

    now = installation.clock.now()
    with installation.store.read() as uow:
        waiting, flying, dead = uow.work.waiting(now, UNDERSTOOD), uow.work.in_flight(), uow.work.dead()
        foreign = uow.work.foreign(UNDERSTOOD)
    busy: Counter[str] = Counter()
    for one in flying:
        busy[one.kind] += one.count
    due = {}
    for waits in waiting:
        oldest_s = max(0.0, round((now - waits.oldest_at).total_seconds(), 1))
        late = waits.kind != "backfill" and oldest_s > settings.work.alert_s
        due[waits.kind] = {"lines": waits.lines, "oldest_s": oldest_s, "late": late}
    return {"due": due, "in_flight": dict(busy), "dead": dead, "foreign": foreign}


def _due_line(one: dict[str, Any]) -> str:
    told = f"{one['lines']} lines, the oldest for {one['oldest_s']:g} s"
    return f"{told}: nobody takes it; is a daemon running, and has it enough workers?" if one["late"] else told


def _dead_line(kind: str, count: int) -> str:
    return f"{count}: `{_DEAD_ONES[kind]}`" if kind in _DEAD_ONES else str(count)
