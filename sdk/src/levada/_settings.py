"""What an operator is asked for when configuring a connector."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from levada.errors import InvalidDefinition

Kind = Literal["text", "url", "integer", "boolean", "choice", "secret"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Setting(BaseModel):
    """One thing an operator is asked for, as data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    name: str
    title: str | None = None
    help: str | None = None
    default: str | int | bool | None = None
    required: bool = True
    choices: tuple[str, ...] | None = None
    expose: bool = False

    def schema_property(self) -> dict[str, Any]:
        """Return the setting as a property of a JSON Schema; secrets carry `x-secret`."""
        kinds = {"integer": "integer", "boolean": "boolean"}
        described: dict[str, Any] = {"type": kinds.get(self.kind, "string")}
        if self.kind == "url":
            described["format"] = "uri"
        if self.kind == "secret":
            described["x-secret"] = True
        optional = {
            "title": self.title,
            "description": self.help,
            "default": self.default,
            "enum": list(self.choices) if self.choices else None,
        }
        return described | {name: value for name, value in optional.items() if value is not None}


def text(
    name: str,
    *,
    title: str | None = None,
    help: str | None = None,
    default: str | None = None,
    required: bool = True,
) -> Setting:
    """Ask for a line of text."""
    return _setting("text", name, title=title, help=help, default=default, required=required)


def url(
    name: str,
    *,
    title: str | None = None,
    help: str | None = None,
    default: str | None = None,
    required: bool = True,
) -> Setting:
    """Ask for an http or https URL."""
    return _setting("url", name, title=title, help=help, default=default, required=required)


def integer(
    name: str,
    *,
    title: str | None = None,
    help: str | None = None,
    default: int | None = None,
    required: bool = True,
) -> Setting:
    """Ask for a whole number."""
    return _setting("integer", name, title=title, help=help, default=default, required=required)


def boolean(
    name: str,
    *,
    title: str | None = None,
    help: str | None = None,
    default: bool | None = None,
    required: bool = True,
) -> Setting:
    """Ask for yes or no."""
    return _setting("boolean", name, title=title, help=help, default=default, required=required)


def choice(
    name: str,
    choices: Sequence[str],
    *,
    title: str | None = None,
    help: str | None = None,
    default: str | None = None,
    required: bool = True,
) -> Setting:
    """Ask for one of several words."""
    if not choices or (default is not None and default not in choices):
        raise InvalidDefinition(f"the setting {name!r} needs choices, and its default among them")
    return _setting("choice", name, title=title, help=help, default=default, required=required, choices=tuple(choices))


def secret(
    name: str,
    *,
    title: str | None = None,
    help: str | None = None,
    required: bool = True,
    expose: bool = False,
) -> Setting:
    """Ask for a secret. It stays outside the sandbox, for `auth` and `verify`, unless `expose` says otherwise."""
    return _setting("secret", name, title=title, help=help, required=required, expose=expose)


def _setting(kind: Kind, name: str, **more: Any) -> Setting:
    if not _NAME.fullmatch(name):
        raise InvalidDefinition(f"{name!r} cannot name a setting: lower-case letters, digits and _, at most 63")
    return Setting(kind=kind, name=name, **more)
