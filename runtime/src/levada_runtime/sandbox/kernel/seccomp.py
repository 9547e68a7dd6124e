"""The system-call filter: about 37 calls are allowed, 28 with no innocent use kill, everything else is refused.

Nothing here opens: no file, no socket, no process. What is left is arithmetic on the descriptors a child already
holds, and it holds one. Executable memory is refused (`EPERM`), `clone3` answers `ENOSYS` so that libc falls back to
`clone`, which is refused in turn.
"""

import ctypes
import errno
import platform
import struct
from typing import Final

from levada_runtime.sandbox.kernel.syscalls import checked, syscall

# fmt: off
X86_64: Final = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
    "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "readv": 19, "writev": 20,
    "select": 23, "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "execve": 59,
    "exit": 60, "gettimeofday": 96, "ptrace": 101, "sigaltstack": 131, "modify_ldt": 154, "pivot_root": 155,
    "mount": 165, "umount2": 166, "swapon": 167, "reboot": 169, "init_module": 175, "delete_module": 176,
    "gettid": 186, "futex": 202, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
    "pselect6": 270, "ppoll": 271, "unshare": 272, "set_robust_list": 273, "perf_event_open": 298,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313,
    "seccomp": 317, "getrandom": 318, "bpf": 321, "execveat": 322, "userfaultfd": 323, "membarrier": 324,
    "rseq": 334, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "clone3": 435,
    "pidfd_getfd": 438,
}
# fmt: on
ALLOWED: Final = (
    "read",
    "write",
    "close",
    "fstat",
    "poll",
    "ppoll",
    "lseek",
    "munmap",
    "brk",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "readv",
    "writev",
    "select",
    "pselect6",
    "sched_yield",
    "mremap",
    "madvise",
    "nanosleep",
    "getpid",
    "exit",
    "gettimeofday",
    "sigaltstack",
    "gettid",
    "futex",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "exit_group",
    "set_robust_list",
    "getrandom",
    "restart_syscall",
    "rseq",
    "membarrier",
)  # fmt: skip
KILLING: Final = (
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "pivot_root",
    "bpf", "keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register", "unshare",
    "setns", "open_by_handle_at", "init_module", "finit_module", "delete_module", "kexec_load", "userfaultfd",
    "perf_event_open", "pidfd_getfd", "reboot", "modify_ldt", "swapon",
)  # fmt: skip
_AUDIT_ARCH_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCH, _THIRD_ARGUMENT = 0, 4, 32
_PROT_EXEC = 4
_SET_MODE_FILTER = 1

_INSTRUCTION: Final = "HBBI"
_INSTRUCTION_BYTES: Final = struct.calcsize(_INSTRUCTION)

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def instructions() -> list[Instruction]:
    """Return the filter as BPF instructions `(code, jump if true, jump if false, operand)`."""
    numbers = X86_64
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH_X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL),
    ]
    for name in ALLOWED:
        program += _answer(numbers[name], _ALLOW)
    for name in ("mmap", "mprotect"):
        program += _refuse_executable_memory(numbers[name])
    program += _answer(numbers["clone3"], _ERRNO | errno.ENOSYS)
    for name in KILLING:
        program += _answer(numbers[name], _KILL)
    program.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return program


def install() -> None:
    """Put the filter on this process for good, after no_new_privs; raise OSError when the kernel refuses."""
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, f"no system-call table for {platform.machine()} has been run")
    buffer = ctypes.create_string_buffer(_CODE, len(_CODE))
    header = _Program(len(_CODE) // _INSTRUCTION_BYTES, ctypes.cast(buffer, ctypes.c_void_p))
    checked(syscall(X86_64["seccomp"], _SET_MODE_FILTER, 0, ctypes.byref(header)), "seccomp")


def _assembled() -> bytes:
    return b"".join(struct.pack(_INSTRUCTION, *one) for one in instructions())


def _answer(number: int, verdict: int) -> list[Instruction]:
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, verdict)]


def _refuse_executable_memory(number: int) -> list[Instruction]:
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _THIRD_ARGUMENT),
        (_ANY_BIT, 0, 1, _PROT_EXEC),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


_CODE: Final = _assembled()  # Once, in the zygote: every child installs the same.
