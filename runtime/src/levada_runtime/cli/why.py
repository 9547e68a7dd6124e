"""`why`: where a document or an entity came from."""

from typing import Annotated, Any

import typer
from rich.console import Console

from levada_runtime.cli.frame import Result, Session, command, fields, table

_LINKS = ("tick", "exchange", "receipt", "request", "plan", "run", "page", "version", "document")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Where something came from.", no_args_is_help=True)
    command(group, "document", group="why")(document)
    command(group, "entity", group="why")(entity)
    app.add_typer(group, name="why")


def document(
    session: Session,
    document: Annotated[str, typer.Argument(help="The document's id or idempotency key.")],
    version: Annotated[int | None, typer.Option(min=1, help="Another version than the current one.")] = None,
) -> Result:
    """The chain that a document's version came by: what was asked or received, the run, the page."""
    with session.open() as installation:
        found = installation.library.find(installation.org, document)
        chain = installation.why.document(installation.org, found, version)
    return Result(chain, lambda out: _show(out, chain))


def entity(
    session: Session,
    kind: str,
    key: str,
    trait: Annotated[str | None, typer.Option(help="Only this trait.")] = None,
) -> Result:
    """Who asserts what of an entity, since when and by which run, and where they differ."""
    with session.open() as installation:
        told = installation.why.entity(installation.org, kind, key, trait)
    documents = [one["document"] for one in told["claims"] if one["document"] is not None]

    def show(out: Console) -> None:
        rows = [{**one, "conflicts": _conflicts(one["conflicts"])} for one in told["parts"]]
        table(rows, ("part", "value", "source", "run", "asserted_at", "conflicts"), "")(out)
        if documents:
            out.print()
            table(documents, ("document_type", "idempotency_key", "id", "version"), "")(out)
        if told["priority"] is not None:
            out.print(f"\nfirst in this order: {', '.join(told['priority'])}", markup=False)

    return Result(told, show)


def _conflicts(others: list[dict[str, Any]]) -> str:
    return "; ".join(f"{one['source']} says {one['value']!r}" for one in others)


def _show(out: Console, chain: dict[str, Any]) -> None:
    """Print the chain from its beginning to its end, and what retired or revived the document since."""
    out.print(f"connector {chain['connector']['key']} {chain['connector']['version']}", markup=False)
    for link in _LINKS:
        if chain[link] is not None:
            out.print(f"↓ {link}", style="bold")
            fields(chain[link] if isinstance(chain[link], dict) else {"id": chain[link]})(out)
    turned = chain["turned"]
    if turned is not None:
        out.print(f"↓ {turned['to']}", style="bold")
        fields({name: value for name, value in turned.items() if value is not None and name != "to"})(out)
