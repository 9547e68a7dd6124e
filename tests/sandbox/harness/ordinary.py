"""Being an ordinary user: root starts the harness anew as somebody who owns nothing.

Where the interpreter or this repository lies below a folder that others may not enter, that folder is covered, in a
mount namespace of our own, by an empty one which shows nothing but what is needed.
"""

import ctypes
import os
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_NEWNS, _REC, _PRIVATE, _BIND, _NOSUID, _NODEV = 0x00020000, 0x4000, 0x40000, 4096, 2, 4
_UID: Final = 31_337
ROOT: Final = Path(__file__).parents[3]
CANNOT: Final = 77
_libc = ctypes.CDLL(None, use_errno=True)


class NotPossible(Exception):  # noqa: N818 - it is what it says.
    """This process may not become another user here; the message says what stands in the way."""


def run(arguments: list[str], **options: object) -> int:
    """Run the harness with those arguments as an ordinary user and return its exit code; raise NotPossible."""
    done = start(arguments)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    if done.returncode == CANNOT:
        raise NotPossible(done.stderr.strip())
    return done.returncode


def start(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the harness as an ordinary user; its exit code is 77 where that cannot be, and its stderr says why."""
    if os.geteuid() != 0:
        raise NotPossible("only root can become another user; run it without --as-user")
    needed = [str(ROOT), sys.base_prefix, sys.prefix, *(argument for argument in arguments if Path(argument).exists())]
    command = [sys.executable, "-m", "tests.sandbox.harness.ordinary", *map(str, map(Path, needed)), "--", *arguments]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def _become(needed: Iterable[Path]) -> None:
    _checked(_libc.unshare(_NEWNS), "a mount namespace of our own")
    _checked(_libc.mount(None, b"/", None, _REC | _PRIVATE, None), "mounts of our own")
    _open_the_way({path.resolve() for path in needed} | {path.absolute() for path in needed})
    os.setgroups([])
    os.setresgid(_UID, _UID, _UID)
    os.setresuid(_UID, _UID, _UID)


def _open_the_way(needed: set[Path]) -> None:
    closed = {folder: path for path in sorted(needed) for folder in (path, *path.parents) if _is_closed(folder)}
    for folder in sorted(closed):
        if not _is_closed(folder):
            continue  # It lies below one that was opened before.
        below = {path for path in needed if folder in path.parents}
        if folder in needed:
            below = set(folder.iterdir())
        _show_only(folder, {path for path in below if path.exists()})


def _show_only(folder: Path, shown: set[Path]) -> None:
    """Cover a folder so that nothing is below it but those paths."""
    shown = {path for path in shown if not shown.intersection(path.parents)}
    kept = {path: os.open(path, os.O_PATH) for path in shown}
    kinds = {path: path.is_dir() for path in shown}
    _checked(_libc.mount(b"none", bytes(folder), b"tmpfs", _NOSUID | _NODEV, b"mode=755"), f"covering {folder}")
    for path, descriptor in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if kinds[path]:
            path.mkdir()
        else:
            path.touch()
        source = f"/proc/self/fd/{descriptor}".encode()
        _checked(_libc.mount(source, bytes(path), None, _BIND | _REC, None), f"showing {path}")
        os.close(descriptor)


def _is_closed(folder: Path) -> bool:
    return folder.is_dir() and not folder.stat().st_mode & stat.S_IXOTH


def _checked(result: int, what: str) -> None:
    if result != 0:
        raise NotPossible(f"{what}: {os.strerror(ctypes.get_errno())}")


def main(arguments: list[str]) -> None:
    """Become an ordinary user for whom the paths before `--` are there, and run the harness with what follows."""
    at = arguments.index("--")
    try:
        _become([Path(path) for path in arguments[:at]])
        os.chdir(ROOT)
    except (NotPossible, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.sandbox.harness", *arguments[at + 1 :]])


if __name__ == "__main__":
    main(sys.argv[1:])
