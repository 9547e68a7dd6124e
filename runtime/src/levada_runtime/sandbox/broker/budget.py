"""How many requests a source takes from one credential, and who may send the next. Values in, values out.

A request holds its place from before it is sent until a whole window after it was answered, so that the source, which
counted it at some moment between, never counts more in a window than it allows. What is not known of a source is
learnt from its answers: what they say is left, how long it asks to be left alone, and, where it says 429 without a
word on its limit, how fast it was asked just before.

Live work goes first: a backfill leaves a fifth of every window to it, and sends nothing while live work waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from levada._rate import RateLimit
from levada_runtime.outbound.quota import Quota
from levada_runtime.sandbox.broker.retry import SERVER_ERROR, TOO_MANY

FORGOTTEN_S: Final = 120.0
"""A request that was sent and never answered for is given up after this, since who sent it is dead."""
_SUSPECT_S: Final = 2.0
_SKEW_S: Final = 1.0
"""The clocks of two machines may differ by this; one that is further behind was set back."""
STAGGER_S: Final = 0.025
"""While nothing is known of a source, a request follows the one before it when that was answered, or after this."""
FAST_S, FAST_STAGGER_S = 0.05, 0.25
"""A source that answers within the first is waited for this long, since that costs next to nothing: its first 429 is
then everybody's."""
PATIENCE_S: Final = 30.0
"""A backfill that waited this long for live work to pause goes on as if it were live."""
LEARNT_S: Final = 3_600.0
"""How long a learnt pace is kept."""
SHARE: Final = 0.45
"""The part of the rate that a source said 429 to which it is asked at from then on.

Around the end of one window and the beginning of the next, twice the limit may have gone well.
"""
_LOOK_AGAIN_S: Final = 0.02
_RESERVED: Final = 5
_KNOWN_SHARE: Final = 0.8
_MUCH_LESS: Final = 0.6
_LEAST_SEEN: Final = 3
_WINDOWS: Final = (1.0, 10.0, 60.0)
_SPARSE: Final = 16
_FINE_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Budget:
    """What is known of one source's patience with one credential; moments are seconds since 1970.

    `past` holds when requests were answered and how many, oldest first; `flying` those under way, `waiting` live work
    that has to wait, and until when it is believed to. `tells` is whether the source says what is left before it is
    too late; `lag_s` is about how long an answer takes, `pace_s` the least time between two requests, as learnt.
    """

    seen_at: float = 0.0
    past: tuple[tuple[float, int], ...] = ()
    flying: Mapping[str, float] = field(default_factory=dict)
    waiting: Mapping[str, float] = field(default_factory=dict)
    last_at: float = 0.0
    closed_until: float = 0.0
    limit: int | None = None
    remaining: int | None = None
    resets_at: float | None = None
    tells: bool = False
    lag_s: float = 0.0
    pace_s: float | None = None
    learnt_at: float | None = None

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Budget":
        """Return what `kept` wrote down."""
        known = {name: value for name, value in kept.items() if name in cls.__dataclass_fields__}
        return cls(**{**known, "past": tuple((moment, count) for moment, count in kept.get("past", ()))})

    def kept(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        written = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in written.items() if value is not None and value not in ((), {})}


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who wants to send: `waited_s` is how long it has waited for this request already."""

    name: str
    backfill: bool = False
    waited_s: float = 0.0

    @property
    def yields(self) -> bool:
        """Whether live work goes first."""
        return self.backfill and self.waited_s < PATIENCE_S


def ask(budget: Budget, rules: Sequence[RateLimit], now: float, seeker: Seeker) -> tuple[Budget, float]:
    """Return how long to wait before asking again: 0 when the request may be sent, and is from now on under way."""
    budget = _tidied(budget, rules, now)
    wait = max(
        budget.closed_until - now,
        _behind_live(budget, now, seeker),
        *(_behind_rule(budget, rule, now, seeker) for rule in rules),
        _behind_quota(budget, now, seeker),
        _behind_pace(budget, now, seeker),
        0.0 if rules or _is_known(budget) else _behind_last(budget, now),
    )
    waiting = {name: until for name, until in budget.waiting.items() if name != seeker.name}
    if wait > 0:
        if not seeker.yields:
            waiting[seeker.name] = now + min(wait, PATIENCE_S) + 1.0
        return replace(budget, waiting=waiting), wait
    return replace(budget, waiting=waiting, flying={**budget.flying, seeker.name: now}, last_at=now), 0.0


def tell(
    budget: Budget,
    rules: Sequence[RateLimit],
    now: float,
    name: str,
    *,
    status: int | None = None,
    asked_s: float | None = None,
    quota: Quota | None = None,
) -> Budget:
    """Return what is known after a request was answered, or failed (no `status`); `asked_s` is its `Retry-After`."""
    budget = _tidied(budget, rules, now)
    sent_at = budget.flying.get(name, now)
    flying = {other: at for other, at in budget.flying.items() if other != name}
    budget = replace(budget, flying=flying)
    if status is not None:
        budget = replace(budget, lag_s=budget.lag_s + (now - sent_at - budget.lag_s) / 5)
        budget = replace(
            _with_quota(budget, now, quota), tells=budget.tells or (quota is not None and status != TOO_MANY)
        )
    if status == TOO_MANY:
        budget = _refused(budget, now, sent_at, asked_s, quota)
    elif asked_s is not None and status is not None and status >= SERVER_ERROR:
        budget = replace(budget, closed_until=max(budget.closed_until, now + asked_s))
    return replace(budget, past=(*budget.past, (now, 1)))


def let_go(budget: Budget, name: str) -> Budget:
    """Return the budget without a request that was not sent after all, or will not be asked for again."""
    flying = {other: at for other, at in budget.flying.items() if other != name}
    return replace(budget, flying=flying, waiting={other: at for other, at in budget.waiting.items() if other != name})


def without_dead(budget: Budget, now: float, is_dead: Callable[[str], bool]) -> Budget:
    """Return the budget without those that died: what they sent is counted from now, what they waited for is not.

    Nobody is asked for who has been at it for no longer than a source usually takes.
    """
    names = {name for name, at in budget.flying.items() if at <= now - _SUSPECT_S} | set(budget.waiting)
    dead = {name for name in names if is_dead(name)}
    if not dead:
        return budget
    sent = len(dead & set(budget.flying))
    return replace(
        budget,
        past=(*budget.past, (now, sent)) if sent else budget.past,
        flying={name: at for name, at in budget.flying.items() if name not in dead},
        waiting={name: until for name, until in budget.waiting.items() if name not in dead},
    )


def _is_known(budget: Budget) -> bool:
    return budget.remaining is not None or budget.pace_s is not None


def _tidied(budget: Budget, rules: Sequence[RateLimit], now: float) -> Budget:
    """Return it as it is now: without what is over, and with its moments moved if the clock was set back."""
    if budget.seen_at > now + _SKEW_S:
        budget = _moved(budget, now - budget.seen_at)
    longest = max([*_WINDOWS, *(rule.per_s for rule in rules)])
    values: dict[str, Any] = {
        "seen_at": max(now, budget.seen_at),
        "past": _thinned(budget.past, now, longest),
        "flying": {name: at for name, at in budget.flying.items() if at > now - FORGOTTEN_S},
        "waiting": {name: until for name, until in budget.waiting.items() if until > now},
    }
    if budget.resets_at is not None and budget.resets_at <= now:
        # One goes first and tells what is left: the moment may have been that of a window, or of the next request.
        values |= {"remaining": 1, "resets_at": None}
    if budget.learnt_at is not None and budget.learnt_at <= now - LEARNT_S:
        values |= {"pace_s": None, "learnt_at": None}
    return replace(budget, **values)


def _moved(budget: Budget, by: float) -> Budget:
    return replace(
        budget,
        seen_at=budget.seen_at + by,
        past=tuple((moment + by, count) for moment, count in budget.past),
        flying={name: at + by for name, at in budget.flying.items()},
        waiting={name: until + by for name, until in budget.waiting.items()},
        last_at=budget.last_at + by,
        closed_until=budget.closed_until + by,
        resets_at=None if budget.resets_at is None else budget.resets_at + by,
        learnt_at=None if budget.learnt_at is None else budget.learnt_at + by,
    )


def _thinned(past: Sequence[tuple[float, int]], now: float, longest: float) -> tuple[tuple[float, int], ...]:
    """Return what counts still, older ones told together with the next: they count longer for it, never shorter."""
    kept: list[tuple[float, int]] = []
    for moment, count in reversed(past):
        if moment <= now - longest:
            break
        if kept and kept[-1][0] - moment < max(_FINE_S, (now - moment) / _SPARSE):
            kept[-1] = (kept[-1][0], kept[-1][1] + count)
        else:
            kept.append((moment, count))
    return tuple(reversed(kept))


def _behind_live(budget: Budget, now: float, seeker: Seeker) -> float:
    if not seeker.yields or all(name == seeker.name for name in budget.waiting):
        return 0.0
    return min(0.1, max(until for name, until in budget.waiting.items() if name != seeker.name) - now)


def _behind_rule(budget: Budget, rule: RateLimit, now: float, seeker: Seeker) -> float:
    room = _share(rule.requests, seeker) - len(budget.flying)
    counted = [(moment, count) for moment, count in budget.past if moment > now - rule.per_s]
    over = sum(count for _, count in counted) + 1 - room
    if over <= 0:
        return 0.0
    for moment, count in counted:
        over -= count
        if over <= 0:
            return moment + rule.per_s - now
    return _in_a_while(budget)


def _behind_quota(budget: Budget, now: float, seeker: Seeker) -> float:
    if budget.remaining is None:
        return 0.0
    kept_back = budget.limit - _share(budget.limit, seeker) if budget.limit and budget.resets_at is not None else 0
    if budget.remaining - kept_back - len(budget.flying) > 0:
        return 0.0
    if budget.flying or budget.resets_at is None:
        return _in_a_while(budget)
    return budget.resets_at - now


def _behind_pace(budget: Budget, now: float, seeker: Seeker) -> float:
    if budget.pace_s is None:
        return 0.0
    return budget.last_at + budget.pace_s * (1.25 if seeker.yields else 1.0) - now


def _behind_last(budget: Budget, now: float) -> float:
    stagger_s = FAST_STAGGER_S if budget.lag_s < FAST_S else STAGGER_S
    if not budget.flying or (passed := now - max(budget.flying.values())) >= stagger_s:
        return 0.0
    return min(_LOOK_AGAIN_S / 4, stagger_s - passed)


def _in_a_while(budget: Budget) -> float:
    """Return when to look again for what comes by an answer: the more are waiting, the less often each looks."""
    return _LOOK_AGAIN_S * (1 + len(budget.waiting))


def _share(requests: int, seeker: Seeker) -> int:
    """Return how many of a window's requests this one may count on."""
    return requests - max(1, requests // _RESERVED) if seeker.yields and requests > 1 else requests


def _with_quota(budget: Budget, now: float, quota: Quota | None) -> Budget:
    if quota is None:
        if budget.remaining is None or budget.resets_at is None:
            return replace(budget, remaining=None, resets_at=None)
        return replace(budget, remaining=max(0, budget.remaining - 1))
    resets_at = now + (quota.resets_in_s if quota.resets_in_s is not None else quota.per_s or 1.0)
    remaining = quota.remaining
    if budget.remaining is not None and budget.resets_at is not None and resets_at <= budget.resets_at + 1.0:
        remaining = min(remaining, budget.remaining)  # answers overtake each other: within a window nothing comes back
    return replace(budget, remaining=remaining, resets_at=resets_at, limit=quota.limit or budget.limit)


def _refused(budget: Budget, now: float, sent_at: float, asked_s: float | None, quota: Quota | None) -> Budget:
    """Return what a 429 teaches: how long it is closed, and a pace unless the source itself said what is left."""
    resets_in_s = quota.resets_in_s if quota is not None and quota.remaining == 0 else None
    wait = asked_s if asked_s is not None else 1.0 if resets_in_s is None else resets_in_s
    budget = replace(budget, closed_until=max(budget.closed_until, now + wait))
    if (budget.tells and resets_in_s is not None) or asked_s == 0:
        return budget
    if budget.learnt_at is not None:
        return _relearnt(budget, now, budget.learnt_at) if sent_at > budget.learnt_at else budget
    window = next((one for one in _WINDOWS if one >= (asked_s or 0.0)), None)
    if window is None:
        return budget
    seen = sum(count for moment, count in budget.past if moment > now - window)
    return replace(budget, pace_s=window / seen / SHARE, learnt_at=now) if seen >= _LEAST_SEEN else budget


def _relearnt(budget: Budget, now: float, learnt_at: float) -> Budget:
    """Return what another 429 teaches, at a pace that had been learnt.

    A source that was taken by surprise once, by what it had saved up, takes much less than that on average: that is
    its rate. One that refuses what came at the learnt pace does not mind the rate, and no pace is kept.
    """
    seen = sum(count for moment, count in budget.past if moment > learnt_at)
    rate = seen / max(min(now - learnt_at, _WINDOWS[-1]), _FINE_S)
    if budget.pace_s is None or seen < _LEAST_SEEN or rate * budget.pace_s > _MUCH_LESS:
        return replace(budget, pace_s=None)
    return replace(budget, pace_s=1 / (_KNOWN_SHARE * rate), learnt_at=now)
