"""What may keep a valid record from its page: the law on idempotency schemes, and the gates, in this order."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from levada_runtime.ingest.gates import Gate, ask
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.schemes import Documents, Entry, Schemes, Sifted
from levada_runtime.store.unit_of_work import UnitOfWork


class Sieve:
    """Tells the records of one call after another apart; what it lets through is to be staged before the next."""

    def __init__(self, origin: Origin, gates: Sequence[Gate] = ()) -> None:
        self._origin = origin
        self._gates = gates
        self._schemes = Schemes(origin.scope, origin.connection)

    def begin(self, uow: UnitOfWork, documents: Documents, entries: list[Entry], doubted: AbstractSet[str]) -> Sifted:
        """Sift records of a call of which more are to come; `doubted` are the keys of those that wait for the last."""
        return self._asked(uow, documents, self._schemes.sift(uow, documents, entries, doubted))

    def end(self, uow: UnitOfWork, documents: Documents, entries: list[Entry], others: Iterable[str] = ()) -> Sifted:
        """Sift the last records of a call, which has handed over the keys `others` already."""
        return self._asked(uow, documents, self._schemes.settle(uow, documents, entries, others))

    def let_through(self, documents: Documents, sifted: Sifted) -> None:
        """Take note that what is clear goes into the page, and know documents by the keys that they take."""
        self._schemes.take_over(documents, sifted)
        if sifted.clear:
            self._schemes.remember(sifted.clear)

    def _asked(self, uow: UnitOfWork, documents: Documents, sifted: Sifted) -> Sifted:
        if not self._gates:
            return sifted
        clear, refused = ask(self._gates, uow, self._origin, documents, sifted.clear)
        keys = {one.idempotency_key for one in clear}
        rekeyed = [one for one in sifted.rekeyed if one.rekeyed.new in keys]
        return replace(sifted, clear=clear, refused=sifted.refused + refused, rekeyed=rekeyed)
