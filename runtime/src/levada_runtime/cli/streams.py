"""`streams`: what concerns one stream of a connection."""

from typing import TYPE_CHECKING, Annotated

import typer

from levada_runtime.cli.frame import Result, Session, command

if TYPE_CHECKING:
    from rich.console import Console


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="The streams of connections.", no_args_is_help=True)
    command(group, "accept-scheme", group="streams")(accept_scheme)
    app.add_typer(group, name="streams")


def accept_scheme(
    session: Session,
    connection: Annotated[str, typer.Argument(help="The connection's name or id.")],
    stream: Annotated[str, typer.Argument(help="The stream.")],
    kind: Annotated[
        str | None, typer.Option("--type", help="Only this document type; all that the stream has, without it.")
    ] = None,
) -> Result:
    """Let the documents of a stream take the idempotency keys that their records come under now."""
    with session.open() as installation:
        view = installation.acceptances.accept(installation.org, connection, stream, kind)

    def told(out: "Console") -> None:
        out.print(f"accepted for {', '.join(view['document_types'])}: documents take their new keys as records come")
        if view["refused"]:
            again = f"runtime quarantine replay --connection {view['connection']} --stream {stream}"
            out.print(f"refused so far: {view['refused']}; `{again} --reason idempotency_scheme_changed` takes them")

    return Result(view, told)
