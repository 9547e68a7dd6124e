"""The contracts this installation knows, by document type, and whose they are."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from levada.contracts import CONTRACTS, Contract
from levada_runtime.contracts.offers import is_widening, not_wider, unfit
from levada_runtime.foundation.errors import UsageFailure

BUILT_IN = "levada"
"""The owner of the canonical types."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A contract, who brought it, and who widened it since."""

    contract: type[Contract]
    owner: str
    widened_by: str | None = None


class Registry:
    """The contract of each document type; two owners of one name are refused."""

    def __init__(self, contracts: Mapping[str, type[Contract]] = CONTRACTS) -> None:
        self._owned = {name: Owned(contract, BUILT_IN) for name, contract in contracts.items()}

    def extend(self, owner: str, contracts: Iterable[type[Contract]]) -> None:
        """Add an extension's contracts, and put those that widen another into its place.

        Raises UsageFailure when one cannot be taken, naming both who offers it and whose name it takes.
        """
        for contract in contracts:
            flaw = unfit(contract)
            if flaw is not None:
                raise _refused(owner, f"offers {flaw}")
            known = self._owned.get(contract.document_type)
            if is_widening(contract):
                self._owned[contract.document_type] = _widened(owner, contract, known)
                continue
            if known is not None:
                raise _taken(owner, f"the document type {contract.document_type!r}", known)
            namesake = next((one for one in self._owned.values() if one.contract.plural == contract.plural), None)
            if namesake is not None:
                raise _taken(owner, f"the plural {contract.plural!r}", namesake)
            self._owned[contract.document_type] = Owned(contract, owner)

    def get(self, document_type: str) -> type[Contract] | None:
        found = self._owned.get(document_type)
        return found.contract if found else None

    def owned(self, document_type: str) -> Owned | None:
        """Return a contract together with its owner."""
        return self._owned.get(document_type)

    def nearest(self, document_type: str) -> str | None:
        """Return the known type that a misspelt one was probably meant to be."""
        return next(iter(difflib.get_close_matches(document_type[:100], self._owned, n=1)), None)

    def plural(self, word: str) -> type[Contract] | None:
        """Return the contract whose plural names it in a URL."""
        return next((contract for contract in self if contract.plural == word), None)

    @property
    def projected(self) -> frozenset[str]:
        """The document types that stand for something in the graph."""
        return frozenset(name for name, one in self._owned.items() if one.contract.projection is not None)

    def __iter__(self) -> Iterator[type[Contract]]:
        return (one.contract for one in self._owned.values())


def _widened(owner: str, contract: type[Contract], known: Owned | None) -> Owned:
    kind = contract.document_type
    if known is None:
        raise _refused(owner, f"widens the document type {kind!r}, which there is not")
    if known.widened_by is not None and not issubclass(contract, known.contract):
        raise UsageFailure(
            f"{owner} widens the document type {kind!r}, which {known.widened_by} has widened already",
            code="duplicate_contract",
            hint=f"derive one of the two from the other's {known.contract.__name__}, or remove one",
        )
    why = not_wider(known.contract, contract)
    if why is not None:
        raise _refused(owner, f"offers a {contract.__name__} that does not widen {_whose(known)} {kind!r}: {why}")
    return replace(known, contract=contract, widened_by=owner)


def _taken(owner: str, what: str, known: Owned) -> UsageFailure:
    return UsageFailure(
        f"{owner} offers {what}, which is {_whose(known)} already ({known.contract.document_type})",
        code="duplicate_contract",
        hint="rename the extension's, remove one of the two, or say `widens = True` if it is meant to take its place",
    )


def _whose(known: Owned) -> str:
    return f"{known.owner}'s"


def _refused(owner: str, what: Any) -> UsageFailure:
    return UsageFailure(f"{owner} {what}", code="extension_broken", hint="mend or remove the extension")
