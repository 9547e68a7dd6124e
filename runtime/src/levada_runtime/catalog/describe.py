"""Asking a connector for its manifest, behind the wall."""

from datetime import UTC, datetime

from pydantic import ValidationError

from levada import Manifest
from levada_runtime.catalog.discovery import Found
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import DESCRIBE_LIMITS, Bundle, Call


def describe(sandbox: Sandbox, found: Found) -> Manifest | str:
    """Return the connector's manifest, or the reason why it has none that can be used."""
    if found.problem is not None:
        return found.problem
    outcome = sandbox.call(
        Call(
            action="describe",
            bundle=Bundle(package=found.package, attribute=found.attribute, files=found.files),
            now=datetime.now(UTC),
            limits=DESCRIBE_LIMITS,
        )
    )
    if outcome.reason is not None:
        return f"{outcome.reason}: {outcome.message}"
    return _read(found, outcome.result)


def _read(found: Found, answer: bytes | None) -> Manifest | str:
    try:
        manifest = Manifest.model_validate_json(answer or b"")
    except ValidationError as error:
        return f"its manifest cannot be read: {error}"
    if manifest.key != found.key:
        return f"its manifest says {manifest.key!r}, its entry point {found.key!r}"
    return manifest.model_copy(update={"version": found.version})
