"""One call in one child as the host sees it: the conversation, what ended it, and whether the child may stay."""

import os
import time
from collections.abc import Callable
from typing import Final

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.answering import Conversation, Handlers
from levada_runtime.sandbox.channel import ChannelClosed, DeadlinePassed, HostChannel
from levada_runtime.sandbox.endings import Death, Ending, Killed, classify
from levada_runtime.sandbox.forker import ZygoteLost
from levada_runtime.sandbox.kernel.cgroup import LAYER
from levada_runtime.sandbox.kernel.lockdown import level_of
from levada_runtime.sandbox.kernel.processor import Allowance, CpuSpent, used_s
from levada_runtime.sandbox.living import Living
from levada_runtime.sandbox.model import Abort, Call, Outcome
from levada_runtime.sandbox.opening import again_frame
from levada_runtime.sandbox.protocol import Ended, ProtocolError, Start
from levada_runtime.sandbox.warm import Wear, may_stay

_WORD_BYTES: Final = 16


class DiedIdle(Exception):  # noqa: N818 - it is what it says.
    """A child that had been kept was gone before it turned to this call: nothing of the call was begun."""


class Turn:
    """One call in one child; `bury` waits for the end of a child that is ending or was killed."""

    def __init__(
        self, call: Call, living: Living, handlers: Handlers, began: float, bury: Callable[[Living], Death]
    ) -> None:
        self._served_before = living.served
        word = os.urandom(_WORD_BYTES) if living.served else None
        before_s = (used_s(living.child.pid) or 0.0) if living.served else 0.0
        self._call = call
        self._living = living
        self._bury = bury
        self._began = began
        self._word = word
        self._cpu = Allowance(living.child.pid, call.limits.cpu_s, before_s)
        self._channel = HostChannel(living.end, began + call.limits.wall_s, self._cpu)
        self._conversation = Conversation(self._channel, handlers, living.layers, word)
        self.is_kept = False

    def run(self, start: Start | None) -> Outcome:
        """Hold the call: opened by `start` in a fresh child, else in one that was kept; raise DiedIdle or ZygoteLost.

        Unless it `is_kept` the child has ended when this returns or raises.
        """
        if start is None:
            self._living.child.resume()
        try:
            said, killed = self._converse(start)
        except BaseException:
            self._living.child.kill()
            self._buried_quietly()
            raise
        self.is_kept = said is not None and killed is None and self._may_stay(said)
        living = self._living
        if self.is_kept:
            living.child.pause()  # What it used between two calls would be no call's.
        if said is not None and not self.is_kept and self._call.keep_warm is not None:
            living.child.kill()  # It waits for another call.
        death = None if self.is_kept else self._bury(living)
        if death is not None and killed is None and not self._conversation.has_begun and not death.is_violation:
            raise DiedIdle
        if said is not None and said.kind == "weak" and start and level_of(living.layers) < start.minimum:
            raise EnvironmentFailure(f"the sandbox became too weak: {said.message}", code="sandbox_too_weak")
        return self._outcome(classify(said, self._relative(death), killed, self._call.limits), death)

    def _converse(self, start: Start | None) -> tuple[Ended | None, Killed | None]:
        killed: Killed
        limits = self._call.limits
        try:
            self._channel.send(start or again_frame(self._call, self._word or b""))
            return self._finish(self._conversation.hold())
        except ChannelClosed:
            return None, None
        except DeadlinePassed:
            killed = Killed("timeout", f"the run took longer than {limits.wall_s:g} s")
        except CpuSpent:
            killed = Killed("cpu_limit", f"the run used its {limits.cpu_s:g} s of processor time")
        except ProtocolError as error:
            killed = Killed("protocol_violation", str(error))
        except Abort as abort:
            killed = Killed(abort.reason, abort.message)
        self._living.child.kill()
        return None, killed

    def _finish(self, said: Ended) -> tuple[Ended, None]:
        """Return its last word; raise ProtocolError when it was not the last of a child that might be kept."""
        self._living.layers = self._conversation.layers
        self._living.served += 1
        if self._call.keep_warm is not None and said.kind == "done":
            try:
                more = self._channel.has_more()
            except ChannelClosed:
                more = False
            if more:
                raise ProtocolError("a child went on talking after its last word")
        return said, None

    def _may_stay(self, said: Ended) -> bool:
        living = self._living
        if self._call.keep_warm is None or said.kind != "done":
            return False
        memory = living.memory()
        cpu_s = self._cpu.before_s + self._cpu.used_s
        wear = Wear(living.served, time.monotonic() - living.born_at, cpu_s, memory[0] if memory else None)
        return may_stay(wear, self._call.limits)

    def _buried_quietly(self) -> None:
        try:
            self._bury(self._living)
        except ZygoteLost:
            return

    def _relative(self, death: Death | None) -> Death | None:
        """Return a death with the processor time of this call alone."""
        return death and death.since(self._cpu.before_s)

    def _outcome(self, ending: Ending, death: Death | None) -> Outcome:
        living = self._living
        memory = living.memory() if death is None else None
        relative = self._relative(death)
        return Outcome(
            reason=ending.reason,
            code=ending.code,
            message=ending.message,
            traceback=ending.traceback,
            retryable=ending.retryable,
            wait=ending.wait,
            result=ending.result,
            level=level_of(self._conversation.layers).value,
            layers={LAYER: living.cgroup, **self._conversation.layers},
            cpu_s=relative.cpu_s if relative else self._cpu.used_s,
            wall_s=time.monotonic() - self._began,
            max_rss_bytes=death.max_rss_bytes if death else memory[1] if memory else 0,
            served_before=self._served_before,
        )
