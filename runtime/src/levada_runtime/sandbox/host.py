"""The host's side of the wall: one call at a time, from the sources of a connector to how its run ended."""

import socket
import threading
import time
from typing import Final, Self

import orjson

from levada.errors import AuthFailed, RateLimited, SourceUnavailable
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.answering import Conversation, Handlers, NoHandlers
from levada_runtime.sandbox.channel import ChannelClosed, DeadlinePassed, HostChannel
from levada_runtime.sandbox.endings import Death, Ending, Killed, classify
from levada_runtime.sandbox.fitness import too_weak
from levada_runtime.sandbox.forker import Child, Forker, ZygoteLost
from levada_runtime.sandbox.lockdown import level_of
from levada_runtime.sandbox.model import Abort, Call, Level, Outcome
from levada_runtime.sandbox.probe import ProbeReport, probe
from levada_runtime.sandbox.protocol import Ended, ProtocolError, RequestFrame, RunFrame, Start
from levada_runtime.sandbox.standard import completed

REASONS: Final = {
    AuthFailed.code: "auth",
    SourceUnavailable.code: "source_unavailable",
    RateLimited.code: "rate_limited",
}


class Sandbox:
    """One zygote and the calls made through it. A context manager; what died is started again by the next call.

    Below `minimum` it refuses to start unless `allow_weak`. `without` names layers to leave out, for machines where
    one of them misbehaves, and for the tests' positive controls.
    """

    def __init__(
        self, *, minimum: Level = Level.L2, allow_weak: bool = False, without: frozenset[str] = frozenset()
    ) -> None:
        self._minimum = Level.L0 if allow_weak else minimum
        self._without = without
        self._forker: Forker | None = None
        self._report: ProbeReport | None = None
        self._calls = 0
        self._busy = threading.Lock()

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

    def start(self) -> None:
        """Start the zygote and let a real child say what was applied; raise EnvironmentFailure below the minimum."""
        self._zygote()
        if self._report is None:
            report = probe(self._unasked, attacks=False)
            if report.level < self._minimum:
                self.close()
                raise too_weak(report, self._minimum)
            self._report = report

    def close(self) -> None:
        """End the zygote and every child."""
        if self._forker is not None:
            self._forker.close()
            self._forker = None

    def probe(self) -> ProbeReport:
        """Try the attacks in real children and say what became of each."""
        return probe(self._unasked, attacks=True)

    def call(self, call: Call, handlers: Handlers | None = None) -> Outcome:
        """Run one call in a fresh child and return how it ended; a handler's own failures go through."""
        return self._run(call, handlers or NoHandlers(), self._minimum)

    def _unasked(self, call: Call) -> Outcome:
        return self._run(call, NoHandlers(), Level.L0)

    def _run(self, call: Call, handlers: Handlers, minimum: Level) -> Outcome:
        with self._busy:
            began = time.monotonic()
            try:
                zygote = self._zygote()
                libraries = completed(call.bundle.libraries, zygote.modules)
                child, end = zygote.fork()
            except ZygoteLost as lost:
                return self._lost(lost, began)
            self._calls += 1
            start = _start_frame(call, minimum, self._calls, libraries)
            return _Attempt(call, start, handlers, child, end, began).run(self)

    def end_of(self, child: Child) -> Death:
        """Wait for a child's end; raise ZygoteLost when nobody is left to tell."""
        if self._forker is None:
            raise ZygoteLost("the sandbox was closed")
        exited = self._forker.ended(child)
        return Death(exited.status, exited.cpu_s, exited.max_rss_bytes)

    def lose(self) -> None:
        """Let go of a zygote that is gone."""
        self.close()

    def _zygote(self) -> Forker:
        if self._forker is not None and not self._forker.alive:
            self.close()
        if self._forker is None:
            self._forker = Forker(self._without)
        return self._forker

    def _lost(self, lost: ZygoteLost, began: float) -> Outcome:
        self.close()
        return Outcome("worker_lost", "worker_lost", str(lost), retryable=True, wall_s=time.monotonic() - began)


class _Attempt:
    """One child's life as the host sees it."""

    def __init__(
        self, call: Call, start: Start, handlers: Handlers, child: Child, end: socket.socket, began: float
    ) -> None:
        self._call = call
        self._start = start
        self._child = child
        self._end = end
        self._began = began
        self._channel = HostChannel(end, began + call.limits.wall_s)
        self._conversation = Conversation(self._channel, handlers)

    def run(self, sandbox: Sandbox) -> Outcome:
        try:
            said, killed = self._converse()
            death = sandbox.end_of(self._child)
        except ZygoteLost as lost:
            sandbox.lose()
            return self._outcome(Ending("worker_lost", "worker_lost", str(lost), retryable=True), None)
        except BaseException:
            self._abandon(sandbox)
            raise
        finally:
            self._end.close()
            self._child.close()
        if said is not None and said.kind == "weak":
            raise EnvironmentFailure(f"the sandbox became too weak: {said.message}", code="sandbox_too_weak")
        return self._outcome(classify(said, death, killed, self._call.limits, REASONS), death)

    def _converse(self) -> tuple[Ended | None, Killed | None]:
        killed: Killed
        try:
            self._channel.send(self._start)
            return self._conversation.hold(), None
        except ChannelClosed:
            return None, None
        except DeadlinePassed:
            killed = Killed("timeout", f"the run took longer than {self._call.limits.wall_s:g} s")
        except ProtocolError as error:
            killed = Killed("protocol_violation", str(error))
        except Abort as abort:
            killed = Killed(abort.reason, abort.message)
        self._child.kill()
        return None, killed

    def _abandon(self, sandbox: Sandbox) -> None:
        self._child.kill()
        try:
            sandbox.end_of(self._child)
        except ZygoteLost:
            sandbox.lose()

    def _outcome(self, ending: Ending, death: Death | None) -> Outcome:
        return Outcome(
            reason=ending.reason,
            code=ending.code,
            message=ending.message,
            traceback=ending.traceback,
            retryable=ending.retryable,
            wait=ending.wait,
            result=ending.result,
            level=level_of(self._conversation.layers).value,
            layers=dict(self._conversation.layers),
            cpu_s=death.cpu_s if death else 0.0,
            wall_s=time.monotonic() - self._began,
            max_rss_bytes=death.max_rss_bytes if death else 0,
        )


def _start_frame(call: Call, minimum: Level, number: int, libraries: dict[str, bytes]) -> Start:
    run, request = call.run, call.request
    moment = run.scheduled_for.isoformat() if run and run.scheduled_for else None
    return Start(
        action=call.action,
        package=call.bundle.package,
        attribute=call.bundle.attribute,
        files=dict(call.bundle.files),
        libraries=libraries,
        stream=call.stream,
        settings=orjson.dumps(dict(call.settings)),
        secrets=dict(call.secrets),
        checkpoint=orjson.dumps({partition: dict(values) for partition, values in call.checkpoint.items()}),
        run=RunFrame(run.id, run.mode, run.connection, run.observing, run.attempt, moment) if run else None,
        now=call.now.isoformat(),
        memory_bytes=call.limits.memory_bytes,
        cpu_s=call.limits.cpu_s,
        minimum=minimum.value,
        run_number=number,
        request=RequestFrame(request.body, dict(request.headers), dict(request.params), request.delivery_id)
        if request
        else None,
    )


