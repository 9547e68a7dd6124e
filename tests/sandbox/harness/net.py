"""What spares the machine while an attack shows, with every layer off, that it would work.

Sent to the child as a library, in place of `escape_net`, for controls only. It stops nothing that an attack aims at:
it keeps mounts to the child, bounds memory, time and processes far above the limits of a run, and refuses the few
calls whose success nobody would survive: to signal everybody, to kill the host, to reboot, to set the clock.
"""

import ctypes
import os
import resource
import struct

_NEWNS, _NEWUTS, _REC, _PRIVATE = 0x00020000, 0x04000000, 0x4000, 0x40000
_SECCOMP, _NO_NEW_PRIVS = 317, 38
_KILLS = (62, 200)  # kill, tkill
_REFUSED = (164, 167, 168, 169, 175, 176, 227, 246, 305, 313, 320)
# settimeofday, swapon, swapoff, reboot, init_module, delete_module, clock_settime, kexec_load, clock_adjtime,
# finit_module, kexec_file_load
_ALL_ONES = 0xFFFFFFFF
_DEADLY = (9, 15, 19)
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001
_PROCESSES = 48
_UIDS = 1_995_000_000


def spread(spare, host):
    """Spread the net; `spare` says how much memory and time a control may use, and whether it makes processes."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.unshare(_NEWNS | _NEWUTS) == 0:
        libc.mount(None, b"/", None, _REC | _PRIVATE, None)
    for which, value in (
        (resource.RLIMIT_AS, spare["memory_bytes"]),
        (resource.RLIMIT_CPU, spare["cpu_s"]),
        (resource.RLIMIT_FSIZE, 1 << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))
    _refuse(libc, host)
    if spare["processes"]:
        _few_processes()


def _few_processes():
    # Root has no limit to its processes: whoever may make many is somebody nobody else is.
    if os.geteuid() == 0:
        uid = _UIDS + os.getpid() % 1_000_000
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))


def _refuse(libc, host):
    program = [(_LOAD, 0, 0, 0)]
    for number in _REFUSED:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    for number in _KILLS:
        program += _spare_everybody(number, host)
    program.append((_RETURN, 0, 0, _ALLOW))
    code = b"".join(struct.pack("HBBI", *one) for one in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    if os.geteuid() != 0:
        libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = Program(len(program), ctypes.cast(buffer, ctypes.c_void_p))
    if libc.syscall(_SECCOMP, 1, 0, ctypes.byref(header)) != 0:
        raise OSError(ctypes.get_errno(), "the net could not be spread")


def _spare_everybody(number, host):
    """Refuse to signal every process or process 1, and to end or stop the host; the number stays loaded."""
    inner = [
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, _ALL_ONES),
        (_RETURN, 0, 0, _EPERM),
        (_EQUAL, 0, 1, 1),
        (_RETURN, 0, 0, _EPERM),
        (_EQUAL, 0, 2 * len(_DEADLY) + 1, host),
        (_LOAD, 0, 0, 24),
    ]
    for deadly in _DEADLY:
        inner += [(_EQUAL, 0, 1, deadly), (_RETURN, 0, 0, _EPERM)]
    inner.append((_LOAD, 0, 0, 0))
    return [(_EQUAL, 0, len(inner), number), *inner]
