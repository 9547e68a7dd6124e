"""What the operator allows beyond public https, which no manifest and no pipeline can widen.

For connectors it is the list `broker.allow_private`, for destinations `deliveries.allow_private`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.outbound.errors import Refused
from levada_runtime.outbound.url import parse_host

_ENTRY = re.compile(r"(?P<host>\[[^\]]+\]|[^:*\s\[\]]+)(:(?P<port>\*|[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class AllowPrivate:
    """Pairs of host and port; port None is any port. `setting` is the list an operator would put another pair into."""

    entries: frozenset[tuple[str, int | None]] = frozenset()
    setting: str = "broker.allow_private"

    @classmethod
    def read(cls, entries: Iterable[str], setting: str = "broker.allow_private") -> "AllowPrivate":
        """Read entries such as `127.0.0.1:8420`, `10.0.0.5`, `intranet.example:*` and `[::1]:8420`.

        Raises UsageFailure naming an entry that cannot be meant.
        """
        return cls(frozenset(_entry(text, setting) for text in entries), setting)

    @property
    def variable(self) -> str:
        """The environment variable that holds the list."""
        return f"LEVADA_{self.setting.replace('.', '__').upper()}"

    def lists(self, host: str, port: int) -> bool:
        """Tell whether a host, by name or by address, may be called at this port."""
        return (host, port) in self.entries or (host, None) in self.entries


def _entry(text: str, setting: str) -> tuple[str, int | None]:
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise _unreadable(text, setting)
    try:
        host = parse_host(found["host"])
    except Refused as refusal:
        raise _unreadable(text, setting) from refusal
    port = found["port"]
    return host, None if port in (None, "*") else int(port)


def _unreadable(text: str, setting: str) -> UsageFailure:
    return UsageFailure(
        f"{setting}: {text!r} is not a host and a port",
        code="allow_private",
        hint='write "127.0.0.1:8420", "10.0.0.5", "intranet.example:*" or "[::1]:8420"',
    )
