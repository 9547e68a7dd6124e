"""Reads the steps of a pipeline, each a mapping of one key: its kind, over its fields."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from levada_runtime.pipeline.actions import ACTIONS, LATER_ACTIONS
from levada_runtime.pipeline.definition import Action, Destination
from levada_runtime.pipeline.destinations import DESTINATIONS, LATER_DESTINATIONS
from levada_runtime.pipeline.document import Document, Path
from levada_runtime.pipeline.language.faults import Fault, did_you_mean
from levada_runtime.pipeline.language.fields import FAULTY
from levada_runtime.pipeline.language.references import Reading

MOST_STEPS: Final = 64

_Model = TypeVar("_Model", bound=BaseModel)
_TYPES: Final = {
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_too_short": "must not be empty",
}


def read_actions(given: Any, document: Document, reading: Reading) -> tuple[Action, ...]:
    """Read the actions, in whose order the kinds of entities become known. Problems are noted in the document."""
    read = []
    for path, name, fields in _steps("actions", given, document, ACTIONS, LATER_ACTIONS, DESTINATIONS):
        step = read_fields(ACTIONS[name].fields, fields, path, document, reading)
        if step is not None:
            read.append(Action(name, step, document.line_of(path)))
        if ACTIONS[name].sets_entity and reading.kinds is not None and isinstance(fields, dict):
            reading.kinds.add(str(fields.get("kind")))
    return tuple(read)


def read_destinations(given: Any, document: Document, reading: Reading) -> tuple[Destination, ...]:
    """Read the destinations. Problems are noted in the document."""
    read = []
    for path, name, fields in _steps("destinations", given, document, DESTINATIONS, LATER_DESTINATIONS, ACTIONS):
        step = read_fields(DESTINATIONS[name].fields, fields, path, document, reading)
        if step is not None:
            read.append(Destination(name, step, document.line_of(path)))
    return tuple(read)


def read_fields(
    model: type[_Model], given: Any, path: Path, document: Document, reading: Reading | None = None
) -> _Model | None:
    """Read the fields of one thing, or note everything that is wrong with them."""
    try:
        return model.model_validate(given, context=reading)
    except ValidationError as failed:
        for error in failed.errors(include_url=False):
            _note(error, model, path, document)
    return None


def _steps(
    section: str,
    given: Any,
    document: Document,
    known: Mapping[str, Any],
    later: frozenset[str],
    elsewhere: Mapping[str, Any],
) -> Iterator[tuple[Path, str, Any]]:
    """Go through the steps that have a known kind, and note what is wrong with the others."""
    if not isinstance(given, list):
        document.note((section,), f"`{section}` is a list of steps")
        return
    if len(given) > MOST_STEPS:
        document.note((section,), f"`{section}` has at most {MOST_STEPS} steps, not {len(given)}")
        return
    for index, step in enumerate(given):
        path: Path = (section, index)
        if not isinstance(step, dict) or len(step) != 1:
            document.note(path, _not_a_step(step))
            continue
        [(name, fields)] = step.items()
        message = _unknown(section, name, known, later, elsewhere)
        if message:
            document.note((*path, name), message, key=True)
        else:
            yield (*path, name), name, {} if fields is None else fields


def _not_a_step(step: Any) -> str:
    if isinstance(step, dict) and step:
        names = ", ".join(step)
        return f"a step has one key, its kind; this has {names}: indent the fields under the kind"
    return "a step is a mapping of one key, its kind, over its fields"


def _unknown(
    section: str, name: str, known: Mapping[str, Any], later: frozenset[str], elsewhere: Mapping[str, Any]
) -> str | None:
    if name in known:
        return None
    one = section[:-1]
    if name in later:
        return f"the {one} {name!r} is not in this version"
    if name in elsewhere:
        other = "destinations" if section == "actions" else "actions"
        return f"{name!r} belongs under `{other}`"
    return f"unknown {one} {name!r}{did_you_mean(name, known)}"


def _note(error: Any, model: type[BaseModel], path: Path, document: Document) -> None:
    where: Path = (*path, *error["loc"])
    if error["type"] == FAULTY:
        for fault in error["ctx"]["faults"]:
            _note_fault(fault, (*where, *fault.path), document)
    elif error["type"] == "extra_forbidden":
        known = did_you_mean(str(where[-1]), _names(model, error["loc"][:-1]))
        document.note(where, f"unknown key {where[-1]!r}{known}", key=True)
    elif error["type"] == "missing":
        holder = f"`{where[-2]}`" if isinstance(where[-2], str) else "this"
        document.note(where[:-1], f"{holder} needs `{where[-1]}`", key=True)
    else:
        says = _TYPES.get(error["type"]) or error["msg"][:1].lower() + error["msg"][1:]
        document.note(where, f"`{where[-1]}`: {says}")


def _note_fault(fault: Fault, path: Path, document: Document) -> None:
    if fault.at_key:
        document.note(path, fault.message, key=True)
    else:
        document.note_within(path, fault.line, fault.column, fault.message)


def _names(model: type[BaseModel], way: Path) -> list[str]:
    for part in way:
        inner = model.model_fields[part].annotation if part in model.model_fields else model
        inner = next(iter(get_args(inner)), inner)
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
    return [field.alias or name for name, field in model.model_fields.items()]
