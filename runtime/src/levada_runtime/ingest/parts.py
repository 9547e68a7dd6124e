"""A call whose records arrive in parts: each is looked up when it comes, and looked at while the next is looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from levada import Draft
from levada_runtime.contracts.validation import Invalid
from levada_runtime.ingest.model import Arrival, Rejected, Repeat
from levada_runtime.store.model import Known


@dataclass(slots=True)
class Part:
    """Records that came together, and what was found out about them before each is looked at."""

    stream: str
    document_type: str
    drafts: Sequence[Draft]
    first: int
    """The place of the first of them in the call."""
    refused: Sequence[Invalid | None] = ()
    """Why each is refused before its payload is looked at; None of one that is not."""
    known: Mapping[str, Known | None] = field(default_factory=dict)
    prints: Sequence[bytes | None] = ()
    """Their fingerprints."""
    lost: Exception | None = None
    """Why the store could not be asked about them."""

    @property
    def places(self) -> range:
        """The places of the records in the call."""
        return range(self.first, self.first + len(self.drafts))

    @property
    def keys(self) -> set[str]:
        """The keys of those that are not refused already."""
        pairs = zip(self.drafts, self.refused, strict=True)
        return {draft.idempotency_key or "" for draft, refusal in pairs if refusal is None}


@dataclass(slots=True)
class OpenCall:
    """What came of a call so far; the last part waits until there is time to look at it."""

    records: int = 0
    waiting: Part | None = None
    held: list[Arrival | Repeat] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def follow(self, stream: str, document_type: str, drafts: Sequence[Draft]) -> Part:
        """Return these drafts as the next part."""
        part = Part(stream, document_type, drafts, self.records)
        self.records += len(drafts)
        return part

    def take(self, results: Sequence[Arrival | Repeat | Rejected]) -> None:
        """Keep what became of a part."""
        for one in results:
            if isinstance(one, Rejected):
                self.rejected.append(one)
            else:
                self.held.append(one)
