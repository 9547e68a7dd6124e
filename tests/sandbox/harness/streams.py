"""The host's standard streams, watched: whatever appears on them during an attack was not written by the host."""

import os
import sys
import tempfile
from typing import Self


class Streams:
    """A context manager that puts a file in the place of descriptors 1 and 2."""

    def __enter__(self) -> Self:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._file = tempfile.TemporaryFile()
        self._kept = [os.dup(1), os.dup(2)]
        for number in (1, 2):
            os.dup2(self._file.fileno(), number)
        return self

    def __exit__(self, *_reason: object) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, number)
            os.close(kept)
        self._file.close()

    def written(self) -> list[str]:
        """Return what appeared, in words."""
        size = os.fstat(self._file.fileno()).st_size
        return [f"wrote {os.pread(self._file.fileno(), 80, 0)!r} on the host's standard streams"] if size else []
