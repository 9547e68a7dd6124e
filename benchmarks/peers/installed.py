"""The comparison's connector as an installed distribution, and an installation of the runtime that is connected."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.peers.environment import inherited
from benchmarks.peers.model import UnavailableError

HERE = Path(__file__).parent
RUNTIME = (sys.executable, "-m", "levada_runtime")


def install(folder: Path) -> Path:
    """Lay the connector into a folder for Python's path, with the metadata that pip would write, and return it."""
    site = folder / "site"
    shutil.copytree(
        HERE / "connector" / "levada_bench", site / "levada_bench", ignore=shutil.ignore_patterns("__pycache__")
    )
    info = site / "levada_bench-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: levada-bench\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\nbench = levada_bench:connector\n")
    return site


def connect(folder: Path, source: str, database_url: str | None) -> dict[str, str]:
    """Set up an installation with a connection to the source, and return the environment that names it."""
    environment = {
        **inherited(),
        "NO_COLOR": "1",
        "PYTHONPATH": str(install(folder)),
        "LEVADA_DATA_DIR": str(folder / "data"),
        "LEVADA_BROKER__ALLOW_PRIVATE": json.dumps([urlsplit(source).netloc]),
        **({"LEVADA_DATABASE_URL": database_url} if database_url else {}),
    }
    say(environment, "connections", "add", "bench", "--set", f"base={source}")
    return environment


def say(environment: dict[str, str], *words: str) -> Any:
    """Run a command of the runtime and return its result; raise UnavailableError when it refuses."""
    done = subprocess.run(
        [*RUNTIME, *words, "--json"], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise UnavailableError(
            f"`runtime {' '.join(words)}` ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}"
        )
    return json.loads(done.stdout)["result"]


def versions() -> str:
    """Return the version of the runtime."""
    return f"levada-runtime {version('levada-runtime')}"
