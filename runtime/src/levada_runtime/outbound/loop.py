"""An event loop in a thread of its own, for callers that wait.

The loop is made, used and closed in its thread alone, and so is every coroutine. An interrupt from the keyboard falls
into the main thread, which only waits here: it may come at any instant and finds nothing half made or half closed.
"""

import _thread
import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from levada_runtime.outbound.latch import Latch

_TURNS: Final = 3
"""How often a loop goes round after its last task, so that sockets that were closed are let go."""
Result = TypeVar("Result")
Make = Callable[[], Coroutine[Any, Any, Result]]


class Promise(Generic[Result]):
    """What a coroutine will return, for a caller in another thread."""

    def __init__(self, make: Make[Result]) -> None:
        self._make = make
        self._task: asyncio.Task[Result] | None = None
        self._done = Latch()

    def get(self) -> Result:
        """Wait for it: return what the coroutine returns, or raise what it raises."""
        self._done.wait()
        if self._task is None or self._task.cancelled():
            raise CancelledError
        return self._task.result()

    def start(self) -> None:
        """Start the coroutine; in the loop's thread."""
        self._task = asyncio.get_running_loop().create_task(self._make())
        self._task.add_done_callback(self._hand_over)

    def give_up(self) -> None:
        """Cancel the coroutine, if it still runs; in the loop's thread."""
        if self._task is not None:
            self._task.cancel()

    def _hand_over(self, task: asyncio.Task[Result]) -> None:
        if not task.cancelled():
            task.exception()  # Looked at: a task whose failure nobody looks at complains when it is collected.
        self._done.set()


class LoopThread:
    """Runs coroutines for callers that wait, from any thread; `close` ends it."""

    def __init__(self) -> None:
        self._made, self._ended = Latch(), Latch()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: asyncio.Event | None = None
        self._failed: ImportError | None = None
        # `threading` would wait here until the thread runs, on an event that an interrupt can break.
        _thread.start_new_thread(self._serve, ())

    def run(self, make: Make[Result]) -> Result:
        """Return what the coroutine returns, or raise what it raises; it is cancelled when the wait is interrupted."""
        promise = Promise(make)
        try:
            self._tell(promise.start)
            return promise.get()
        except BaseException:
            with suppress(RuntimeError):  # the loop is closed already
                self._tell(promise.give_up)
            raise

    def begin(self, make: Make[Result]) -> Promise[Result]:
        """Let a coroutine run to its end, whether or not somebody waits for it."""
        promise = Promise(make)
        self._tell(promise.start)
        return promise

    def close(self) -> None:
        """Cancel what is still running and end the thread with its loop; closing twice is harmless."""
        with suppress(RuntimeError):  # it is closed already
            self._tell(self._end)
        self._ended.wait()

    def _tell(self, what: Callable[[], None]) -> None:
        self._made.wait()
        if self._loop is None:
            raise RuntimeError("there is no HTTP client: what it is made of cannot be loaded") from self._failed
        self._loop.call_soon_threadsafe(what)

    def _end(self) -> None:
        assert self._told is not None
        self._told.set()

    def _serve(self) -> None:
        try:
            import levada_runtime.outbound.pool  # noqa: F401 - takes long, and whoever made this thread goes on meanwhile

            with asyncio.Runner() as runner:
                runner.run(self._until_told())
        except ImportError as error:
            self._failed = error
            self._made.set()
        finally:
            self._ended.set()

    async def _until_told(self) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        self._made.set()
        await self._told.wait()
        await _end_all(self._loop)


async def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    # A TLS socket that was closed waits for its peer to agree, which one that is left in the middle may never do.
    for transport in list(getattr(loop, "_transports", {}).values()):
        transport.abort()
    for _ in range(_TURNS):
        await asyncio.sleep(0)
