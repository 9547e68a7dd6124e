"""A living child with all that the host holds of it: its pidfd, its channel, its memory group."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from levada_runtime.sandbox.forker import Child
from levada_runtime.sandbox.kernel.cgroup import Group

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Living:
    """One child; whoever has it closes it, once it has ended or with the sandbox. `cgroup` says which group it got."""

    child: Child
    end: socket.socket
    group: Group | None
    born_at: float
    cgroup: str
    served: int = 0
    layers: Mapping[str, str] = field(default_factory=dict)

    def memory(self) -> tuple[int, int] | None:
        """Return the bytes of address space and of real memory it holds; None when nothing can be read of it."""
        try:
            size, resident = Path(f"/proc/{self.child.pid}/statm").read_text().split()[:2]
        except OSError:
            return None
        return int(size) * _PAGE_BYTES, int(resident) * _PAGE_BYTES

    def close(self) -> None:
        """Let go of everything but the process."""
        self.end.close()
        self.child.close()
        if self.group is not None:
            self.group.close()
