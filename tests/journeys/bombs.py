"""Connectors that try to take the machine down, as distributions in a folder on the path.

What the language policy would refuse is done by a library of theirs, which runs unrestricted inside the wall.
"""

from pathlib import Path

LIBRARY = '''
"""Does what no connector may."""
import ctypes
import os


def fork():
    while True:
        os.fork()


def flood():
    while True:
        os.write(3, b"x" * (1 << 20))


def lie():
    os.write(3, b"\\xff\\xff\\xff\\xff" + b"x" * 100)
    while True:
        os.read(3, 1)


def trace():
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)
'''

STREAMS = {
    "memory": "kept = []\nwhile True:\n    kept.append(bytearray(16 << 20))",
    "spin": "while True:\n    pass",
    "sleep": "import time\ntime.sleep(1000)",
    "regex": "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
    "logs": "for number in range(100_000):\n    log.info('x' * 9_000, number=number)\n    print('y' * 9_000)",
    "endless": (
        "import itertools\nfor number in itertools.count():\n"
        "    rows = [{'customer_id': f'{number}-{n}', 'name': 'Nobody'} for n in range(10)]\n"
        "    ingest.batch('customer', rows, idempotency_key=lambda row: row['customer_id'])"
    ),
    "generator": (
        "import itertools\nrows = ({'customer_id': str(n), 'name': 'Nobody'} for n in itertools.count())\n"
        "ingest.batch('customer', list(rows), idempotency_key=lambda row: row['customer_id'])"
    ),
    "huge": ("ingest.batch('customer', [{'customer_id': '1', 'name': 'x' * (9 << 20)}], idempotency_key='huge')"),
    "deep": (
        "nested = {'customer_id': '1', 'name': 'x'}\nfor _ in range(100_000):\n    nested = {'metadata': nested}\n"
        "ingest.batch('customer', [nested], idempotency_key='deep')"
    ),
    "forks": "bomb_deeds.fork()",
}
VIOLATIONS = {name: f"bomb_deeds.{name}()" for name in ("flood", "lie", "trace")}
"""Connectors of one stream each, since a connector that breaks the wall or the protocol is not run again."""


def install(folder: Path) -> None:
    """Install the connector `bombs`, with a stream for each bomb, and one for each violation."""
    folder.mkdir()
    (folder / "bomb_deeds.py").write_text(LIBRARY)
    _install(folder, "bombs", STREAMS)
    for name, body in VIOLATIONS.items():
        _install(folder, name, {name: body})


def _install(folder: Path, key: str, streams: dict[str, str]) -> None:
    lines = [
        '"""Bombs."""',
        "import bomb_deeds",
        "",
        "from levada import Connector",
        "",
        f'connector = Connector("{key}", libraries=["bomb_deeds"])',
    ]
    for stream, body in streams.items():
        lines += ["", "", f'@connector.poll("{stream}", every="0 0 1 1 *")', f"def {stream}(ingest, log):"]
        lines += [f'    """The bomb: {stream}."""', *(f"    {line}" for line in body.splitlines())]
    package, info = folder / f"wall_{key}", folder / f"wall_{key}-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("\n".join(lines) + "\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: wall-{key}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[levada.connectors]\n{key} = wall_{key}:connector\n")
