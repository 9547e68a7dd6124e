"""The key under which an action finds an entity."""

from typing import Final

from levada_runtime.pipeline.language.nodes import Node, Reference
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.spelling import to_json
from levada_runtime.pipeline.model import StepFailed

MOST_KEY: Final = 1_024


def external_id(node: Node, scope: Scope) -> str:
    """Return the key as text; a number is spelt as JSON spells it.

    Raises StepFailed for anything that names nothing: undefined, null, empty, a boolean, a list, an object.
    """
    value = node.value(scope)
    where = f"external_id ({node})" if isinstance(node, Reference) else "external_id"
    if value is UNDEFINED or value is None:
        raise StepFailed(f"{where} is {'not there' if value is UNDEFINED else 'null'}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise StepFailed(f"{where} must be text or a number")
    key = value if isinstance(value, str) else to_json(value)
    if not key.strip():
        raise StepFailed(f"{where} is empty")
    if len(key) > MOST_KEY:
        raise StepFailed(f"{where} is longer than {MOST_KEY} characters")
    return key
