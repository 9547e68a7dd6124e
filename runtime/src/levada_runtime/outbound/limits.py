"""How long, how much and how far one request may go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one request, redirects included.

    `body_bytes` and `ratio` are about the body after decoding; below `ratio_from_bytes` the ratio is not asked about,
    since a few repetitive lines of JSON pack better than any bomb matters. With `keep_bytes` a body is read no further
    than that and the rest is left where it is, for callers who want a glance at it.
    """

    connect_s: float = 10
    read_s: float = 30
    total_s: float = 120
    body_bytes: int = 32 << 20
    ratio: int = 100
    ratio_from_bytes: int = 64 << 10
    redirects: int = 5
    keep_bytes: int | None = None
