"""What the policy refused, on its way out of the wall: the findings as data, whoever shows them."""

from collections.abc import Iterable
from typing import Final

import msgspec

from levada_runtime.sandbox.language.policy import Finding

MOST: Final = 1_000
_TEXT_CHARACTERS: Final = 2_000


class _Told(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    path: str
    line: int
    column: int
    reason: str
    way_out: str | None


def encode_findings(findings: Iterable[tuple[str, Finding]]) -> bytes:
    """Return the findings as a child tells them; beyond a thousand it is clear enough."""
    told = [_Told(path, each.line, each.column, each.reason, each.way_out) for path, each in findings]
    return msgspec.msgpack.encode(told[:MOST])


def decode_findings(told: bytes | None) -> list[tuple[str, Finding]]:
    """Return what a child told; nothing when it is not what `encode_findings` makes."""
    try:
        read = msgspec.msgpack.decode(told or b"", type=list[_Told])
    except (msgspec.MsgspecError, ValueError):  # the second for bytes that are no UTF-8
        return []
    return [
        (
            each.path[:_TEXT_CHARACTERS],
            Finding(each.line, each.column, each.reason[:_TEXT_CHARACTERS], _cut(each.way_out)),
        )
        for each in read[:MOST]
    ]


def as_line(path: str, finding: Finding) -> str:
    """Return a finding as one line: place, reason, way out."""
    way_out = f"; {finding.way_out}" if finding.way_out else ""
    return f"{path}:{finding.line}:{finding.column}: {finding.reason}{way_out}"


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_TEXT_CHARACTERS]
