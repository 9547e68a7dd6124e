"""The two ends of the channel: the child's blocks, the host's never waits past a deadline."""

import os
import select
import socket
import time
from collections import deque
from typing import NoReturn

from levada._ingest import HandingOver
from levada.errors import ConnectorMistake
from levada_runtime.sandbox.kernel.processor import Allowance, CpuSpent
from levada_runtime.sandbox.protocol import (
    ANSWER_BYTES,
    FRAME_BYTES,
    ChildFrame,
    Frame,
    FrameBuffer,
    HostFrame,
    HttpFrame,
    ProtocolError,
    decode_child,
    decode_host,
    encode,
)

_CHUNK = 256 << 10
_LEAST_WAIT_S = 0.01


class ChildChannel:
    """The child's end: plain reads and writes on one descriptor, which is all that is left to it."""

    def __init__(self, descriptor: int, arrived: FrameBuffer | None = None) -> None:
        self._descriptor = descriptor
        self._arrived = arrived or FrameBuffer(ANSWER_BYTES)
        self._owed = 0
        self._early: deque[HostFrame] = deque()
        self.handing_over = HandingOver()

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        # A copy of what is lent would outlive the call; copying is what a checkpoint does to a default it is given.
        raise TypeError("what a route is given cannot be copied")

    def lend(self) -> "LentChannel":
        """Return the same channel for the objects of one call."""
        return LentChannel(self._descriptor, self._arrived)

    def send(self, frame: Frame) -> None:
        data = encode(frame)
        written = os.write(self._descriptor, data)
        if written < len(data):
            with memoryview(data) as rest:
                while written < len(data):
                    written += os.write(self._descriptor, rest[written:])

    def put(self, frame: Frame) -> None:
        """Send what `answer` returns the answer to, later."""
        self.send(frame)
        self._owed += 1

    def answer(self) -> HostFrame:
        """Return the answer to the first that was put and is not answered yet."""
        if self._early:
            return self._early.popleft()
        self._owed -= 1
        return self.receive()

    def ask(self, frame: Frame) -> HostFrame:
        """Send what is answered at once; what was put before is answered before."""
        if not isinstance(frame, HttpFrame):
            self.handing_over.check_over()
        self.send(frame)
        for _ in range(self._owed):
            self._early.append(self.receive())
        self._owed = 0
        return self.receive()

    def receive(self) -> HostFrame:
        while True:
            body = self._arrived.take()
            if body is not None:
                return decode_host(body)
            data = os.read(self._descriptor, _CHUNK)
            if not data:
                # The host is gone: there is nobody left to work for.
                os._exit(0)
            self._arrived.feed(data)


class LentChannel(ChildChannel):
    """The channel as the objects of one call have it: one that a connector keeps cannot speak in the next call."""

    _is_over = False

    def end(self) -> None:
        self._is_over = True

    def send(self, frame: Frame) -> None:
        if self._is_over:
            raise ConnectorMistake("this object belongs to a call that is over; use the one the route is given")
        super().send(frame)


class DeadlinePassed(Exception):  # noqa: N818 - it is what it says.
    """The wall clock of the call ran out."""


class ChannelClosed(Exception):  # noqa: N818 - it is what it says.
    """The child has gone; what it sent before is read."""


class HostChannel:
    """The host's end: no wait is longer than what the call has left of its deadline (a monotonic time) and processor.

    Its methods raise ChannelClosed, DeadlinePassed or CpuSpent.
    """

    def __init__(self, end: socket.socket, deadline: float, cpu: Allowance | None = None) -> None:
        self._end = end
        self._end.setblocking(False)  # noqa: FBT003 - the standard library's own signature.
        self._deadline = deadline
        self._cpu = cpu
        self._arrived = FrameBuffer(FRAME_BYTES)
        self._poll = select.poll()

    def send(self, frame: Frame) -> None:
        """Send all of it."""
        with memoryview(encode(frame)) as data:
            sent = 0
            while sent < len(data):
                try:
                    sent += self._end.send(data[sent:])
                except BlockingIOError:
                    self._wait(select.POLLOUT)
                except ConnectionError:
                    raise ChannelClosed from None

    def receive(self) -> ChildFrame:
        """Return the next frame, or raise ProtocolError."""
        while True:
            if time.monotonic() >= self._deadline:
                raise DeadlinePassed
            body = self._arrived.take()
            if body is not None:
                return decode_child(body)
            self._fill()

    def has_more(self) -> bool:
        """Whether the child has said anything that was not received; raise ChannelClosed when it has gone instead."""
        if self._arrived.held:
            return True
        try:
            data = self._end.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            raise ChannelClosed from None
        if not data:
            raise ChannelClosed
        return True

    def _fill(self) -> None:
        if self._cpu is not None:
            self._cpu.left_s()
        try:
            data = self._end.recv(_CHUNK)
        except BlockingIOError:
            self._wait(select.POLLIN)
            return
        except ConnectionError:
            raise ChannelClosed from None
        if not data:
            raise ChannelClosed
        self._arrived.feed(data)

    def _wait(self, event: int) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        if self._cpu is not None:
            left = min(left, max(self._cpu.left_s(), _LEAST_WAIT_S))
        self._poll.register(self._end, event)
        self._poll.poll(left * 1000)


__all__ = ["ChannelClosed", "ChildChannel", "CpuSpent", "DeadlinePassed", "HostChannel", "ProtocolError"]
