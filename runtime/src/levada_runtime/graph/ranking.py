"""Which source goes before which: an order of sources for each kind of entity, as an operator set it. Values only."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase


class Ranking:
    """The orders of one organisation. A source stands where the first pattern is that fits it, else behind them all.

    Where two stand side by side, the latest assertion wins, as it does for a kind without an order.
    """

    def __init__(self, orders: Mapping[str, Sequence[str]]) -> None:
        self._orders = orders
        self._known: dict[tuple[str, str], int] = {}

    def ranks(self, kind: str, sources: Iterable[str]) -> list[int] | None:
        """Return where each source stands for a kind, the foremost at nought; None for a kind without an order."""
        order = self._orders.get(kind)
        return None if order is None else [self._rank(kind, source, order) for source in sources]

    def _rank(self, kind: str, source: str, order: Sequence[str]) -> int:
        place = kind, source
        if place not in self._known:
            fitting = (number for number, pattern in enumerate(order) if fnmatchcase(source, pattern))
            self._known[place] = next(fitting, len(order))
        return self._known[place]


UNRANKED = Ranking({})
