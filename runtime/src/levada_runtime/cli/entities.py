"""`entities`: the state of what the organisation cares about, whoever asserts it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table

if TYPE_CHECKING:
    from levada_runtime.daemon.installation import Installation
    from levada_runtime.graph.model import Entity

_COLUMNS = ("id", "kind", "external_id", "class", "display_name", "traits", "last_seen")

Named = Annotated[str, typer.Argument(metavar="KIND|ID", help="The entity's kind, or its id alone.")]
Key = Annotated[str | None, typer.Argument(help="Its external id, after a kind.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    entities = typer.Typer(help="What is known of users, accounts, hosts: by key.", no_args_is_help=True)
    command(entities, "list", group="entities")(listed)
    command(entities, "get", group="entities")(get)
    command(entities, "set", group="entities")(assert_traits)
    command(entities, "delete", group="entities")(delete)
    app.add_typer(entities, name="entities")


def listed(
    session: Session,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    external_id: Annotated[str | None, typer.Option(help="Only those of this external id.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Entities, newest first."""
    from levada_runtime.graph.views import entity_view  # the floors load only for commands that need them

    with session.open() as installation:
        found, following = installation.graph.list(
            installation.org.id,
            kind=kind,
            external_id=external_id,
            limit=session.page_size(limit),
            cursor=cursor,
        )
    items = [entity_view(one) for one in found]
    return Result({"items": items, "cursor": following}, table(items, _COLUMNS, "There is no such entity."))


def get(session: Session, kind: Named, key: Key = None) -> Result:
    """An entity with its traits, as all sources that assert it add up, and its relationships."""
    from levada_runtime.graph.views import (  # the floors load only for commands that need them
        entity_view,
        relationship_view,
    )

    with session.open() as installation:
        entity = _found(installation, kind, key)
        related = installation.graph.relationships(installation.org.id, entity.kind, entity.external_id)
    view = {**entity_view(entity), "relationships": [relationship_view(one) for one in related]}
    return Result(view, fields(view))


def assert_traits(
    session: Session,
    kind: str,
    key: str,
    traits: Annotated[
        list[str] | None, typer.Argument(metavar="TRAIT=VALUE", help="A value that is JSON is read as JSON.")
    ] = None,
    entity_class: Annotated[str | None, typer.Option("--class", help="Its class; the kind's own by default.")] = None,
    display_name: Annotated[str | None, typer.Option(help="What it is shown as; its key by default.")] = None,
) -> Result:
    """Assert traits of an entity, making it if it is not there; those not named stay."""
    from levada_runtime.foundation.errors import UsageFailure  # the floors load only for commands that need them
    from levada_runtime.graph.model import REST, GraphRefusal
    from levada_runtime.graph.views import entity_view

    given = dict(_trait(one) for one in traits or [])
    with session.open(create=True) as installation:
        try:
            entity, new = installation.graph.upsert(
                installation.org.id, REST, kind, key, given, class_=entity_class, display_name=display_name
            )
        except GraphRefusal as refusal:
            raise UsageFailure(refusal.message, code="invalid_entity", details={"errors": refusal.details}) from None
    view = entity_view(entity)
    done = "created" if new else "updated"
    return Result({**view, "new": new}, lambda out: out.print(f"{done} {kind} {key}", markup=False))


def delete(session: Session, kind: Named, key: Key = None) -> Result:
    """End an entity, whoever asserts it; it comes back when any source asserts it again."""
    with session.open() as installation:
        entity = _found(installation, kind, key)
        installation.graph.delete(installation.org.id, entity.id)
    said = f"deleted {entity.kind} {entity.external_id}"
    return Result({"id": entity.id, "deleted": True}, lambda out: out.print(said, markup=False))


def _found(installation: "Installation", kind: str, key: str | None) -> "Entity":
    from levada_runtime.foundation.errors import NotFoundFailure  # the floors load only for commands that need them
    from levada_runtime.graph.absent import no_entity

    graph, org_id = installation.graph, installation.org.id
    found = graph.get(org_id, kind) if key is None else graph.find(org_id, kind, key)
    if found is None and key is not None:
        with installation.store.read() as uow:
            raise no_entity(uow, org_id, (kind, key))
    if found is None:
        raise NotFoundFailure(
            f"there is no entity {kind!r}",
            code="unknown_entity",
            hint="name it by its kind and external id, or by its id; `runtime entities list` shows them",
        )
    return found


def _trait(text: str) -> tuple[str, Any]:
    from levada_runtime.foundation.errors import UsageFailure  # the floors load only for commands that need them

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageFailure(f"{text!r} is not TRAIT=VALUE", hint="as in `runtime entities set user a@b.co plan=growth`")
    return name, _value(value)


def _value(text: str) -> Any:
    import json  # so that a large whole number is refused rather than rounded

    try:
        return json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return text


def _not_json(word: str) -> Any:
    """Refuse NaN and its like, which are words and no JSON."""
    raise ValueError(word)
