"""Asking a connector for its manifest, behind the wall."""

from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from levada import Manifest
from levada_runtime.catalog.discovery import Found
from levada_runtime.catalog.doubts import doubts
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.language.findings import as_line, decode_findings
from levada_runtime.sandbox.model import DESCRIBE_LIMITS, Bundle, Call, Limits, Outcome

_MOST_CHARACTERS: Final = 4_000


def describe(sandbox: Sandbox, found: Found) -> Manifest | str:
    """Return the connector's manifest, or the reason why it has none that can be used."""
    if found.problem is not None:
        return found.problem
    outcome = ask(sandbox, found.bundle)
    if outcome.reason == "policy":
        # The message of an outcome is cut short; each finding is wanted here.
        listed = "\n".join(as_line(*finding) for finding in decode_findings(outcome.result))
        return f"policy: {listed or outcome.message}"
    if outcome.reason is not None:
        return f"{outcome.reason}: {outcome.message}"
    return _read(found, outcome.result)


def ask(sandbox: Sandbox, bundle: Bundle, limits: Limits = DESCRIBE_LIMITS) -> Outcome:
    """Have a child compile every module of a connector under the policy and say what it is."""
    return sandbox.call(Call(action="describe", bundle=bundle, now=datetime.now(UTC), limits=limits))


def _read(found: Found, answer: bytes | None) -> Manifest | str:
    try:
        manifest = Manifest.model_validate_json(answer or b"")
    except ValidationError as error:
        return f"its manifest cannot be read: {str(error)[:_MOST_CHARACTERS]}"
    if manifest.key != found.key:
        return f"its manifest says {manifest.key!r}, its entry point {found.key!r}"
    doubt = next(doubts(manifest), None)
    if doubt is not None:
        return f"its manifest cannot be meant: {doubt}"
    return manifest.model_copy(update={"version": found.version})
