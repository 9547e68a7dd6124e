"""What is logged, for tests that look at it."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog.testing

from levada_runtime.foundation.logging import logger


@contextmanager
def capture_logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Yield the list of what is logged in the block, however logging was configured before."""
    logger("tests")  # whatever level a command asked for counts from now on, and not within the block
    with structlog.testing.capture_logs() as said:
        yield said
