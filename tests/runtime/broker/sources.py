"""Sources in a time of their own that take so many requests in what time, each counting in another way."""

import heapq
import itertools
import math
import random

from levada_runtime.outbound.quota import Quota
from levada_runtime.sandbox.broker.budget import Budget, Seeker, ask, tell


class Sliding:
    """At most `limit` in any `per_s` seconds."""

    def __init__(self, limit, per_s=1.0, offset=0.0):
        self.limit, self.per_s, self.offset = limit, per_s, offset
        self._taken = []

    def takes(self, now):
        self._taken = [at for at in self._taken if at > now - self.per_s]
        if len(self._taken) >= self.limit:
            return False
        self._taken.append(now)
        return True

    def left(self, now):
        return self.limit - len(self._taken), self._taken[0] + self.per_s - now if self._taken else self.per_s


class Fixed(Sliding):
    """At most `limit` in each window of the clock, wherever that begins."""

    def takes(self, now):
        window = math.floor((now - self.offset) / self.per_s)
        self._taken = [one for one in self._taken if one == window]
        if len(self._taken) >= self.limit:
            return False
        self._taken.append(window)
        return True

    def left(self, now):
        ends = (math.floor((now - self.offset) / self.per_s) + 1) * self.per_s + self.offset
        return self.limit - len(self._taken), ends - now


class Bucket(Sliding):
    """A bucket of `limit` that fills up in `per_s` seconds."""

    def __init__(self, limit, per_s=1.0, offset=0.0):
        super().__init__(limit, per_s, offset)
        self._tokens, self._at = float(limit), 0.0

    def takes(self, now):
        self._tokens = min(self.limit, self._tokens + (now - self._at) * self.limit / self.per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def left(self, now):
        return int(self._tokens), max(0.0, (1 - self._tokens) * self.per_s / self.limit)


class Told:
    """What came of a simulation: when each request was answered, by whom, how long it had waited, and with what."""

    def __init__(self):
        self.answered = []
        self.refused = []
        self.waits = {}

    def count(self, who, begin=0.0, end=math.inf):
        return sum(1 for at, by in self.answered if by == who and begin <= at < end)


def simulate(source, callers, *, rules=(), seconds=20.0, says="", seed=0, latency=(0.001, 0.03), budget=None):
    """Let callers, each `(name, backfill, pause)`, ask a source one request after another; return what came of it.

    `says` is what the source tells: "quota" in every answer or "late", in a refusal; "wait" in a refusal, or nothing.
    All share one budget.
    """
    rng, order = random.Random(seed), itertools.count()
    start = 1_700_000_000.0
    state = budget or Budget()
    told = Told()
    line = [(start + rng.random() * 0.01, next(order), "ask", one, 0.0) for one in callers]
    while line:
        now, _, what, caller, since = heapq.heappop(line)
        if now > start + seconds:
            continue
        name, backfill, pause = caller
        if what == "ask":
            state, wait = ask(state, rules, now, Seeker(name, backfill=backfill, waited_s=since))
            if wait > 0:
                heapq.heappush(line, (now + max(wait, 0.001), next(order), "ask", caller, since + wait))
                continue
            told.waits.setdefault(name, []).append(since)
            there = now + rng.uniform(*latency) / 2
            heapq.heappush(line, (there, next(order), "arrive", caller, now))
        elif what == "arrive":
            taken = source.takes(now)
            left, resets = source.left(now)
            tells = says == "quota" or (says == "late" and not taken)
            quota = Quota(max(left, 0), resets, source.limit) if tells else None
            asked = None if taken or says != "wait" else max(1.0, math.ceil(resets))
            back = now + rng.uniform(*latency) / 2
            heapq.heappush(line, (back, next(order), "told", caller, (taken, quota, asked, now - start)))
        else:
            taken, quota, asked, at = since
            state = tell(state, rules, now, name, status=200 if taken else 429, asked_s=asked, quota=quota)
            (told.answered if taken else told.refused).append((at, name))
            heapq.heappush(line, (now + pause, next(order), "ask", caller, 0.0))
    told.budget = state
    return told
