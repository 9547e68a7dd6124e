"""Recognising a record by its bytes: one that is as it was when its document was last written need not be validated.

A fingerprint is the beginning of a SHA-256 of the bytes and of what came with them, and of a hash of everything else
that validation depends on: the contract and its schema, and where the record comes from. So a changed contract
recognises nothing, and looks again.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import orjson

from levada import Draft
from levada.contracts import Contract
from levada_runtime.foundation.hashing import digest
from levada_runtime.ingest.model import MOMENTS, Origin, Repeat
from levada_runtime.store.columns import to_micros
from levada_runtime.store.model import Known

_BYTES, _SALT = 16, 4
_ENDINGS = {(False, False): b"-", (False, True): b"t", (True, False): b"i", (True, True): b"b"}
_NORMAL_FORM = 1
"""Raised whenever the same payload would be stored in another way."""


def salt_of(contract: type[Contract], origin: Origin) -> bytes:
    """Return what tells one contract and one origin from another."""
    return _salt(contract, origin.connection_uid, origin.connection, origin.connector)


def fingerprints(salt: bytes, drafts: Sequence[Draft]) -> list[bytes | None]:
    """Return the fingerprint of each draft; None for one that has no payload."""
    return [_digest(draft, draft.payload) + salt if draft.payload is not None else None for draft in drafts]


def repeat_of(
    draft: Draft, fingerprint: bytes | None, known: Known | None, index: int, stream: str, document_type: str
) -> Repeat | None:
    """Return the repeat that a draft is of a known document, or None when it has to be looked at."""
    if known is None or fingerprint is None or known.fingerprint != fingerprint or known.retired or draft.failure:
        return None
    moment = to_micros(draft.source_time) if draft.source_time is not None else None
    if moment is not None and moment not in MOMENTS:
        return None
    return Repeat(
        index,
        stream,
        document_type,
        draft.idempotency_key or "",
        draft.source_id or known.source_id,
        moment,
        fingerprint,
        draft,
    )


def _digest(draft: Draft, payload: bytes) -> bytes:
    """Hash the bytes, the id that was given with them, and whether a time was, which else is read from the bytes."""
    given = b"" if draft.source_id is None else draft.source_id.encode(errors="surrogatepass")
    # Whoever reads it from its end can take it apart in one way only.
    return digest(
        payload, given + len(given).to_bytes(4) + _ENDINGS[draft.source_id is None, draft.source_time is None]
    )[:_BYTES]


def same_salt(first: bytes, second: bytes) -> bool:
    """Tell whether two fingerprints were made under the same contract and origin."""
    return first[-_SALT:] == second[-_SALT:]


@lru_cache(maxsize=256)
def _salt(contract: type[Contract], *origin: str) -> bytes:
    schema = orjson.dumps(contract.model_json_schema(), option=orjson.OPT_SORT_KEYS)
    told = "\x00".join([contract.document_type, str(contract.version), str(_NORMAL_FORM), *origin])
    return hashlib.sha256(told.encode() + schema).digest()[:_SALT]
