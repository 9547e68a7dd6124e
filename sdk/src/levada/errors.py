"""What can go wrong, grouped by what follows from it.

LevadaError
├── ConnectorMistake            fix the connector's code; the run is not retried
│   ├── InvalidDefinition       refused while the connector is being defined
│   ├── UnknownStream
│   ├── UnknownDocumentType
│   ├── HostNotDeclared
│   ├── SecretNotExposed
│   ├── NotJson                 a value that JSON cannot carry, outside a record
│   └── SourceRefused           the source says that the request is wrong
├── BadRecord                   fix the payload; sent again unchanged it fails again
│   └── BatchRejected           an all-or-nothing batch held at least one
├── SourceUnavailable           retried with backoff, after `wait` seconds if given
│   └── RateLimited
├── AuthFailed                  not retried; the connection is marked as needing attention
└── Forbidden                   the policy said no; the message names the way out

A class's docstring is its default message.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from levada._ingest import FailedRecord


class LevadaError(Exception):
    """Something went wrong between the connector, its source and the runtime."""

    code: ClassVar[str] = "levada_error"
    retryable: ClassVar[bool] = False
    wait: float | None = None

    def __init__(self, message: str | None = None, *, details: Mapping[str, Any] | None = None) -> None:
        self.message = message or (inspect.getdoc(type(self)) or type(self).__name__).splitlines()[0]
        self.details = dict(details or {})
        super().__init__(self.message)


class ConnectorMistake(LevadaError):
    """The connector's code is wrong: correct it, a retry cannot help."""

    code = "connector_mistake"


class InvalidDefinition(ConnectorMistake):
    """The connector is defined wrongly."""

    code = "invalid_definition"


class UnknownStream(ConnectorMistake):
    """The connector declares no such stream."""

    code = "unknown_stream"


class UnknownDocumentType(ConnectorMistake):
    """There is no such document type, or the route does not declare it in `emits`."""

    code = "unknown_document_type"


class HostNotDeclared(ConnectorMistake):
    """The request goes to a host that the connector does not declare in `hosts`."""

    code = "host_not_declared"


class SecretNotExposed(ConnectorMistake):
    """The secret stays outside the sandbox: declare it with `secret(..., expose=True)` to read it in a route."""

    code = "secret_not_exposed"


class NotJson(ConnectorMistake):
    """The value cannot be written as JSON."""

    code = "not_json"

    def __init__(self, path: str = "", message: str | None = None, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, details=details)
        self.path = path


class SourceRefused(ConnectorMistake):
    """The source refused the request as wrong."""

    code = "source_refused"


class BadRecord(LevadaError):
    """The record does not keep its contract: correct the payload, sent again unchanged it fails again."""

    code = "bad_record"

    def __init__(
        self,
        message: str | None = None,
        *,
        failed_records: Sequence["FailedRecord"] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, details=details)
        self.failed_records = tuple(failed_records)


class BatchRejected(BadRecord):
    """The batch holds invalid records, so nothing of it was kept."""

    code = "batch_rejected"

    def __init__(
        self,
        failed_records: Sequence["FailedRecord"] = (),
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message or _rejection(failed_records), failed_records=failed_records, details=details)


class SourceUnavailable(LevadaError):
    """The source does not answer as it should; the run is tried again later."""

    code = "source_unavailable"
    retryable = True

    def __init__(
        self, message: str | None = None, *, wait: float | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, details=details)
        self.wait = wait


class RateLimited(SourceUnavailable):
    """The source asks for patience; the run is tried again after the wait it named."""

    code = "rate_limited"


class AuthFailed(LevadaError):
    """The source does not accept the credentials: the connection needs attention."""

    code = "auth_failed"


class Forbidden(LevadaError):
    """The policy of the sandbox does not allow this."""

    code = "forbidden"


def error_for(
    code: str, message: str | None, wait: float | None = None, details: Mapping[str, Any] | None = None
) -> LevadaError:
    """Rebuild the error that a code stands for; an unknown code gives the root with the code in its details."""
    kind = _CLASSES.get(code)
    if kind is None:
        return LevadaError(message, details={**(details or {}), "code": code})
    if issubclass(kind, SourceUnavailable):
        return kind(message, wait=wait, details=details)
    if issubclass(kind, NotJson):
        return kind(str((details or {}).get("path", "")), message, details=details)
    if issubclass(kind, BatchRejected):
        return kind((), message, details=details)
    return kind(message, details=details)


def _rejection(failed: Sequence["FailedRecord"]) -> str | None:
    if not failed:
        return None
    named = "; ".join(f"record {record.index}: {record.message}" for record in failed[:10])
    rest = f"; and {len(failed) - 10} more" if len(failed) > 10 else ""
    return f"nothing of the batch was kept: {named}{rest}"


def _tree(root: type[LevadaError]) -> Iterator[type[LevadaError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


_CLASSES = {kind.code: kind for kind in _tree(LevadaError)}
