"""Landlock with no rules: every file, and every TCP port where the kernel can tell them apart, is refused."""

import ctypes
import os
import struct
from typing import Final

from levada_runtime.sandbox.kernel.syscalls import checked, supported, syscall

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
# Every file-system right each version of the interface knows.
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_BIND_AND_CONNECT = _ABSTRACT_SOCKETS_AND_SIGNALS = 3


def abi() -> int:
    """Return the version of Landlock this kernel speaks; 0 when it has none."""
    if not supported():
        return 0
    return max(syscall(_CREATE_RULESET, None, 0, _VERSION), 0)


def restrict() -> int:
    """Refuse this process everything Landlock can refuse and return its version; raise OSError where there is none."""
    version = abi()
    if version == 0:
        raise OSError("this kernel has no Landlock")
    attributes = ruleset(version)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    descriptor = checked(syscall(_CREATE_RULESET, buffer, len(attributes), 0), "landlock_create_ruleset")
    checked(syscall(_RESTRICT_SELF, descriptor, 0), "landlock_restrict_self")
    os.close(descriptor)
    return version


def ruleset(version: int) -> bytes:
    """Return the attributes that handle every right of that version, as the kernel's struct of that version's size."""
    network = _BIND_AND_CONNECT if version >= _NETWORK_SINCE else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _NETWORK_SINCE else 8
    return struct.pack("QQQ", _FILE_RIGHTS[min(version, 5)], network, scopes)[:size]
