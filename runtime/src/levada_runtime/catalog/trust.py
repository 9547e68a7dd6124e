"""Whether a connector may run: what it declares against what was approved, and what its version did. A pure decider.

The first declaration of a connector is approved as it stands. A later one needs an approval when it declares a host, an
exposed secret or a library that was not approved, or any other authentication; one that only declares less of them
does not, and what was approved once stays approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from levada import Manifest
from levada._manifest import HostRule
from levada_runtime.store.trust_model import ConnectorApprovalRow, ConnectorQuarantineRow

VIOLATIONS: Final = ("sandbox_violation", "protocol_violation")
READY, BROKEN, QUARANTINED, NEEDS_APPROVAL = "ready", "broken", "quarantined", "needs_approval"
UNINSTALLED: Final = "uninstalled"
"""What a connector is called that connections are of, and that is here no more."""
_AUTH = "auth"
ASPECTS: Final = ("hosts", _AUTH, "exposed_secrets", "libraries")

Declaration = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a declaration has that the approved one has not, and the other way round, each by its aspect."""

    added: Mapping[str, list[str]]
    removed: Mapping[str, list[str]]

    @property
    def widens(self) -> bool:
        """Whether an operator has to be asked; declaring less of something is nobody's risk."""
        return bool(self.added) or _AUTH in self.removed

    def as_dict(self) -> dict[str, Any]:
        return {"added": dict(self.added), "removed": dict(self.removed)}

    def lines(self) -> list[str]:
        """Return the difference for people: one line for each thing that was added or removed."""
        changes = (("+", self.added), ("-", self.removed))
        return [
            f"{sign} {aspect.replace('_', ' ')}: {one}"
            for aspect in ASPECTS
            for sign, side in changes
            for one in side.get(aspect, [])
        ]


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands between a connector and its next run."""

    quarantine: ConnectorQuarantineRow | None = None
    difference: Difference | None = None
    """How its declaration differs from what was approved; None when it does not."""

    @property
    def state(self) -> str:
        """`ready`, `quarantined` or `needs_approval`; a quarantine comes first."""
        if self.quarantine is not None:
            return QUARANTINED
        return NEEDS_APPROVAL if self.difference is not None and self.difference.widens else READY


TRUSTED: Final = Standing()


def declaration_of(manifest: Manifest) -> Declaration:
    """Return what an operator approves of a connector, each thing as a line of text."""
    return {
        "hosts": sorted(_host(rule, manifest) for rule in manifest.hosts),
        _AUTH: _auth(manifest),
        "exposed_secrets": sorted(map(_plain, manifest.exposed_secrets())),
        "libraries": sorted(map(_plain, manifest.libraries)),
    }


def difference(approved: Mapping[str, list[str]], declared: Mapping[str, list[str]]) -> Difference | None:
    """Return how a declaration differs from the approved one; None when it does not."""
    added = {aspect: _without(declared, approved, aspect) for aspect in ASPECTS}
    removed = {aspect: _without(approved, declared, aspect) for aspect in ASPECTS}
    found = Difference(
        {aspect: found for aspect, found in added.items() if found},
        {aspect: found for aspect, found in removed.items() if found},
    )
    return found if found.added or found.removed else None


def standing_of(
    manifest: Manifest | None, approval: ConnectorApprovalRow | None, quarantine: ConnectorQuarantineRow | None
) -> Standing:
    """Decide what stands in a connector's way; what nobody could describe has declared nothing."""
    if manifest is None or approval is None:
        return Standing(quarantine)
    return Standing(quarantine, difference(approval.declaration, declaration_of(manifest)))


def violation(
    *, key: str, source_hash: str, version: str, reason: str | None, message: str | None, during: str,
    run_id: str | None, at: datetime,
) -> ConnectorQuarantineRow | None:  # fmt: skip
    """Return the quarantine that a call's end demands; None when it ended in any other way."""
    if reason not in VIOLATIONS:
        return None
    return ConnectorQuarantineRow(key, source_hash, version, reason, message or reason, during, run_id, at)


def refusal(key: str, version: str, standing: Standing) -> tuple[str, str]:
    """Return why a connector does not run, and the way out."""
    if standing.quarantine is not None:
        return _quarantined(key, standing.quarantine)
    assert standing.difference is not None
    changes = "; ".join(standing.difference.lines())
    message = f"the connector {key!r} {version} declares what was not approved ({changes})"
    return message, f"`runtime connectors show {key}` shows it, `runtime connectors approve {key}` approves it"


def _quarantined(key: str, why: ConnectorQuarantineRow) -> tuple[str, str]:
    by = f"its run {why.run_id}" if why.run_id else "its description" if why.during == "describe" else "its check"
    message = (
        f"the connector {key!r} {why.version} is in quarantine: {by} ended as {why.reason} at "
        f"{why.quarantined_at.isoformat(timespec='seconds')}"
    )
    hint = (
        f"`runtime connectors show {key}` tells more; install another version, or let this one run again with "
        f"`runtime connectors approve {key}`"
    )
    return message, hint


def _without(these: Mapping[str, list[str]], those: Mapping[str, list[str]], aspect: str) -> list[str]:
    known = set(those.get(aspect, []))
    return [one for one in these.get(aspect, []) if one not in known]


def _host(rule: HostRule, manifest: Manifest) -> str:
    if rule.setting is None:
        return _plain(str(rule.pattern))
    default = next((one.default for one in manifest.settings if one.name == rule.setting), None)
    otherwise = "" if default is None else f" ({default} by default)"
    return _plain(f"the host in the setting {rule.setting}{otherwise}")


def _auth(manifest: Manifest) -> list[str]:
    if manifest.auth is None:
        return []
    given = manifest.auth.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    return [
        _plain(" ".join([manifest.auth.kind, *(f"{name}={_word(value)}" for name, value in sorted(given.items()))]))
    ]


def _word(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _plain(text: str) -> str:
    """Return text that looks like what it is: a manifest comes from a stranger, and an operator decides by the eye."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
