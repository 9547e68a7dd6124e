"""The demo's sample source: a billing service in a process of its own, told over its standard input what to do."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from levada_runtime.foundation.errors import EnvironmentFailure


class Sample:
    """The sample source, in a process of its own: this one imports no connector."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.hello = self._read()

    def tell(self, word: str) -> dict[str, Any]:
        """Say `served`, `advance`, `settle URL` or `received`, and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EnvironmentFailure("the sample source did not start", hint="`python -m levada_acme.sample` says why")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def sample_source() -> Iterator[Sample]:
    """The sample source, until the block is left."""
    if importlib.util.find_spec("levada_acme") is None:
        raise EnvironmentFailure(
            "the demo reads from the sample source of levada-acme, which is not installed",
            code="demo_not_installed",
            hint="pip install levada-acme",
        )
    nonce = os.environ.get("LEVADA_DEMO_NONCE")
    words = [sys.executable, "-m", "levada_acme.sample.controlled", *(["--nonce", nonce] if nonce else [])]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Sample(process)
    finally:
        with suppress(BrokenPipeError):
            process.communicate(timeout=5)
