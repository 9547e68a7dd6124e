"""What is wrong with a body, in one sentence of places and ways out."""

from pydantic import BaseModel, ValidationError

from levada._nearest import did_you_mean
from levada_runtime.api.bodies import spell_path

_TOLD = 10
_SAID = {
    "missing": "is missing",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "string_too_short": "must not be empty",
}


def worded(error: ValidationError, model: type[BaseModel], place: str = "") -> str:
    """Say everything that keeps a body from being a `model`; `place` is where it stands in the request."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    found = error.errors(include_url=False, include_context=False, include_input=False)
    parts = []
    for one in found[:_TOLD]:
        path = _place(place, list(one["loc"])) or "the body"
        said = _SAID.get(one["type"], one["msg"])
        if one["type"] == "extra_forbidden":
            said = f"is not known here; {did_you_mean(str(one['loc'][-1]), names)}"
        parts.append(f"{path} {said}")
    return "; ".join(parts)


def _place(place: str, inside: list[str | int]) -> str:
    path = spell_path(inside)
    return f"{place}.{path}" if place and path and not path.startswith("[") else place + path
