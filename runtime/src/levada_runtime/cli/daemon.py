"""`serve`, `version`, and the hidden `worker` that a daemon starts."""

from typing import Annotated, Any

import typer

from levada_runtime import __version__
from levada_runtime.cli.frame import Result, Session, command
from levada_runtime.foundation.collector import look_seldom
from levada_runtime.foundation.logging import configure_logging


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    command(app, "serve")(serve)
    command(app, "version")(version)
    command(app, "worker", hidden=True)(worker)


def serve(
    session: Session,
    host: Annotated[str | None, typer.Option(help="Address the API listens on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port the API listens on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
    allow_weak_sandbox: Annotated[
        bool, typer.Option("--allow-weak-sandbox", help="Run even below the minimum sandbox level.")
    ] = False,
) -> Result:
    """The daemon: API, schedule and workers, until it is stopped."""
    from levada_runtime.daemon.server import Daemon  # the floors load only for commands that need them

    settings = session.settings(host=host, port=port, workers=workers)
    configure_logging("debug" if session.debug else settings.log_level)
    weak = settings.sandbox.model_copy(update={"allow_weak": True}) if allow_weak_sandbox else settings.sandbox
    with session.open(create=True, host=host, port=port, workers=workers, sandbox=weak) as installation:
        daemon = Daemon(installation)
        daemon.listen_to_signals()
        with daemon.running():
            session.say(f"sandbox    {daemon.report.line()}")
            session.say(f"store      {installation.store.place}")
            session.say(f"workers    {daemon.executor.line()}")
            session.say(f"API        {daemon.url}   (documentation at {daemon.url}/docs)")
            say_admin_key(session, daemon)
            look_seldom()
            code = daemon.serve()
            session.say("stopping: runs reach a page, then this ends")
    return Result({"stopped_by": code - 128}, exit_code=code)


def say_admin_key(session: Session, daemon: Any) -> None:
    """Tell where the first key lies; the key itself only to a terminal."""
    if daemon.admin_key_path is None:
        return
    session.say(f"admin key  {daemon.admin_key_path}")
    if session.out.is_terminal:
        session.say(f"           {daemon.new_admin_key}")


def worker(_session: Session) -> Result:
    """Serve a daemon's tokens."""
    from levada_runtime.daemon.worker import run_worker  # the floors load only for commands that need them

    run_worker()
    return Result(None)


def version(_session: Session) -> Result:
    """The version of the runtime."""
    return Result({"version": __version__}, lambda out: out.print(__version__))
