"""An event loop in a thread of its own, for callers that wait.

The loop is made, used and closed in its thread alone. An interrupt from the keyboard falls into the main thread, which
only waits here: it may come at any instant and never finds a loop half made, half run or half closed.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines for callers that wait, from any thread; `close` ends it."""

    def __init__(self) -> None:
        self._made: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=_serve, args=(self._made,), name="outbound", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Return what the coroutine returns, or raise what it raises; it is cancelled when the wait is interrupted."""
        try:
            waiting = asyncio.run_coroutine_threadsafe(coroutine, self._made.result())
        except BaseException:
            coroutine.close()
            raise
        try:
            return waiting.result()
        except BaseException:
            waiting.cancel()
            raise

    def close(self) -> None:
        """Cancel what is still running and end the thread with its loop; closing twice is harmless."""
        loop = self._made.result()
        if self._thread.is_alive() and not loop.is_closed():
            loop.call_soon_threadsafe(loop.stop)
        self._thread.join()


def _serve(made: "Future[asyncio.AbstractEventLoop]") -> None:
    loop = asyncio.new_event_loop()
    made.set_result(loop)
    try:
        loop.run_forever()
        for left in asyncio.all_tasks(loop):
            left.cancel()
        loop.run_until_complete(_ended(loop))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _ended(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    await asyncio.gather(*left, return_exceptions=True)
