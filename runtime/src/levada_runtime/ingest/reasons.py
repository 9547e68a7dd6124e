"""Why a record can be refused: a closed set, and the one reason among them for which sending it again may help."""

from enum import StrEnum


class Reason(StrEnum):
    """A word for what is wrong with a record."""

    VALIDATION_FAILED = "validation_failed"
    UNKNOWN_DOCUMENT_TYPE = "unknown_document_type"
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    IDEMPOTENCY_SCHEME_CHANGED = "idempotency_scheme_changed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    NOT_JSON = "not_json"
    PERIOD_CLOSED = "period_closed"
    STORE_UNAVAILABLE = "store_unavailable"


RETRYABLE = frozenset({Reason.STORE_UNAVAILABLE})
