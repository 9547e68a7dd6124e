"""Asks a running daemon what its own OpenAPI document says it can be asked, and much that it cannot.

`python tests/fuzz/fuzz.py SECONDS` serves a data directory of its own with something of everything in it, and ends with
1 when an answer was a server error that is not documented, had a status that is not, or did not fit its schema.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
)
PIPELINE = """pipeline: signups
sources: [{type: sdk.event, match: "user.*"}]
actions: [{upsert.entity: {kind: user, external_id: $event.payload.email}}]
destinations: [{log: {}}]
"""
SEED = (
    ("/v1/pipelines", {"definition": PIPELINE}),
    ("/v1/ingest", {"events": [{"type": "user.signup", "payload": {"email": "alice@acme.co"}}]}),
    ("/api/entities", [{"kind": "user", "external_id": str(number), "traits": {"n": number}} for number in range(20)]),
    ("/v1/customers", {"customer_id": "c-1", "name": "Ada"}),
    ("/v1/customers", {"customer_id": "c-1", "name": "Ada L."}),
)


def main(words: list[str]) -> int:
    """Fuzz for the seconds given, 300 by default."""
    seconds = int(words[0]) if words else 300
    with tempfile.TemporaryDirectory(prefix="levada-fuzz-") as folder, daemon(Path(folder)) as (url, key):
        seed(url, key)
        return fuzz(url, key, seconds)


@contextmanager
def daemon(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve a data directory, and tell where and by which key."""
    words = [sys.executable, "-m", "levada_runtime", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = next(line.split()[1] for line in process.stdout if line.startswith("API"))
        yield url, (folder / "data" / "admin.key").read_text().strip()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def seed(url: str, key: str) -> None:
    """Put something of everything into the store, and let its pipeline run."""
    for path, value in SEED:
        request = urllib.request.Request(url + path, json.dumps(value).encode(), headers(key))
        urllib.request.urlopen(request, timeout=30).close()
    time.sleep(1)


def fuzz(url: str, key: str, seconds: int, *more: str) -> int:
    """Run schemathesis and return its exit code."""
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{url}/openapi.json", "--max-time", str(seconds), "--continue-on-failure"),
        *("--checks", ",".join(CHECKS), "--request-timeout", "30"),
        *("--suppress-health-check", "all", "--warnings", "off"),
        *(
            word
            for name, value in headers(key).items()
            if name != "Content-Type"
            for word in ("-H", f"{name}: {value}")
        ),
        *more,
    ]
    with tempfile.TemporaryDirectory() as folder:  # whatever it remembers of its examples is not kept
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        return subprocess.run(words, cwd=folder, env=environment, check=False).returncode


def headers(key: str) -> dict[str, str]:
    """Return what a caller with this key sends."""
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
