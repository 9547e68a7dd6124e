"""The types of fields that steps are made of: what YAML holds, read as the language reads it.

Each is a pydantic type, so that one model gives validation, JSON Schema and a reference page. Faults inside a text
travel to the loader in the error's context.
"""

from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from levada_runtime.pipeline.language.conditions import read_condition
from levada_runtime.pipeline.language.faults import Fault, LanguageFailed
from levada_runtime.pipeline.language.nodes import Node
from levada_runtime.pipeline.language.references import Reading, read_text
from levada_runtime.pipeline.language.templates import read_template, read_value

FAULTY = "language"
"""The type of the errors that carry faults."""


class StepFields(BaseModel):
    """The fields of one action or destination."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def faulty(*faults: Fault) -> PydanticCustomError:
    """Return the error that carries faults through pydantic."""
    return PydanticCustomError(FAULTY, "cannot be read", {"faults": faults})


def reader(read: Callable[[Any, Reading], Any]) -> PlainValidator:
    """Return the validator of a field that the language reads, which may raise LanguageFailed."""

    def validate(given: Any, info: ValidationInfo) -> Any:
        reading = info.context if isinstance(info.context, Reading) else Reading()
        try:
            read_so = read(given, reading)
        except LanguageFailed as failed:
            raise faulty(*failed.faults) from None
        return read_so

    return PlainValidator(validate)


def _template(given: Any, reading: Reading) -> Node:
    if not isinstance(given, str):
        raise LanguageFailed([Fault("a template is text (`template: |`); a mapping goes into `body`")])
    return read_template(given, reading)


def text_of(given: Any, reading: Reading, *, secrets: bool = False) -> Node:
    """Read a text that may hold references. Raises LanguageFailed, also when it is no text."""
    if not isinstance(given, str):
        raise LanguageFailed([Fault("this must be text; put it in quotes")])
    return read_text(given, reading, secrets=secrets)


def _secret_text(given: Any, reading: Reading) -> Node:
    return text_of(given, reading, secrets=True)


ANY_VALUE = WithJsonSchema({"description": "any value; a text in it may be or hold references"})
TEXT = WithJsonSchema({"type": "string", "description": "text that may hold references"})

Value = Annotated[Node, reader(read_value), ANY_VALUE]
Text = Annotated[Node, reader(text_of), TEXT]
SecretText = Annotated[
    Node,
    reader(_secret_text),
    WithJsonSchema({"type": "string", "description": "text that may hold references and secrets"}),
]
Condition = Annotated[
    Node, reader(read_condition), WithJsonSchema({"type": ["string", "object"], "description": "condition"})
]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_BodyTemplate = Annotated[
    Node | None, reader(_template), WithJsonSchema({"type": "string", "description": "JSON-like template"})
]
_BodyValue = Annotated[Node | None, reader(read_value), ANY_VALUE]


class BodyFields(StepFields):
    """The fields of a step that may shape a body."""

    template: _BodyTemplate = Field(
        default=None, description="The body as JSON-like text with bare keys; references stand for values."
    )
    body: _BodyValue = Field(default=None, description="The body as a mapping, instead of a template.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if {"template", "body"} <= self.model_fields_set:
            raise faulty(Fault("`template` and `body` are two ways to say the same; keep one"))
        return self

    def shape(self) -> Node | None:
        """Return the tree of the body, None when this step says nothing of it."""
        return self.template or self.body
