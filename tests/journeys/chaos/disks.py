"""Disks that become full: a file system of its own in memory, and a limit on how large a file may become."""

import resource
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

DISK = 24 << 20


class SmallDisk:
    """A file system of its own in memory, which a file fills to the last byte."""

    def __init__(self, folder: Path, size: int = DISK, user: str | None = None) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)], check=True)
        if user is not None:
            shutil.chown(folder, user)

    def fill(self, _pids=()):
        with (self._folder / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                while self._takes(filler, b"x" * size):
                    pass

    def empty(self, _pids=()):
        (self._folder / "filler").unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self._folder)], check=False)

    @staticmethod
    def _takes(filler, block):
        try:
            return filler.write(block) == len(block)
        except OSError:
            return False


class LargestFile:
    """A limit on how large a file may become, which the log of the database has reached, as under a quota."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self, pids):
        log = (self._folder / "levada.db-wal").stat().st_size
        self._limit(pids, log)

    def empty(self, pids):
        self._limit(pids, resource.RLIM_INFINITY)

    def close(self):
        """Nothing is left of it."""

    @staticmethod
    def _limit(pids, size):
        for pid in pids:
            with suppress(ProcessLookupError):  # a worker that could not write down how its run ended is gone
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def can_mount(folder: Path) -> bool:
    folder.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False)
    if tried.returncode == 0:
        subprocess.run(["umount", "-l", str(folder)], check=False)
    return tried.returncode == 0
