"""What the laws of ingest are held against, and the words that they are told in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from levada._ingest import Ingest

CUSTOMER = "customer"


class IngestBench(Protocol):
    """An ingest under test: the front that routes see, the page that it fills, and what is committed."""

    ingest: Ingest
    stream: str
    other_stream: str
    """Another stream that the same routes may hand records over for."""

    def commit_page(self, **checkpoint: Any) -> None:
        """End the page as `checkpoint.save(**checkpoint)` does."""
        ...

    def drop_page(self) -> None:
        """End the page as a route that raises does."""
        ...

    def break_commit(self, after: int, **checkpoint: Any) -> bool:
        """End the page as `commit_page` does, but have it fail after so many steps, and drop it then.

        Tells whether it failed: it may have fewer steps.
        """
        ...

    def close_period(self, *idempotency_keys: str) -> None:
        """Have the period closed that the records of these keys belong to."""
        ...

    def lose_store(self) -> AbstractContextManager[None]:
        """Have the store out of reach meanwhile."""
        ...

    def accept_scheme(self, document_type: str) -> None:
        """Accept the keys that the stream's records come under from now on, as an operator does."""
        ...

    def checkpoint(self) -> Mapping[str, Any]:
        """Return the committed checkpoint of the stream."""
        ...

    def documents(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the committed, current payloads by idempotency key; retired documents are left out."""
        ...

    def versions(self, idempotency_key: str) -> Sequence[Mapping[str, Any]]:
        """Return the payloads of all versions of a document, oldest first."""
        ...

    def events(self) -> Sequence[tuple[str, str]]:
        """Return the committed events in order, each a name and an idempotency key."""
        ...

    def quarantined(self) -> Sequence[str]:
        """Return the reasons of quarantined records, in order."""
        ...


Benches = Callable[[], IngestBench]


def customer(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a valid payload; `None` takes a field out."""
    payload = {"customer_id": str(number), "name": f"Customer {number}", **fields}
    return {name: value for name, value in payload.items() if value is not None}


def key_of(payload: Mapping[str, Any]) -> str:
    """Return the idempotency key that these laws use."""
    return f"source:customer:{payload['customer_id']}"


def new_key_of(payload: Mapping[str, Any]) -> str:
    """Return the key that a source uses that spells its keys anew."""
    return f"source:v2:{payload['customer_id']}"


def take(bench: IngestBench, *payloads: Any, **how: Any) -> list[str]:
    """Hand payloads over in one batch; return the outcomes."""
    how.setdefault("idempotency_key", key_of)
    return [result.outcome for result in bench.ingest.batch(CUSTOMER, list(payloads), **how).results]
