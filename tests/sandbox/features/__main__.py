"""Write the golden file of the Python at hand."""

import json
from pathlib import Path

from tests.sandbox.features.constructs import CONSTRUCTS
from tests.sandbox.features.matrix import VERSION, golden

path = Path(__file__).parent / f"{VERSION}.json"
path.write_text(json.dumps(golden(CONSTRUCTS), indent=1, ensure_ascii=False) + "\n")
print(path)
