"""A law as a property: what has to hold, of all that can be drawn for it; the same seed draws the same."""

from collections.abc import Callable
from dataclasses import dataclass
from os import urandom
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from levada.testing.ingest_bench import Benches


@dataclass(frozen=True, slots=True)
class Law:
    """One law of ingest, by its number; `check` raises AssertionError for a draw that breaks it."""

    number: int
    title: str
    check: Callable[[Benches, Any], None]
    drawn: SearchStrategy[Any]

    def __str__(self) -> str:
        return f"law {self.number}, {self.title}"

    def hold(self, benches: Benches, *, seed: int, examples: int, shrink: bool = True) -> int:
        """Try the law on so many examples, and return how many there were; raises what the smallest broken one does."""
        tried = 0
        phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

        @hypothesis.seed(seed)
        @settings(
            max_examples=examples,
            deadline=None,  # a real store's first commit is slow, and says nothing of the law
            database=None,  # the seed tells it all
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
        )
        @given(drawn=self.drawn)
        def example(drawn: Any) -> None:
            nonlocal tried
            tried += 1
            self.check(benches, drawn)

        try:
            example()
        except Exception as error:
            error.add_note(f"{self}: broken, with the seed {seed}")
            raise
        return tried


def seed_of(config: pytest.Config) -> int:
    """Return the seed that `--hypothesis-seed` gives, or a new one."""
    given_seed = config.getoption("hypothesis_seed", default=None)
    return int(given_seed) if str(given_seed).isdigit() else int.from_bytes(urandom(3))


def place_of(request: pytest.FixtureRequest) -> str:
    """Return which ingest a law is tried on: the class of its suite, and what else the test is parametrised by."""
    callspec = getattr(request.node, "callspec", None)
    params = callspec.params if callspec is not None else {}
    return " ".join([request.cls.__name__, *(str(value) for name, value in params.items() if name != "law")])
