"""Which names were said, and what of them, in sixteen bytes each: enough to know again a name, and its row.

A name and a row are remembered by Python's own hashes of 64 bits, which are keyed afresh in every process, so nobody
can choose two that meet; among two million names the odds that any two do are one in nine million.
"""

from array import array
from typing import Final, Literal

Verdict = Literal["new", "same", "other"]
_FIRST: Final = 1 << 12


class Seen:
    """A table of names with open places, never more than two thirds full."""

    __slots__ = ("_mask", "_names", "_rows", "count")

    def __init__(self) -> None:
        self.count = 0
        self._place(_FIRST)

    def take(self, name: str, row: bytes) -> Verdict:
        """Remember a name with its row; say whether it is new, or was said before with the same row or another one."""
        fingerprint, said = hash(name) or 1, hash(row)
        at, names = self._find(fingerprint), self._names
        if names[at]:
            return "same" if self._rows[at] == said else "other"
        names[at], self._rows[at] = fingerprint, said
        self.count += 1
        if self.count * 3 > len(names) * 2:
            self._grow()
        return "new"

    def __contains__(self, name: str) -> bool:
        return bool(self._names[self._find(hash(name) or 1)])

    def _find(self, fingerprint: int) -> int:
        mask, names = self._mask, self._names
        at = fingerprint & mask
        while (known := names[at]) and known != fingerprint:
            at = (at + 1) & mask
        return at

    def _place(self, size: int) -> None:
        self._mask = size - 1
        self._names = array("q", bytes(8 * size))
        self._rows = array("q", bytes(8 * size))

    def _grow(self) -> None:
        names, rows = self._names, self._rows
        self._place(len(names) * 2)
        for fingerprint, said in zip(names, rows, strict=True):
            if fingerprint:
                at = self._find(fingerprint)
                self._names[at], self._rows[at] = fingerprint, said
