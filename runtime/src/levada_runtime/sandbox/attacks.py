"""The attacks that the sandbox tries on itself, as unrestricted code for a child.

Each falls through when nothing stands in its way, leaves no trace then, and raises PermissionError when it is refused;
the tests show that each one does fall through with the layers off. What they aim at is real: listeners and a word in
the memory of the very process that asks.
"""

import ctypes
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

TARGET: Final = "levada_probe_target"
_LIBC = "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
_REFUSED = "\nif result < 0: raise PermissionError(ctypes.get_errno())"

ATTACKS: Final[Mapping[str, str]] = {
    "read": "open('/etc/passwd').close()",
    "list": "import os\nos.listdir('/')",
    "write": "import os\nos.close(os.open('/tmp', os.O_TMPFILE | os.O_WRONLY))",
    "proc": "open(f'/proc/{HOST}/environ').close()",
    "tcp": "import _socket\ns = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)\ns.connect(('127.0.0.1', TCP))",
    "udp": "import _socket\ns = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)\ns.sendto(b'', ('127.0.0.1', UDP))",
    "unix": "import _socket\ns = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)\ns.connect(ABSTRACT)",
    "fork": "import os\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)",
    "thread": "import _thread\ntry: _thread.start_new_thread(int, ())\n"
    "except RuntimeError as error: raise PermissionError(str(error))",
    "exec": "import os\nos.execv('/bin/true', ['true'])",
    "ptrace": _LIBC + "result = libc.ptrace(0, 0, 0, 0)" + _REFUSED,
    "memory": _LIBC
    + "class Span(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]\n"
    "word = ctypes.create_string_buffer(8)\n"
    "here, there = Span(ctypes.addressof(word), 8), Span(ADDRESS, 8)\n"
    "result = libc.process_vm_readv(HOST, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)" + _REFUSED,
    "descriptors": _LIBC + "pidfd = libc.syscall(434, HOST, 0)\nresult = libc.syscall(438, pidfd, 0, 0)" + _REFUSED,
    "signal": "import os\nos.kill(HOST, 0)",
    "mount": _LIBC + "result = libc.mount(b'none', b'/levada-no-such-place', b'tmpfs', 0, 0)\n"
    "if ctypes.get_errno() != errno.ENOENT: raise PermissionError",
    "unshare": _LIBC + "result = libc.unshare(0x10000000)" + _REFUSED,
    "mprotect": _LIBC + "import mmap\npage = mmap.mmap(-1, 4096)\n"
    "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
    "result = libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), 7)" + _REFUSED,
    "io_uring": _LIBC + "result = libc.syscall(425, 1, ctypes.create_string_buffer(256))" + _REFUSED,
    "keyctl": _LIBC + "result = libc.syscall(250, 0, -3, 1)" + _REFUSED,
    "setuid": "import os\ntry: os.setresuid(0, 0, 0)\nexcept OSError as error: raise PermissionError(str(error))",
    "dumpable": _LIBC + "result = libc.prctl(4, 1, 0, 0, 0)" + _REFUSED,
}


@contextmanager
def target() -> Iterator[bytes]:
    """Something of this process's to reach while the block runs, as the source of a module that says where it is."""
    with ExitStack() as opened:
        tcp = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=8))
        udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        abstract = f"\0levada-probe-{os.getpid()}-{os.urandom(8).hex()}"
        unix = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        if os.name == "posix" and os.uname().sysname == "Linux":
            unix.bind(abstract)
            unix.listen(8)
        word = ctypes.create_string_buffer(b"levada..")
        yield (
            f"TCP = {tcp.getsockname()[1]}\nUDP = {udp.getsockname()[1]}\nABSTRACT = {abstract!r}\n"
            f"HOST = {os.getpid()}\nADDRESS = {ctypes.addressof(word)}\n"
        ).encode()
