"""An answer's body, unpacked as it comes in and never beyond its bounds.

The client asks for gzip or deflate and unpacks them here: a bomb is refused after the first chunk that gives it away,
not after it has filled the memory.
"""

import zlib
from collections.abc import Iterator
from typing import Final

from levada_runtime.outbound.errors import TooLarge, Unreachable
from levada_runtime.outbound.limits import Limits

ACCEPTED_ENCODINGS: Final = "gzip, deflate"
_STEP: Final = 256 << 10
_ZLIB_MARK: Final = 8


class Meter:
    """Counts the bytes that requests move while they move, packed or unpacked, whichever is more.

    Beyond `most` it refuses, in the middle of a body too.
    """

    def __init__(self, most: int | None = None) -> None:
        self.moved = 0
        self._most = most

    def count(self, more: int) -> None:
        """Take note of bytes; raises TooLarge when they are more than may be moved."""
        self.moved += more
        if self._most is not None and self.moved > self._most:
            raise TooLarge(f"more than {self._most} bytes are moved", code="metered")


class Body:
    """Feed it what arrives; `finish()` gives the whole. `received` counts bytes as they came over the wire."""

    def __init__(self, encoding: str, limits: Limits, meter: Meter) -> None:
        self.received = 0
        self._limits = limits
        self._meter = meter
        self._counted = 0
        self._size = 0
        self._parts: list[bytes] = []
        self._unpacker = _unpacker(encoding)
        self._kept_at_most = limits.keep_bytes

    def feed(self, chunk: bytes) -> None:
        """Take one chunk.

        Raises TooLarge when the body outgrows its bounds, Unreachable when it is not packed as its headers say.
        """
        self.received += len(chunk)
        self._check(self.received)
        for part in self._unpacker.parts(chunk):
            self._size += len(part)
            self._check(self._size)
            if self._size > max(self._limits.ratio_from_bytes, self.received * self._limits.ratio):
                raise TooLarge(f"the body unpacks to over {self._limits.ratio} times its size", code="body_bomb")
            self._parts.append(part)

    @property
    def suffices(self) -> bool:
        """Whether as much has come as is kept, so that the rest need not be read."""
        return self._kept_at_most is not None and self._size >= self._kept_at_most

    def finish(self) -> bytes:
        """Return the body; raises Unreachable when it broke off in the middle of a packed stream."""
        if self.suffices:
            return b"".join(self._parts)[: self._kept_at_most]
        if self.received and not self._unpacker.complete:
            raise Unreachable("the body ended too early", code="broken_off")
        return b"".join(self._parts)

    def _check(self, size: int) -> None:
        if size > self._counted:
            self._meter.count(size - self._counted)
            self._counted = size
        if size > self._limits.body_bytes:
            raise TooLarge(f"the body is larger than {self._limits.body_bytes} bytes", code="body_too_large")


class _Plain:
    """A body that is not packed."""

    complete = True

    def parts(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


class _Packed:
    """A gzip or deflate stream, unpacked in steps so that no step can be a bomb."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._stream: zlib._Decompress | None = None

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.eof

    def parts(self, chunk: bytes) -> Iterator[bytes]:
        if chunk and self._stream is None:
            self._stream = zlib.decompressobj(_window(self._encoding, chunk[0]))
        while chunk and self._stream is not None:
            if self._stream.eof:
                raise Unreachable("the body goes on after its packed stream has ended", code="bad_encoding")
            try:
                yield self._stream.decompress(chunk, _STEP)
            except zlib.error as error:
                raise Unreachable("the body is not packed as its headers say", code="bad_encoding") from error
            chunk = self._stream.unconsumed_tail or self._stream.unused_data


def _unpacker(encoding: str) -> _Plain | _Packed:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Packed("gzip")
        case "deflate":
            return _Packed("deflate")
        case other:
            raise Unreachable(f"the body is packed as {other!r}, which was not asked for", code="bad_encoding")


def _window(encoding: str, first: int) -> int:
    """Return zlib's `wbits`; for deflate the first byte tells whether there is a zlib header, as there should be."""
    if encoding == "gzip":
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if first & 0x0F == _ZLIB_MARK else -zlib.MAX_WBITS
