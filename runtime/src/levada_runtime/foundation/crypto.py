"""Secrets at rest and keys' hashes.

A secret is sealed with AES-256-GCM and bound to its place (organisation, connection, name): a ciphertext copied to
another row does not open. Several keys may be live at once; the first seals, any opens.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from levada_runtime.foundation.errors import EnvironmentFailure

KEY_FILE = "secret.key"
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class Keyring:
    """Seals and opens secrets."""

    def __init__(self, passphrases: Sequence[str]) -> None:
        keys = [_derive(passphrase) for passphrase in passphrases]
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing = _key_id(keys[0])
        self._marking = _derive(passphrases[0], b"levada marks of secrets")

    def seal(self, value: str, place: str) -> bytes:
        """Encrypt `value`; only the same `place` can open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._sealing + nonce + self._keys[self._sealing].encrypt(nonce, value.encode(), place.encode())

    def mark(self, value: str) -> bytes:
        """Return what stands for a secret where two are compared: without the key it tells nothing of it."""
        return hmac.digest(self._marking, value.encode(), "sha256")

    def open(self, sealed: bytes, place: str) -> str:
        """Decrypt what `seal` made.

        Raises EnvironmentFailure when no key fits.
        """
        key = self._keys.get(sealed[:_KEY_ID_BYTES])
        body = sealed[_KEY_ID_BYTES:]
        try:
            if key is not None:
                return key.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], place.encode()).decode()
        except InvalidTag:
            raise EnvironmentFailure(f"the secret at {place} was altered or moved", code="secret_damaged") from None
        raise EnvironmentFailure(
            f"no key opens the secret at {place}",
            code="secret_key_missing",
            hint="set LEVADA_SECRET_KEY to the key it was sealed with, or put the key file back",
        )


def load_keyring(given: str | None, data_dir: Path) -> Keyring:
    """Return the keyring of `LEVADA_SECRET_KEY`, or of the key file, which is made at the first start (mode 0600)."""
    if given:
        return Keyring([part.strip() for part in given.split(",") if part.strip()])
    path = data_dir / KEY_FILE
    try:
        write_private(path, secrets.token_urlsafe(32))
    except FileExistsError:
        return Keyring([path.read_text().strip()])
    return Keyring([path.read_text().strip()])


def write_private(path: Path, text: str) -> None:
    """Make a file that only its owner can read, whole or not at all.

    Raises FileExistsError if it is there already.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()


def hash_key(key: str) -> bytes:
    """Return the hash a bearer key is stored as; the key itself is 256 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).digest()


def _derive(passphrase: str, purpose: bytes = b"levada secrets at rest") -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(passphrase.encode())


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"id" + key).digest()[:_KEY_ID_BYTES]
