"""The host's side of the wall: one call at a time, from the sources of a connector to how its run ended."""

import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Self

from levada_runtime.sandbox import warm
from levada_runtime.sandbox.answering import Handlers, NoHandlers
from levada_runtime.sandbox.endings import Death
from levada_runtime.sandbox.fitness import too_weak
from levada_runtime.sandbox.forker import Forker, ZygoteLost
from levada_runtime.sandbox.kernel.cgroup import LAYER, Groups
from levada_runtime.sandbox.living import Living
from levada_runtime.sandbox.model import Call, Level, Outcome
from levada_runtime.sandbox.opening import start_frame
from levada_runtime.sandbox.probe import ProbeReport, probe
from levada_runtime.sandbox.protocol import Start
from levada_runtime.sandbox.turn import DiedIdle, Turn

_TIDY_AFTER_S: Final = 0.05


class Sandbox:
    """One zygote and the calls made through it. A context manager; what died is started again by the next call.

    Below `minimum` it refuses to start unless `allow_weak`. `without` names layers to leave out, for machines where
    one of them misbehaves, and for the tests' positive controls. A `forker` whose zygote wakes already, with the same
    layers left out, is closed with the rest.
    """

    def __init__(
        self,
        *,
        minimum: Level = Level.L2,
        allow_weak: bool = False,
        without: frozenset[str] = frozenset(),
        warm_children: int = warm.CHILDREN,
        forker: Forker | None = None,
    ) -> None:
        self._minimum = Level.L0 if allow_weak else minimum
        self._without = without
        self._forker = forker
        self._groups = self._founded() if forker is not None else None
        self._report: ProbeReport | None = None
        self._shelf = warm.Shelf(min(warm_children, warm.CHILDREN))
        self._tidying: threading.Timer | None = None
        self._calls = 0
        self._busy = threading.RLock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    @property
    def level(self) -> Level:
        """The level a child reached when the sandbox was started."""
        if self._report is None:
            self.start()
        assert self._report is not None
        return self._report.level

    @property
    def zygote_pid(self) -> int | None:
        return self._forker.pid if self._forker is not None else None

    @property
    def loaded_modules(self) -> frozenset[str]:
        """The names of the modules a child finds loaded; what its libraries import beyond them has to be sent along."""
        with self._busy:
            return self._zygote().modules

    def wake(self) -> None:
        """Have a zygote woken without waiting for it."""
        with self._busy:
            if self._forker is None:
                self._woken()

    def start(self) -> None:
        """Start the zygote and let a real child say what was applied; raise EnvironmentFailure below the minimum."""
        self._zygote()
        if self._report is None:
            report = probe(self._unasked, attacks=False)
            if report.level < self._minimum:
                self.close()
                raise too_weak(report, self._minimum)
            self._report = report

    @property
    def warm_children(self) -> int:
        """How many children wait for another call."""
        return len(self._shelf)

    def close(self) -> None:
        """End the zygote and every child."""
        with self._busy:
            if self._tidying is not None:
                self._tidying.cancel()
                self._tidying = None
            kept = self._shelf.take_all()
            if self._forker is not None:
                self._forker.close()
                self._forker = None
            for living in kept:
                living.close()
            if self._groups is not None:
                self._groups.close()
                self._groups = None

    def probe(self) -> ProbeReport:
        """Try the attacks in real children and say what became of each."""
        return probe(self._unasked, attacks=True)

    def call(self, call: Call, handlers: Handlers | None = None) -> Outcome:
        """Run one call and return how it ended; a handler's own failures go through."""
        return self._run(call, handlers or NoHandlers(), self._minimum)

    def _unasked(self, call: Call) -> Outcome:
        return self._run(call, NoHandlers(), Level.L0)

    def _run(self, call: Call, handlers: Handlers, minimum: Level) -> Outcome:
        with self._busy:
            # Starting a zygote is no part of any run's time.
            self._zygote()
            began = time.monotonic()
            if not self._shelf.has_room:
                call = replace(call, keep_warm=None)
            try:
                return self._in_kept(call, handlers, began) or self._in_fresh(call, handlers, minimum, began)
            except ZygoteLost as lost:
                self.close()
                return Outcome("worker_lost", "worker_lost", str(lost), retryable=True, wall_s=time.monotonic() - began)

    def _in_kept(self, call: Call, handlers: Handlers, began: float) -> Outcome | None:
        """Run the call in the child kept for it; None when there is none, or it died while it waited."""
        self._zygote()
        self._end_all(self._shelf.take_aged(began))
        living = self._shelf.take(call.keep_warm) if call.keep_warm is not None else None
        if living is None:
            return None
        try:
            return self._turn(call, living, handlers, began, None)
        except DiedIdle:
            return None

    def _in_fresh(self, call: Call, handlers: Handlers, minimum: Level, began: float) -> Outcome:
        forker = self._zygote()
        assert self._groups is not None
        group = self._groups.make(call.limits.memory_bytes)
        try:
            child, end = forker.fork(group.door if group is not None else None)
        except ZygoteLost:
            if group is not None:
                group.close()
            raise
        if group is not None:
            group.shut()
        self._calls += 1
        living = Living(child, end, group, began, self._groups.state)
        keep = call.keep_warm is not None
        start = start_frame(call, minimum, self._calls, forker.modules, keep=keep)
        return self._turn(call, living, handlers, began, start)

    def _turn(self, call: Call, living: Living, handlers: Handlers, began: float, start: Start | None) -> Outcome:
        turn = Turn(call, living, handlers, began, self._bury)
        try:
            outcome = turn.run(start)
        finally:
            if not turn.is_kept:
                living.close()
        if turn.is_kept and call.keep_warm is not None:
            self._end_all(self._shelf.put(call.keep_warm, living))
            self._tidy_later()
        return outcome

    def _bury(self, living: Living) -> Death:
        """Wait for a child's end; raise ZygoteLost when nobody is left to tell."""
        if self._forker is None:
            raise ZygoteLost("the sandbox was closed")
        exited, lived_on = self._forker.ended(living.child)
        death = Death(exited.status, exited.cpu_s, exited.max_rss_bytes, lived_on=lived_on)
        if living.group is not None and death.signal == signal.SIGKILL:
            return replace(death, oom=living.group.oom_kills > 0)
        return death

    def _end_all(self, children: Iterable[Living]) -> None:
        failed: ZygoteLost | None = None
        for living in children:
            living.child.kill()
            try:
                self._bury(living)
            except ZygoteLost as lost:
                failed = lost
            living.close()
        if failed is not None:
            raise failed

    def _tidy_later(self) -> None:
        """See to it that kept children end in time even if nobody calls again."""
        until = self._shelf.next_end()
        if until is not None and self._tidying is None:
            self._tidying = threading.Timer(max(until - time.monotonic(), 0.0) + _TIDY_AFTER_S, self._tidy)
            self._tidying.daemon = True
            self._tidying.start()

    def _tidy(self) -> None:
        with self._busy:
            self._tidying = None
            try:
                self._end_all(self._shelf.take_aged(time.monotonic()))
            except ZygoteLost:
                self.close()
            self._tidy_later()

    def _zygote(self) -> Forker:
        if self._forker is not None and not self._forker.alive:
            self.close()
        forker = self._forker or self._woken()
        try:
            forker.wait()
        except BaseException:
            self.close()
            raise
        return forker

    def _woken(self) -> Forker:
        self._forker = Forker(self._without)
        self._groups = self._founded()
        return self._forker

    def _founded(self) -> Groups:
        return Groups.found(wanted=LAYER not in self._without)
