"""The zygote: a clean interpreter with everything loaded, forked once for each call.

Run as `python -I -m levada_runtime.sandbox.zygote FD` with an empty environment. It has one thread, no secret in its
heap and one socket, to the host: each byte that arrives there brings the channel of a new child (SCM_RIGHTS) and the
door of its memory group, each message back tells of a child born (with its pidfd) or ended (with its status and
rusage). When the socket closes the host is gone: every child is killed and the zygote leaves.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from levada_runtime.foundation.collector import leave_out_what_is_there, look_as_ever, put_off
from levada_runtime.sandbox.forking import FORK, Awake, Born, Exited, Message, encode_message
from levada_runtime.sandbox.kernel import namespaces
from levada_runtime.sandbox.kernel.syscalls import supported

Live = Callable[[int, int | None, dict[str, str], frozenset[str]], NoReturn]


class Zygote:
    """The loop: fork on request, reap on exit, leave with the host."""

    def __init__(self, control: socket.socket, without: frozenset[str], live: Live) -> None:
        """Take the socket to the host, the layers to leave out, and what a child does from its birth to its end."""
        self._control = control
        self._without = without
        self._live = live
        self._children: dict[int, tuple[int, int]] = {}  # pidfd to number and pid
        self._forked = 0
        self._namespaces = "off"
        self._poll = select.poll()

    def run(self) -> NoReturn:
        self._namespaces = self._enter_namespaces()
        leave_out_what_is_there()
        look_as_ever()
        self._poll.register(self._control, select.POLLIN)
        self._send(Awake(self._namespaces, sorted(sys.modules)))
        null = os.dup(0)
        os.dup2(null, 2)
        os.close(null)
        while self._step():
            pass
        self._kill_all()
        os._exit(0)  # Nothing is left to be tidied, and whoever let go of it waits for its end.

    def _step(self) -> bool:
        for descriptor, _event in self._poll.poll():
            if descriptor == self._control.fileno():
                if not self._serve():
                    return False
            else:
                self._reap(descriptor)
        return True

    def _serve(self) -> bool:
        try:
            request, descriptors, _flags, _address = socket.recv_fds(self._control, 1, 2)
        except ConnectionError:
            return False
        if request != FORK:
            return False
        self._fork(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    def _fork(self, channel: int, door: int | None = None) -> None:
        own = self._namespaces.startswith(namespaces.NAMES)
        try:
            pid = namespaces.fork() if own else os.fork()
        except OSError as error:
            self._send(Born(0, 0, str(error)))
            return
        if pid == 0:
            states = {"namespaces": f"{self._namespaces} pid" if own and os.getpid() == 1 else self._namespaces}
            self._live(channel, door, states, self._without)
        pidfd = os.pidfd_open(pid)
        self._forked += 1
        self._children[pidfd] = self._forked, pid
        self._poll.register(pidfd, select.POLLIN)
        self._send(Born(self._forked, pid), pidfd)

    def _reap(self, pidfd: int) -> None:
        number, pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _pid, status, usage = os.wait4(pid, 0)
        self._send(Exited(number, status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))

    def _enter_namespaces(self) -> str:
        if "namespaces" in self._without:
            return "off"
        if not supported():
            return "not supported here"
        try:
            return namespaces.enter()
        except OSError as error:
            return f"refused: {error}"

    def _send(self, message: Message, *descriptors: int) -> None:
        try:
            if descriptors:
                socket.send_fds(self._control, [encode_message(message)], descriptors)
            else:
                self._control.send(encode_message(message))
        except ConnectionError:
            self._kill_all()
            os._exit(0)

    def _kill_all(self) -> None:
        for pidfd in self._children:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    put_off()
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # whatever is installed beside it, none of it comes in here
    from levada_runtime.sandbox import child, preload  # loaded only now, when nobody looks

    preload.load_everything()
    control = socket.socket(fileno=int(arguments[0]))
    Zygote(control, frozenset(filter(None, arguments[1].split(","))), child.main).run()


if __name__ == "__main__":
    main(sys.argv[1:])
