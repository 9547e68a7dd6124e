"""The bodies of `POST /v1/ingest/sync` and `POST /v1/ingest/write`, read strictly into drafts.

Their field names are the contract; what is not in it is refused by its path, never dropped. Whether classes, verbs and
properties are ones the graph takes is checked where every other caller's are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.graph.checks import Wrongs, storable
from levada_runtime.graph.glance import KIND_BYTES
from levada_runtime.graph.model import EntityDraft, GraphRefusal, RelationshipDraft
from levada_runtime.graph.vocabulary import meant

_STRICT = ConfigDict(strict=True, extra="forbid")
_SAID = {
    "missing": "is missing",
    "string_type": "must be a string",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "bool_type": "must be true or false",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
_TOLD = 100


class EntityBody(BaseModel):
    """An entity as a connector or a script sends it."""

    model_config = _STRICT

    entity_type: str = Field(description="Type identifier, in snake_case.", examples=["host"])
    entity_key: str = Field(description="The source system's unique key.", examples=["web-01"])
    entity_class: str = Field(description="A class from the list of known classes.", examples=["Host"])
    display_name: str | None = Field(None, description="Human-readable name; the key without one.")
    properties: dict[str, Any] | None = Field(
        None, description="Flat: null, booleans, numbers, strings, lists of strings."
    )


class RelationshipBody(BaseModel):
    """A relationship as a connector or a script sends it."""

    model_config = _STRICT

    from_type: str = Field(description="The type of the entity it starts from.", examples=["host"])
    from_key: str = Field(description="Its key.", examples=["web-01"])
    verb: str = Field(description="A verb from the list of known verbs.", examples=["RUNS"])
    to_type: str = Field(description="The type of the entity it leads to.", examples=["service"])
    to_key: str = Field(description="Its key.", examples=["nginx-web-01"])
    properties: dict[str, Any] | None = Field(
        None, description="Flat: null, booleans, numbers, strings, lists of strings."
    )


class SyncBody(BaseModel):
    """The whole truth of a connector."""

    model_config = _STRICT

    connector_id: str = Field(description="Identifies the connector, whose earlier claims the batch is compared with.")
    sync_id: str = Field(description="Identifies this sync; recorded, and may repeat.")
    guard: bool = Field(default=False, description="Hold it, and change nothing, when it would delete too much.")
    entities: list[EntityBody] = Field(description="May be empty.")
    relationships: list[RelationshipBody] = Field(description="May be empty.")


class WriteBody(BaseModel):
    """Entities and relationships to upsert, without comparing or deleting anything."""

    model_config = _STRICT

    write_id: str = Field(description="Identifies this write.")
    entities: list[EntityBody] = Field(description="May be empty.")
    relationships: list[RelationshipBody] = Field(description="May be empty.")


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A sync as it was asked for."""

    connector_id: str
    sync_id: str
    entities: list[EntityDraft]
    relationships: list[RelationshipDraft]
    guard: bool = False

    @property
    def source(self) -> str:
        """The source whose claims it is compared with."""
        return f"sync:{self.connector_id}"


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A write as it was asked for."""

    write_id: str
    entities: list[EntityDraft]
    relationships: list[RelationshipDraft]


Body = TypeVar("Body", SyncBody, WriteBody)


def read_sync(body: Any) -> SyncRequest:
    """Read the parsed JSON of a sync's body.

    Raises GraphRefusal with the path of everything that is not as it must be.
    """
    read = _read(SyncBody, body)
    _check_names({"connector_id": read.connector_id, "sync_id": read.sync_id})
    return SyncRequest(read.connector_id, read.sync_id, *_drafts(read.entities, read.relationships), read.guard)


def read_write(body: Any) -> WriteRequest:
    """Read the parsed JSON of a write's body.

    Raises GraphRefusal with the path of everything that is not as it must be.
    """
    read = _read(WriteBody, body)
    _check_names({"write_id": read.write_id})
    return WriteRequest(read.write_id, *_drafts(read.entities, read.relationships))


def _drafts(
    entities: Sequence[EntityBody], relationships: Sequence[RelationshipBody]
) -> tuple[list[EntityDraft], list[RelationshipDraft]]:
    return [
        EntityDraft(one.entity_type, one.entity_key, one.entity_class, one.display_name, one.properties or {})
        for one in entities
    ], [
        RelationshipDraft(one.from_type, one.from_key, one.verb, one.to_type, one.to_key, one.properties or {})
        for one in relationships
    ]


def _check_names(names: dict[str, str]) -> None:
    wrongs = Wrongs()
    for name, value in names.items():
        if not value:
            wrongs.add(name, "must not be empty")
        elif not storable(value):
            wrongs.add(name, "holds U+0000 or half a surrogate pair, which cannot be kept")
        elif len(value.encode()) > KIND_BYTES:
            wrongs.add(name, f"is longer than {KIND_BYTES} bytes")
    wrongs.refuse()


def _read(model: type[Body], body: Any) -> Body:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        refusal = _refusal(model, error)
    raise refusal


def _refusal(model: type[BaseModel], error: ValidationError) -> GraphRefusal:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    wrongs = Wrongs()
    for one in found[:_TOLD]:
        said = _SAID.get(one["type"], one["msg"])
        if one["type"] == "extra_forbidden":
            known = _fields(model, one["loc"])
            said = f"there is no such field; {meant(str(one['loc'][-1]), known)}"
        wrongs.add(_path(one["loc"]), said)
    return wrongs.refusal()


def _fields(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    inner: dict[str, type[BaseModel]] = {"entities": EntityBody, "relationships": RelationshipBody}
    at = inner.get(str(place[0]), model) if len(place) > 1 else model
    return list(at.model_fields)


def _path(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
