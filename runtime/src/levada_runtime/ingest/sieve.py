"""What may keep a valid record from its page: the law on idempotency schemes, and the gates, in this order."""

from collections.abc import Sequence
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

    def sift(self, uow: UnitOfWork, documents: Documents, entries: list[Entry]) -> Sifted:
        """Sift the records of a call."""
        return self._asked(uow, documents, self._schemes.sift(uow, documents, entries))

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
