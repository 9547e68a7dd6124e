"""Secrets at rest and keys' hashes.

A secret is sealed with AES-256-GCM and bound to its place (organisation, connection, name): a ciphertext copied to
another row does not open. Several keys may be live at once; the first seals, any opens. The key file holds one key a
line; whoever has read it looks again when it changes, so that keys can be rotated under a running daemon.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from levada_runtime.foundation.errors import EnvironmentFailure

KEY_FILE = "secret.key"
ROTATION_LOCK = "rotation.lock"
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class Keyring:
    """Seals and opens secrets."""

    def __init__(self, passphrases: Sequence[str], file: "KeyFile | None" = None) -> None:
        self.file = file
        """Where the keys lie, unless they were given."""
        self._take(passphrases)

    def seal(self, value: str, place: str) -> bytes:
        """Encrypt `value`; only the same `place` can open it."""
        self._look_again()
        key, nonce = self._sealing, os.urandom(_NONCE_BYTES)
        return key + nonce + self._keys[key].encrypt(nonce, value.encode(), place.encode())

    def mark(self, value: str) -> bytes:
        """Return what stands for a secret where two are compared: without the key it tells nothing of it."""
        self._look_again()
        return hmac.digest(self._marking, value.encode(), "sha256")

    def open(self, sealed: bytes, place: str) -> str:
        """Decrypt what `seal` made.

        Raises EnvironmentFailure when no key fits.
        """
        if sealed[:_KEY_ID_BYTES] not in self._keys:
            self._look_again()
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

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether it was sealed with the key that seals now."""
        self._look_again()
        return sealed[:_KEY_ID_BYTES] == self._sealing

    def _look_again(self) -> None:
        changed = self.file.changed() if self.file is not None else None
        if changed:
            self._take(changed)

    def _take(self, passphrases: Sequence[str]) -> None:
        keys = [_derive(passphrase) for passphrase in passphrases]
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing = _key_id(keys[0])
        self._marking = _derive(passphrases[0], b"levada marks of secrets")


class KeyFile:
    """The key file: a key a line, the first of which seals."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] = ()

    def read(self) -> list[str]:
        """Return the keys, which are made at the first start."""
        if not self.path.exists():
            with suppress(FileExistsError):
                write_private(self.path, secrets.token_urlsafe(32))
        self._seen = self._state()
        lines = (line.strip() for line in self.path.read_text().splitlines())
        return [line for line in lines if line]

    def changed(self) -> list[str] | None:
        """Return the keys if the file is another one than when it was read; one that is gone has not changed."""
        try:
            return self.read() if self._state() != self._seen else None
        except FileNotFoundError:
            return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else rotate the keys inside; it ends with the process at the latest.

        Raises EnvironmentFailure when somebody does.
        """
        with self.path.with_name(ROTATION_LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EnvironmentFailure(
                    f"the keys in {self.path} are being rotated by somebody else",
                    code="rotation_running",
                    hint="wait until that is done",
                ) from None
            yield

    def begin_rotation(self) -> None:
        """Put a new key before the others: from now on it seals, and whoever meets it reads the file again."""
        self._write([secrets.token_urlsafe(32), *self.read()])

    def end_rotation(self, used: Iterable[bytes]) -> int:
        """Leave out the keys that none of these was sealed with, but for the last before the present.

        That one stays until the next time, since somebody may just be sealing with it. Returns how many there are.
        """
        in_use = {sealed[:_KEY_ID_BYTES] for sealed in used}
        present, *others = self.read()
        kept = [present, *others[:1], *(one for one in others[1:] if _key_id(_derive(one)) in in_use)]
        self._write(kept)
        return len(kept)

    def _write(self, keys: Sequence[str]) -> None:
        draft = self.path.with_name(f"{self.path.name}.next")
        draft.unlink(missing_ok=True)
        write_private(draft, "\n".join(keys))
        draft.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _state(self) -> tuple[int, ...]:
        stat = self.path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size


def load_keyring(given: str | None, data_dir: Path) -> Keyring:
    """Return the keyring of `LEVADA_SECRET_KEY`, or of the key file, which is made at the first start (mode 0600).

    Raises EnvironmentFailure when there is a file without a key.
    """
    if given:
        return Keyring([part.strip() for part in given.split(",") if part.strip()])
    file = KeyFile(data_dir / KEY_FILE)
    keys = file.read()
    if not keys:
        raise EnvironmentFailure(
            f"the key file {file.path} holds no key", code="secret_key_missing", hint="put the key back, or remove it"
        )
    return Keyring(keys, file)


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
