"""Commands in processes of their own that need not load the program first: forked from one that has.

`Forks` is the caller's side, in the tests; run as a program, this is the one that forks. Each command has its own
environment, words and streams, and ends as a process does. To load the program takes most of a command's time, and
journeys run hundreds of commands; daemons are started as anybody starts them.
"""

import array
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

WITHIN_S = 180
_STATUS = struct.Struct("!i")
_MOST = 1 << 20


class Forks:
    """A process that has loaded the command line, and forks whatever it is asked for."""

    def __init__(self):
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            words = [sys.executable, str(Path(__file__)), str(theirs.fileno())]
            self._process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def run(self, words, environment, stdin="", folder=None):
        """Run a command to its end; return its exit code, what it said, and what it said of errors."""
        ends = [os.pipe() for _ in range(4)]
        given, (out, err, status) = ends[0], ends[1:]
        theirs = (given[0], out[1], err[1], status[1])
        request = json.dumps({"words": list(words), "environment": environment, "folder": str(folder or Path.cwd())})
        self._ours.sendmsg([request.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", theirs))])
        for end in theirs:
            os.close(end)
        heard = [_Heard(end) for end in (out[0], err[0])]
        with os.fdopen(given[1], "wb") as into, os.fdopen(status[0], "rb") as ended:
            (pid,) = _STATUS.unpack(ended.read(_STATUS.size))
            _feed(into, stdin)
            watch = threading.Timer(WITHIN_S, os.kill, (pid, signal.SIGKILL))
            watch.start()
            try:
                (code,) = _STATUS.unpack(ended.read(_STATUS.size))
            finally:
                watch.cancel()
        return code, *(one.all() for one in heard)

    def close(self):
        """Let it end, as it does when nobody can ask it any more."""
        self._ours.close()
        self._process.wait(30)


@cache
def forks():
    """Return what runs this session's commands; `close` it in the end."""
    return Forks()


def close():
    """Let what runs the commands end, if any was run."""
    if forks.cache_info().currsize:
        forks().close()
        forks.cache_clear()


class _Heard:
    """Everything that comes out of a pipe, read beside whatever else goes on."""

    def __init__(self, end):
        self._pieces = []
        self._thread = threading.Thread(target=self._read, args=(end,), daemon=True)
        self._thread.start()

    def all(self):
        """Wait for the end of it, and return it as text."""
        self._thread.join()
        return b"".join(self._pieces).decode()

    def _read(self, end):
        with os.fdopen(end, "rb") as pipe:
            self._pieces.append(pipe.read())


def _feed(into, text):
    with suppress(BrokenPipeError):  # it ended without reading, as commands may
        into.write(text.encode())
        into.close()


def serve(asked):
    """Fork a command for each request, until nobody can ask any more."""
    from levada_runtime import __main__ as program
    from levada_runtime import cli

    assert cli.main
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that watch a command are reaped by nobody
    while True:
        request, rights, _, _ = asked.recvmsg(_MOST, socket.CMSG_LEN(4 * array.array("i").itemsize))
        if not request:
            return None
        handed = array.array("i")
        handed.frombytes(rights[0][2])
        if os.fork() == 0:
            asked.close()
            return _watch(json.loads(request), list(handed), program.main)
        for end in handed:
            os.close(end)


def _watch(request, handed, command):
    """Fork the command, tell its process id, and how it ended; what is returned is run in the command's process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, status = handed
    pid = os.fork()
    if pid:
        for end in streams:
            os.close(end)
        os.write(status, _STATUS.pack(pid))
        _, ended = os.waitpid(pid, 0)
        os.write(status, _STATUS.pack(os.waitstatus_to_exitcode(ended)))
        os._exit(0)
    os.close(status)
    for number, end in enumerate(streams):
        os.dup2(end, number)
        os.close(end)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path[0:1] = [request["folder"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["runtime", *request["words"]]
    return command


def main():
    """Serve; in a forked process, run the command there, which ends it as any other."""
    from levada_runtime.foundation.collector import put_off

    put_off()
    command = serve(socket.socket(fileno=int(sys.argv[1])))
    if command is not None:
        command()


if __name__ == "__main__":
    main()
