"""Sends `file.out`: one line of JSON, on the disk before it counts as delivered.

A line begins with its delivery's id, so that an attempt after one that was cut off finds what that one wrote. A line
that broke off in the middle belongs to a delivery that will come again, and is taken away.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from levada_runtime.pipeline.destinations.parcel import Parcel
from levada_runtime.pipeline.retry import Sent

_CHUNK: Final = 1 << 20
_SEARCHED_AT_MOST: Final = 64 << 20


class FileSender:
    """Appends to files in one folder and nowhere else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def secret_names(self, fields: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG002 - what every sender is asked
        return frozenset()

    def send(self, parcel: Parcel) -> Sent:
        path = self._folder / parcel.fields["path"]
        head = f'{{"id":"{parcel.uid}",'.encode()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.parent.resolve().is_relative_to(self._folder.resolve()):
                return Sent("refused", reason=f"{parcel.fields['path']} leads out of the folder for files")
            with _locked(path) as file:
                _take_torn_line_away(file)
                if not parcel.may_be_there or not _holds(file, head):
                    file.write(head + f'"body":{parcel.body}}}\n'.encode())
                    file.flush()
                os.fsync(file.fileno())
            _sync_folder(path.parent)
        except OSError as error:
            return Sent("failed", reason=f"{parcel.fields['path']} cannot be written: {error.strerror}")
        return Sent("delivered")


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open the file for reading and appending, nobody else's at the same time; a link in its place is refused."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _take_torn_line_away(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END)
    for start, chunk in _backwards(file, end):
        newline = chunk.rfind(b"\n")
        if newline >= 0 or start == 0:
            if start + newline + 1 < end:
                file.truncate(start + newline + 1)
            return


def _holds(file: BinaryIO, head: bytes) -> bool:
    """Tell whether a line near the end begins so."""
    after = b""
    for start, chunk in _backwards(file, file.seek(0, os.SEEK_END)):
        searched = chunk + after
        if b"\n" + head in searched or (start == 0 and searched.startswith(head)):
            return True
        after = searched[: len(head)]
    return False


def _backwards(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Give the file's chunks from its end, each with where it begins."""
    least = max(0, end - _SEARCHED_AT_MOST)
    while end > least:
        start = max(least, end - _CHUNK)
        file.seek(start)
        yield start, file.read(end - start)
        end = start


def _sync_folder(folder: Path) -> None:
    """Make sure that a new file's name is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
