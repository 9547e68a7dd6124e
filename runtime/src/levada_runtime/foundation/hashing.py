"""Hashes of which there is one for each record, or two."""

import hashlib

_NEW = hashlib.sha256()


def digest(*parts: bytes) -> bytes:
    """Return the SHA-256 of the parts, one behind the other: 32 bytes.

    From a copy of one that is new it takes six tenths of what it takes with a new one of OpenSSL's.
    """
    hashing = _NEW.copy()
    for part in parts:
        hashing.update(part)
    return hashing.digest()
