"""The contracts this installation knows, by document type."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from levada.contracts import CONTRACTS, Contract
from levada_runtime.foundation.errors import UsageFailure


class Registry:
    """The contract of each document type; two owners of one name are refused."""

    def __init__(self, contracts: Mapping[str, type[Contract]] = CONTRACTS) -> None:
        self._contracts = dict(contracts)

    def extend(self, owner: str, contracts: Iterable[type[Contract]]) -> None:
        """Add an extension's contracts.

        Raises UsageFailure when a document type has an owner already.
        """
        for contract in contracts:
            if contract.document_type in self._contracts:
                raise UsageFailure(
                    f"{owner} offers the document type {contract.document_type!r}, which has a contract already",
                    code="duplicate_contract",
                    hint="rename the extension's type, or remove one of the two",
                )
            self._contracts[contract.document_type] = contract

    def get(self, document_type: str) -> type[Contract] | None:
        return self._contracts.get(document_type)

    def nearest(self, document_type: str) -> str | None:
        """Return the known type that a misspelt one was probably meant to be."""
        return next(iter(difflib.get_close_matches(document_type, self._contracts, n=1)), None)

    def plural(self, word: str) -> type[Contract] | None:
        """Return the contract whose plural names it in a URL."""
        return next((contract for contract in self if contract.plural == word), None)

    def __iter__(self) -> Iterator[type[Contract]]:
        return iter(self._contracts.values())
