"""A connector that fails in every way there is, each stream of it for a reason of its own, and the source it asks.

What the language policy would refuse is done by a library of its, which runs unrestricted inside the wall. Requests
that are to fail at once are sent with POST: what is not repeatable is tried once, and its run ends without a pause.
"""

from pathlib import Path

LIBRARY = '''
"""Does what no connector may."""
import ctypes
import os


def abort():
    os.abort()


def lie():
    os.write(3, b"\\xff\\xff\\xff\\xff")
    os.read(3, 1)


def trace():
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)
'''
HEAD = '''
"""Fails."""
import causes_deeds

from levada import Connector, bearer, from_setting, secret, url

connector = Connector(
    "{key}",
    hosts=[from_setting("api_base")],
    auth=bearer("api_key"),
    settings=[url("api_base"), secret("api_key")],
    libraries=["causes_deeds"],
)
'''
ROUTE = '''

@connector.poll("{stream}", every="0 0 1 1 *", timeout={timeout})
def {stream}(http, ingest, checkpoint):
    """Fails by {stream}."""
    {body}
'''
BATCH = "ingest.batch('customer', [{record}], idempotency_key='one')"
STREAMS = {
    "exception": "{}['missing']",
    "other_host": "http.get('https://elsewhere.test/')",
    "bad_record": BATCH.format(record="{'customer_id': 1.5}"),
    "source_refused": "http.post('/wrong').raise_for_status()",
    "refused_key": "http.post('/locked').raise_for_status()",
    "unavailable": "http.get('/down')",
    "hangs_up": "http.post('/hangs-up')",
    "truncates": "http.post('/truncates')",
    "garbage": "http.get('/garbage').json",
    "rate_limited": "http.get('/limited')",
    "memory": "kept = []\n    while True:\n        kept.append(bytearray(8 << 20))",
    "cpu_limit": "while True:\n        pass",
    "sleeps": "import time\n    time.sleep(100)",
    "source_sleeps": "http.get('/sleeps')",
    "crash": "causes_deeds.abort()",
    "asks": "http.post('/asked')",
    "saves": "checkpoint.save(at=1)\n    http.get('/asked')\n    checkpoint.save(at=2)\n    http.get('/down')",
}
HURRIED = ("sleeps", "source_sleeps")
"""What ends when its time is up is given little."""
REFUSED = "refused"
"""A connector that is in order, until a version of it is installed that the language policy refuses."""
VIOLATIONS = {"sandbox_violation": "causes_deeds.trace()", "protocol_violation": "causes_deeds.lie()"}
"""Connectors of one stream each, since one that breaks the wall or the protocol is not run again."""


def install(folder: Path) -> None:
    """Install the connector `causes`, with a stream for each cause, and one for each violation."""
    folder.mkdir()
    (folder / "causes_deeds.py").write_text(LIBRARY)
    _install(folder, "causes", STREAMS)
    _install(folder, REFUSED, {REFUSED: "pass"})
    for name, body in VIOLATIONS.items():
        _install(folder, name, {name: body})


def refuse(folder: Path) -> None:
    """Let what is installed of `refused` hold what the language policy refuses."""
    source = folder / f"caused_{REFUSED}" / "__init__.py"
    source.write_text(source.read_text() + "\n\nimport os\n")


def _install(folder: Path, key: str, streams: dict[str, str]) -> None:
    source = HEAD.format(key=key)
    for stream, body in streams.items():
        source += ROUTE.format(stream=stream, body=body, timeout=0.6 if stream in HURRIED else None)
    package, info = folder / f"caused_{key}", folder / f"caused_{key}-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: caused-{key}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[levada.connectors]\n{key} = caused_{key}:connector\n")
