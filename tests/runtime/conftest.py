"""What the tests of several floors share."""

from collections.abc import Iterator

import pytest
from tests.lending import Lending


@pytest.fixture(scope="session")
def lending() -> Iterator[Lending]:
    """What lends one sandbox to whoever needs one."""
    with Lending() as lending:
        yield lending
