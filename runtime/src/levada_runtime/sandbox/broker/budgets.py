"""Rate budgets that all runs of an organisation share, in whatever process: what one learns of a source, all keep to.

An observed run keeps to them and writes nothing: what it learns is its own. So is what a run learns while the store
cannot be asked, which is no reason not to ask the source.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, Protocol, TypeVar

from levada import RateLimited
from levada._rate import RateLimit
from levada_runtime.foundation.logging import logger
from levada_runtime.outbound import Answer
from levada_runtime.outbound.quota import quota_of
from levada_runtime.outbound.retry_after import retry_after
from levada_runtime.sandbox.broker.budget import Budget, Seeker, ask, let_go, tell, without_dead
from levada_runtime.sandbox.model import Abort
from levada_runtime.store.failures import UNAVAILABLE
from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.owners import is_dead, this_process

Result = TypeVar("Result")
_LEAST_SLEEP_S: Final = 0.001
_ALONE_S: Final = 5.0
"""How long a run goes by what it knows itself after the store could not be asked."""


class Turns(Protocol):
    """What a broker asks before it sends a request, and tells when it was answered; a place is host and port."""

    def take(self, place: str, sleep: Callable[[float], None], *, longest_s: float, left_s: float) -> None:
        """Wait for a turn; raises RateLimited when that would take longer than `longest_s`, or than there is."""

    def answered(self, place: str, answer: Answer | None) -> None:
        """Tell what the source said, or that it said nothing."""


class Budgets:
    """The rate budgets of this installation."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def of(
        self,
        org_id: int,
        credential: bytes,
        rules: Sequence[RateLimit],
        *,
        backfill: bool = False,
        observing: bool = False,
    ) -> "Share":
        """Return one run's share in the budgets of a credential, which `rules` bound from the start."""
        return Share(self._store, self._now, (org_id, credential), rules, backfill=backfill, observing=observing)


class Share:
    """One run's share: it sends one request at a time."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], float],
        owner: tuple[int, bytes],
        rules: Sequence[RateLimit],
        *,
        backfill: bool,
        observing: bool,
    ) -> None:
        self._store = store
        self._now = now
        self._owner = owner
        self._rules = tuple(rules)
        self._backfill = backfill
        self._observing = observing
        self._known: dict[str, Budget] = {}
        self._alone_until = 0.0

    @cached_property
    def _name(self) -> str:
        """What this run is called in a budget; whoever waits for it can tell whether its process is dead."""
        return f"{uuid.uuid4().hex[:12]}@{this_process()}"

    def take(self, place: str, sleep: Callable[[float], None], *, longest_s: float, left_s: float) -> None:
        """Wait until a request may be sent to a place; from then on it counts.

        Raises RateLimited when it is known that this would take too long; the run is tried again then.
        """
        waited = 0.0
        while (wait := self._ask(place, waited)) > 0:
            if wait > longest_s or waited + wait >= left_s:
                self._leave(place)
                raise RateLimited(
                    f"{place} takes no more requests with these credentials for another {wait:.0f} s; "
                    "the run is tried again then",
                    wait=wait,
                )
            try:
                sleep(max(wait, _LEAST_SLEEP_S))
            except Abort:
                self._leave(place)
                raise
            waited += wait

    def answered(self, place: str, answer: Answer | None) -> None:
        """Learn from what the source said to the request that was sent last, or from its saying nothing."""
        moment = datetime.fromtimestamp(self._now(), UTC)
        said = answer.headers if answer is not None else ()
        asked_s = retry_after(next((value for name, value in said if name.lower() == "retry-after"), None), moment)
        quota = quota_of(said, moment)
        status = answer.status if answer is not None else None

        def change(budget: Budget) -> tuple[Budget, None]:
            now = self._now()  # read while the budget is held, so that it never goes back
            return tell(budget, self._rules, now, self._name, status=status, asked_s=asked_s, quota=quota), None

        self._change(place, change)

    def _leave(self, place: str) -> None:
        """Wait no longer, so that nobody goes behind this run."""
        self._change(place, lambda budget: (let_go(budget, self._name), None))

    def _ask(self, place: str, waited: float) -> float:
        seeker = Seeker(self._name, backfill=self._backfill, waited_s=waited)

        def change(budget: Budget) -> tuple[Budget, float]:
            now = self._now()
            return ask(without_dead(budget, now, _is_dead), self._rules, now, seeker)

        return self._change(place, change)

    def _change(self, place: str, change: Callable[[Budget], tuple[Budget, Result]]) -> Result:
        if not self._observing and time.monotonic() >= self._alone_until:
            try:
                return self._change_for_all(place, change)
            except UNAVAILABLE as error:
                self._alone_until = time.monotonic() + _ALONE_S
                logger("broker").debug("a rate budget could not be asked", why=type(error).__name__)
        if place not in self._known:
            self._known[place] = self._looked(place) if self._observing else Budget()
        self._known[place], result = change(self._known[place])
        return result

    def _change_for_all(self, place: str, change: Callable[[Budget], tuple[Budget, Result]]) -> Result:
        """Change what is kept: at once if it is as this run left it, which it is unless others ask with it."""
        known = self._known.get(place)
        if known is not None:
            changed, result = change(known)
            moment = datetime.fromtimestamp(self._now(), UTC)
            with self._store.remark() as uow:
                if uow.rate_budgets.swap(*self._owner, place, known.kept(), changed.kept(), moment):
                    self._known[place] = changed
                    return result
        return self._change_held(place, change)

    def _change_held(self, place: str, change: Callable[[Budget], tuple[Budget, Result]]) -> Result:
        with self._store.note() as uow:
            moment = datetime.fromtimestamp(self._now(), UTC)
            held = uow.rate_budgets.hold(*self._owner, place, moment)
            changed, result = change(Budget.read(held))
            uow.rate_budgets.keep(*self._owner, place, changed.kept(), moment)
        self._known[place] = changed
        return result

    def _looked(self, place: str) -> Budget:
        with self._store.read() as uow:
            return Budget.read(uow.rate_budgets.look(*self._owner, place))


def _is_dead(name: str) -> bool:
    return is_dead(name.partition("@")[2])
