"""Which work this code can do, where several versions of it stand on one store.

What enters work writes its version into the row; who claims takes only what it understands. While a fleet is upgraded
daemon by daemon, older ones leave to newer ones what only those can read, in its place in the line.

Whoever changes what a payload says, so that older code would misread it, raises `CODE_VERSION` and leaves the earlier
versions among `UNDERSTOOD` for as long as a row of them may be left: the schema expands first, and contracts later.
"""

from typing import Final

CODE_VERSION: Final = "1"
"""The version that is written into new work."""
UNDERSTOOD: Final = (CODE_VERSION,)
"""The versions of the work that this code can do."""
QUEUE: Final = f"w.{CODE_VERSION}"
"""Where an executor that carries tokens through a broker puts them: whoever listens there can do what was claimed."""
