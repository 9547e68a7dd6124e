"""`contracts`: which types of documents there are, and what each has to look like."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from levada_runtime.cli.frame import Result, Session, command, fields, print_json, table
from levada_runtime.foundation.errors import NotFoundFailure

if TYPE_CHECKING:
    from levada_runtime.contracts.registry import Registry

_COLUMNS = ("type", "plural", "version", "identity_field", "source_time_field", "fields", "owner", "widened_by")
_FIELD_COLUMNS = ("field", "type", "required")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Contracts of document types.", no_args_is_help=True)
    command(group, "list", group="contracts")(listed)
    command(group, "show", group="contracts")(show)
    app.add_typer(group, name="contracts")


def listed(session: Session) -> Result:  # noqa: ARG001 - every command takes one; contracts need no store
    """Document types with their contracts, those of extensions among them."""
    from levada_runtime.contracts.views import contract_view  # the floors load only for commands that need them

    registry = _registry()
    rows = (registry.owned(contract.document_type) for contract in registry)
    items = sorted((contract_view(owned) for owned in rows if owned is not None), key=lambda row: str(row["type"]))
    return Result({"items": items, "cursor": None}, table(items, _COLUMNS, "There is no contract."))


def show(
    session: Session,  # noqa: ARG001 - every command takes one; contracts need no store
    document_type: Annotated[str, typer.Argument(metavar="TYPE", help="The document type, such as vendor_bill.")],
    json_schema: Annotated[
        bool, typer.Option("--json-schema", help="Print the JSON Schema (draft 2020-12) and nothing else.")
    ] = False,
) -> Result:
    """A contract's fields, which of them are required, and how each is written."""
    from levada_runtime.contracts import views  # the floors load only for commands that need them

    registry = _registry()
    owned = registry.owned(document_type)
    if owned is None:
        raise _unknown(registry, document_type)
    schema = views.json_schema(owned.contract)
    if json_schema:
        return Result(schema, lambda _out: print_json(schema))
    facts, projection = views.contract_view(owned), views.projection_view(owned.contract)
    rows = list(views.field_views(owned.contract))
    told = ({**row, "required": "yes" if row["required"] else ""} for row in rows)
    head, body = fields(facts), table(told, _FIELD_COLUMNS, "It has no fields.")

    def shown(out: Console) -> None:
        head(out)
        out.print()
        body(out)
        for link in projection["links"] if projection else ():
            out.print(f"in the graph: {link}", markup=False)

    return Result({**facts, "fields": rows, "projection": projection, "json_schema": schema}, shown)


def _registry() -> "Registry":
    """Return the contracts of this installation; no store has to be there for it."""
    from levada_runtime.catalog.plugins import load_extensions
    from levada_runtime.contracts.registry import Registry  # the floors load only for commands that need them

    registry = Registry()
    load_extensions(registry)
    return registry


def _unknown(registry: "Registry", document_type: str) -> NotFoundFailure:
    nearest = registry.nearest(document_type.replace("-", "_"))
    guess = f"did you mean {nearest!r}? " if nearest else ""
    return NotFoundFailure(
        f"there is no document type {document_type!r}",
        code="unknown_document_type",
        hint=f"{guess}`runtime contracts list` shows them all",
        details={"nearest": nearest} if nearest else {},
    )
