"""The loop in a thread of its own, where the HTTP client lives."""

import asyncio
import sys

import pytest

from levada_runtime.outbound.loop import LoopThread


def test_a_library_that_cannot_be_loaded_is_told_to_whoever_asks(monkeypatch):
    """It is loaded in the loop's own thread; nobody waits for one that never comes."""
    monkeypatch.setitem(sys.modules, "levada_runtime.outbound.pool", None)
    loop = LoopThread()
    with pytest.raises(RuntimeError, match="cannot be loaded") as told:
        loop.run(lambda: asyncio.sleep(0))
    assert isinstance(told.value.__cause__, ImportError)
    loop.close()
