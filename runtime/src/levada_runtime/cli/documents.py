"""`documents`: what was ingested."""

from typing import Annotated

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table

_DOCUMENT_COLUMNS = ("id", "document_type", "idempotency_key", "version", "connection", "retired_at", "updated_at")
_VERSION_COLUMNS = ("version", "superseded", "payload_hash", "payload")

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
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Documents as they are at the source, newest first."""
    with session.open() as installation:
        found = installation.library.documents(
            installation.org,
            document_type=document_type,
            connection=connection,
            idempotency_key=key,
            source_id=source_id,
            retired=retired,
            limit=session.page_size(limit),
            cursor=cursor,
        )
    empty = "There is no such document."
    return Result({"items": found.items, "cursor": found.cursor}, table(found.items, _DOCUMENT_COLUMNS, empty))


def show(session: Session, document: str) -> Result:
    """A document with its payload and where it came from."""
    with session.open() as installation:
        view = installation.library.document(installation.org, document)
    return Result(view, fields(view))


def versions(session: Session, document: str) -> Result:
    """A document's versions, newest first."""
    with session.open() as installation:
        items = installation.library.versions(installation.org, document)
    return Result({"items": items, "cursor": None}, table(items, _VERSION_COLUMNS, ""))


def diff(
    session: Session,
    document: str,
    before: Annotated[int | None, typer.Option(help="The version before; the one before the newest.")] = None,
    after: Annotated[int | None, typer.Option(help="The version after; the newest.")] = None,
) -> Result:
    """What differs between two versions of a document."""
    from levada_runtime.foundation.errors import NotFoundFailure  # the floors load only for commands that need them
    from levada_runtime.plans.model import changes

    with session.open() as installation:
        found = {one["version"]: one["payload"] for one in installation.library.versions(installation.org, document)}
    later = after or max(found)
    earlier = before or later - 1
    for version in (earlier, later):
        if version not in found:
            raise NotFoundFailure(f"the document has no version {version}", hint=f"it has {len(found)}")
    items = changes(found[earlier], found[later])
    value = {"before": earlier, "after": later, "changes": items}
    return Result(value, table(items, ("path", "before", "after"), "The two versions are equal."))
