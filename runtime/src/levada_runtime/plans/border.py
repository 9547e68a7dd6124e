"""A plan read strictly, as it was stored or as a file gives it: what is not in order is refused by its place."""

from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.model import EntityDraft, Key, RelationshipDraft
from levada_runtime.plans.graph import Change, Place

_TOLD = 10
_SAID = {
    "missing": "is missing",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
}
Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    """A part of a plan; what is only there to be read is not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class PlannedDocument(_Part):
    """What one record would do, and the record."""

    document_type: Text
    idempotency_key: Text
    stream: Text
    outcome: Literal["created", "updated", "unchanged", "retired"]
    superseded: bool
    base_version: int | None
    base_retired: bool
    source_id: str | None
    source_time: AwareDatetime | None
    payload: dict[str, Any] | None
    rekeyed_from: str | None = None
    confirms: bool = False
    masked: bool = False

    @model_validator(mode="after")
    def _carries_what_it_does(self) -> Self:
        if (self.payload is None) != (self.outcome == "retired") and self.outcome != "unchanged":
            raise ValueError("is created or updated with a payload, and retired without")
        return self

    @property
    def does_anything(self) -> bool:
        """Whether carrying it out would write anything."""
        return self.payload is not None or self.outcome == "retired" or self.confirms


class PlannedEntity(_Part):
    """What the run would say of an entity."""

    entity_type: Text
    entity_key: Text
    entity_class: str | None
    display_name: str | None
    properties: dict[str, Any]
    masked: bool = False

    @property
    def place(self) -> Key:
        return self.entity_type, self.entity_key

    def draft(self) -> EntityDraft:
        return EntityDraft(*self.place, self.entity_class, self.display_name, self.properties)


class PlannedRelationship(_Part):
    """What the run would say of a relationship."""

    from_type: Text
    from_key: Text
    verb: Text
    to_type: Text
    to_key: Text
    properties: dict[str, Any]
    masked: bool = False

    @property
    def place(self) -> Place:
        return (self.from_type, self.from_key), self.verb, (self.to_type, self.to_key)

    def draft(self) -> RelationshipDraft:
        return RelationshipDraft(self.from_type, self.from_key, self.verb, self.to_type, self.to_key, self.properties)


class EntityPlace(_Part):
    """An entity by its name."""

    kind: Text
    key: Text

    @property
    def place(self) -> Place:
        return self.kind, self.key


class RelationshipPlace(_Part):
    """A relationship by its ends and verb."""

    start: Annotated[list[Text], Field(alias="from", min_length=2, max_length=2)]
    verb: Text
    stop: Annotated[list[Text], Field(alias="to", min_length=2, max_length=2)]

    @property
    def place(self) -> Place:
        return (self.start[0], self.start[1]), self.verb, (self.stop[0], self.stop[1])


class PlannedOperation(_Part):
    """A call of the graph: all that a write says, or what differs by a sync."""

    op: Literal["sync", "write"]
    source: Text
    entities: list[PlannedEntity]
    relationships: list[PlannedRelationship]
    gone: list[EntityPlace] = []
    parted: list[RelationshipPlace] = []


class _Base(_Part):
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class EntityBase(EntityPlace, _Base):
    """An entity as it was and as it would be."""


class RelationshipBase(RelationshipPlace, _Base):
    """A relationship as it was and as it would be."""


class PlannedAssertions(_Part):
    """What the run itself asserts in the graph."""

    operations: list[PlannedOperation]
    bases: list[EntityBase | RelationshipBase]

    def changes(self) -> dict[Place, Change]:
        """Return what each part of the graph was and would be."""
        return {one.place: (one.before, one.after) for one in self.bases}


class Plan(_Part):
    """What a plan is applied by."""

    id: Text
    connection: Text
    stream: Text
    observed_at: AwareDatetime
    documents: list[PlannedDocument]
    assertions: PlannedAssertions
    deliveries: list[dict[str, Any]]


def plan_id_of(raw: bytes) -> tuple[str, dict[str, Any]]:
    """Return the id in a plan's file, and all of the plan.

    Raises UsageFailure when the file holds none.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UsageFailure(f"the plan is not JSON: {error}", code="invalid_plan") from None
    found = body.get("id") if isinstance(body, dict) else None
    if not isinstance(found, str):
        raise UsageFailure("there is no plan in the file: a plan is a JSON object with its id", code="invalid_plan")
    return found, body


def read_plan(body: dict[str, Any]) -> Plan:
    """Read a plan.

    Raises UsageFailure with the place of everything that is not as it must be.
    """
    try:
        return Plan.model_validate_json(orjson.dumps(body))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:_TOLD]
        said = "; ".join(f"{_path(one['loc'])} {_SAID.get(one['type'], one['msg'])}" for one in found)
    raise UsageFailure(
        f"the plan is not in order: {said}", code="invalid_plan", hint="observe the stream again for a new one"
    )


def _path(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
