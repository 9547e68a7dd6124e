"""`documents`: what was ingested."""

from typing import TYPE_CHECKING, Annotated

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table

if TYPE_CHECKING:
    from datetime import datetime

    from levada_runtime.daemon.installation import Installation

_DOCUMENT_COLUMNS = ("id", "document_type", "idempotency_key", "version", "connection", "retired_at", "updated_at")
_VERSION_COLUMNS = ("version", "superseded", "payload_hash", "payload")

Document = Annotated[str, typer.Argument(help="The document's id or idempotency key.")]
AsOf = Annotated[str | None, typer.Option(help="As it was then: 2026-03-01T12:00:00Z, or 30m, 12h, 7d ago.")]
Connection = Annotated[str | None, typer.Option(help="Only this connection's.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    documents = typer.Typer(help="What was ingested.", no_args_is_help=True)
    command(documents, "list", group="documents")(listed)
    command(documents, "show", group="documents")(show)
    command(documents, "versions", group="documents")(versions)
    command(documents, "diff", group="documents")(diff)
    app.add_typer(documents, name="documents")


def listed(
    session: Session,
    document_type: Annotated[str | None, typer.Option("--type", help="Only this document type.")] = None,
    connection: Connection = None,
    key: Annotated[str | None, typer.Option(help="Only the document of this idempotency key.")] = None,
    source_id: Annotated[str | None, typer.Option(help="Only those with this id at the source.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Those that are gone at the source, too.")] = False,
    updated_since: Annotated[str | None, typer.Option(help="Only what changed since then: a time, or 2h, 7d.")] = None,
    as_of: AsOf = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Documents as they are at the source, or were at a time, newest first."""
    with session.open() as installation:
        found = installation.library.documents(
            installation.org,
            document_type=document_type,
            connection=connection,
            idempotency_key=key,
            source_id=source_id,
            retired=retired,
            updated_since=_moment(installation, updated_since),
            as_of=_moment(installation, as_of),
            limit=session.page_size(limit),
            cursor=cursor,
        )
    empty = "There is no such document."
    return Result({"items": found.items, "cursor": found.cursor}, table(found.items, _DOCUMENT_COLUMNS, empty))


def show(session: Session, document: Document, as_of: AsOf = None) -> Result:
    """A document with its payload and where it came from, as it is or was at a time."""
    with session.open() as installation:
        found = installation.library.find(installation.org, document)
        view = installation.library.document(installation.org, found, as_of=_moment(installation, as_of))
    return Result(view, fields(view))


def versions(session: Session, document: Document) -> Result:
    """A document's versions, newest first."""
    with session.open() as installation:
        found = installation.library.find(installation.org, document)
        items = installation.library.versions(installation.org, found)
    return Result({"items": items, "cursor": None}, table(items, _VERSION_COLUMNS, ""))


def diff(
    session: Session,
    document: Document,
    before: Annotated[
        int | None, typer.Option(min=0, help="The version before, 0 for nothing; the one before --after.")
    ] = None,
    after: Annotated[int | None, typer.Option(min=0, help="The version after; the newest.")] = None,
) -> Result:
    """What differs between two versions of a document."""
    from levada_runtime.plans.model import difference  # the floors load only for commands that need them

    with session.open() as installation:
        found = installation.library.find(installation.org, document)
        value = difference(installation.library.versions(installation.org, found), before, after)
    return Result(value, table(value["changes"], ("path", "before", "after"), "The two versions are equal."))


def _moment(installation: "Installation", text: str | None) -> "datetime | None":
    from levada_runtime.pipeline.deliveries import read_moment  # the floors load only for commands that need them

    return None if text is None else read_moment(text, installation.clock.now())
