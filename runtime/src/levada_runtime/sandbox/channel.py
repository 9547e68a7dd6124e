"""The two ends of the channel: the child's blocks, the host's never waits past a deadline."""

import os
import select
import socket
import time

from levada_runtime.sandbox.protocol import (
    ANSWER_BYTES,
    FRAME_BYTES,
    ChildFrame,
    Frame,
    FrameBuffer,
    HostFrame,
    ProtocolError,
    decode_child,
    decode_host,
    encode,
)

_CHUNK = 256 << 10


class ChildChannel:
    """The child's end: plain reads and writes on one descriptor, which is all that is left to it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._arrived = FrameBuffer(ANSWER_BYTES)

    def send(self, frame: Frame) -> None:
        data = encode(frame)
        written = os.write(self._descriptor, data)
        if written < len(data):
            with memoryview(data) as rest:
                while written < len(data):
                    written += os.write(self._descriptor, rest[written:])

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


class DeadlinePassed(Exception):  # noqa: N818 - it is what it says.
    """The wall clock of the call ran out."""


class ChannelClosed(Exception):  # noqa: N818 - it is what it says.
    """The child has gone; what it sent before is read."""


class HostChannel:
    """The host's end: every wait is bounded by the call's deadline (a monotonic time)."""

    def __init__(self, end: socket.socket, deadline: float) -> None:
        self._end = end
        self._end.setblocking(False)  # noqa: FBT003 - the standard library's own signature.
        self._deadline = deadline
        self._arrived = FrameBuffer(FRAME_BYTES)
        self._poll = select.poll()

    def send(self, frame: Frame) -> None:
        """Send all of it, or raise DeadlinePassed or ChannelClosed."""
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
        """Return the next frame, or raise ProtocolError, DeadlinePassed or ChannelClosed."""
        while True:
            if time.monotonic() >= self._deadline:
                raise DeadlinePassed
            body = self._arrived.take()
            if body is not None:
                return decode_child(body)
            self._fill()

    def _fill(self) -> None:
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
        self._poll.register(self._end, event)
        if left <= 0 or not self._poll.poll(left * 1000):
            raise DeadlinePassed


__all__ = ["ChannelClosed", "ChildChannel", "DeadlinePassed", "HostChannel", "ProtocolError"]
