"""Small things connector authors write, each a module that ends with a `result`.

They stand in the text files beside this one, under `=== title`. An idiom may begin with `# from 3.12`, when its syntax
or what it imports is newer than the oldest Python that is supported.
"""

import re
from pathlib import Path


def _read() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "idioms").glob("*.txt")):
        parts = re.split(r"^=== (.+)$", path.read_text(), flags=re.MULTILINE)
        found |= {title: source.strip() + "\n" for title, source in zip(parts[1::2], parts[2::2], strict=True)}
    return found


IDIOMS = _read()
