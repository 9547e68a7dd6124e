"""Asking a connector for its manifest, behind the wall."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from pydantic import ValidationError

from levada import Manifest
from levada_runtime.catalog.discovery import Found
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Abort, Bundle, Call, Limits

LIMITS = Limits(cpu_s=5, wall_s=10, http_requests=0, http_bytes=0)


def describe(sandbox: Sandbox, found: Found) -> Manifest | str:
    """Return the connector's manifest, or the reason why it has none that can be used."""
    if found.problem is not None:
        return found.problem
    outcome = sandbox.call(
        Call(
            action="describe",
            bundle=Bundle(package=found.package, attribute=found.attribute, files=found.files),
            stream=None,
            settings={},
            secrets={},
            checkpoint={},
            run=None,
            now=datetime.now(UTC),
            limits=LIMITS,
        ),
        _NoRoute(),
    )
    if outcome.reason is not None:
        return f"{outcome.reason}: {outcome.message}"
    return _read(found, outcome.result)


def _read(found: Found, answer: Any) -> Manifest | str:
    try:
        manifest = Manifest.model_validate_json(answer)
    except (ValidationError, TypeError) as error:
        return f"its manifest cannot be read: {error}"
    if manifest.key != found.key:
        return f"its manifest says {manifest.key!r}, its entry point {found.key!r}"
    return manifest.model_copy(update={"version": found.version})


class _NoRoute:
    """What answers a connector that is only being described: nothing but its log, which is let go."""

    def emit(self, frame: Any) -> NoReturn:
        _refuse("ingest", frame)

    def retire(self, frame: Any) -> NoReturn:
        _refuse("ingest", frame)

    def save(self, partition: str, values: dict[str, Any]) -> NoReturn:
        _refuse("checkpoint", partition, values)

    def http(self, request: Any) -> NoReturn:
        _refuse("http", request)

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """A module that logs while it is described harms nobody."""


def _refuse(what: str, *_unread: object) -> NoReturn:
    raise Abort("protocol_violation", f"{what} was used while the connector was only being described")
