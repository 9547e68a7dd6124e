"""`file.out`: appends the body as one line of JSON to a file."""

from typing import Annotated, Any

from pydantic import Field

from levada_runtime.pipeline.destinations.addresses import path_problem, written
from levada_runtime.pipeline.destinations.fields import Address, DestinationFields
from levada_runtime.pipeline.language.faults import Fault, LanguageFailed
from levada_runtime.pipeline.language.fields import TEXT, reader, text_of
from levada_runtime.pipeline.language.nodes import Literal, Node
from levada_runtime.pipeline.language.references import Reading
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.model import StepFailed

_SAFE = "@+=, "


def _path(given: Any, reading: Reading) -> Node:
    node = text_of(given, reading)
    problem = path_problem(node.literal) if isinstance(node, Literal) else None
    if problem:
        raise LanguageFailed([Fault(problem)])
    return node


class FileOut(DestinationFields):
    """Append the body to a file of JSON lines in the operator's folder."""

    path: Annotated[Node, reader(_path), TEXT] = Field(
        description="The file, relative to the folder for files. Values within it are percent-encoded."
    )


def render(step: FileOut, scope: Scope) -> Address:
    """Return the file's path. Raises StepFailed when values make it unusable."""
    path = written(step.path, scope, _SAFE, verbatim=False)
    problem = path_problem(path)
    if problem:
        raise StepFailed(f"path: {problem}")
    return Address(path, {"path": path})
