"""A virtual environment for each peer, made when it is first asked for from a file that pins everything."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.model import UnavailableError

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".peers"
SCRIPTS = HERE / "scripts"


def prepare(name: str) -> Path:
    """Return the folder of a peer's programs; install it first where that has not been done with these pins.

    Raises UnavailableError, with what pip said, when it cannot be installed.
    """
    pins, folder = HERE / f"{name}.txt", ENVIRONMENTS / name
    wanted = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {name} …", flush=True)
        _call([sys.executable, "-m", "venv", "--clear", str(folder)])
        _call([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(pins)])
        stamp.write_text(wanted)
    return folder / "bin"


def version(name: str, distribution: str) -> str:
    """Return a distribution with the version that is installed for a peer."""
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    python = str(ENVIRONMENTS / name / "bin" / "python")
    return f"{distribution} {_call([python, '-c', code, distribution]).strip()}"


def inherited() -> dict[str, str]:
    """Return this process's environment without what would lead a peer to another's settings or modules."""
    private = ("LEVADA_", "PG", "DLT_", "AIRBYTE_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(private)}


def _call(words: list[str]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=inherited())
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UnavailableError(f"it cannot be installed: {' '.join(last)[:300]}")
    return done.stdout
