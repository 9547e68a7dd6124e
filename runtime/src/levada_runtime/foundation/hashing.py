"""Hashes of which there is one for each record, or two."""

import hashlib

_NEW = hashlib.sha256()


def digest(*parts: bytes) -> bytes:
    """Return the SHA-256 of the parts, one behind the other: 32 bytes.

    A copy of one that is new is made in a third of the time in which OpenSSL makes a new one.
    """
    hashing = _NEW.copy()
    for part in parts:
        hashing.update(part)
    return hashing.digest()
