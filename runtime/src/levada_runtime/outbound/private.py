"""What the operator allows beyond public https: `broker.allow_private`, which no manifest can widen."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.outbound.errors import Refused
from levada_runtime.outbound.url import parse_host

_ENTRY = re.compile(r"(?P<host>\[[^\]]+\]|[^:*\s\[\]]+)(:(?P<port>\*|[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class AllowPrivate:
    """Pairs of host and port; port None is any port."""

    entries: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def read(cls, entries: Iterable[str]) -> "AllowPrivate":
        """Read entries such as `127.0.0.1:8420`, `10.0.0.5`, `intranet.example:*` and `[::1]:8420`.

        Raises UsageFailure naming an entry that cannot be meant.
        """
        return cls(frozenset(_entry(text) for text in entries))

    def lists(self, host: str, port: int) -> bool:
        """Tell whether a host, by name or by address, may be called at this port."""
        return (host, port) in self.entries or (host, None) in self.entries


def _entry(text: str) -> tuple[str, int | None]:
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise _unreadable(text)
    try:
        host = parse_host(found["host"])
    except Refused as refusal:
        raise _unreadable(text) from refusal
    port = found["port"]
    return host, None if port in (None, "*") else int(port)


def _unreadable(text: str) -> UsageFailure:
    return UsageFailure(
        f"broker.allow_private: {text!r} is not a host and a port",
        code="allow_private",
        hint='write "127.0.0.1:8420", "10.0.0.5", "intranet.example:*" or "[::1]:8420"',
    )
