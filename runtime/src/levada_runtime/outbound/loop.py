"""An event loop in a thread of its own, for callers that wait.

The loop is made, used and closed in its thread alone, and so is every coroutine. An interrupt from the keyboard falls
into the main thread, which only waits here: it may come at any instant and finds nothing half made or half closed.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Final, TypeVar

_TURNS: Final = 3
"""How often a loop goes round after its last task, so that sockets that were closed are let go."""
Result = TypeVar("Result")
_Made = tuple[asyncio.AbstractEventLoop, asyncio.Event]
Make = Callable[[], Coroutine[Any, Any, Result]]


class LoopThread:
    """Runs coroutines for callers that wait, from any thread; `close` ends it."""

    def __init__(self) -> None:
        self._made: Future[_Made] = Future()
        self._thread = threading.Thread(target=_serve, args=(self._made,), name="outbound", daemon=True)
        self._thread.start()

    def run(self, make: Make[Result]) -> Result:
        """Return what the coroutine returns, or raise what it raises; it is cancelled when the wait is interrupted."""
        waiting: Future[Result] = Future()
        try:
            self._begin(make, waiting)
            return waiting.result()
        except BaseException:
            waiting.cancel()
            raise

    def begin(self, make: Make[Result]) -> "Future[Result]":
        """Let a coroutine run to its end, whether or not somebody waits for it."""
        waiting: Future[Result] = Future()
        self._begin(make, waiting)
        return waiting

    def close(self) -> None:
        """Cancel what is still running and end the thread with its loop; closing twice is harmless."""
        loop, told = self._made.result()
        with suppress(RuntimeError):  # it is closed already
            loop.call_soon_threadsafe(told.set)
        self._thread.join()

    def _begin(self, make: Make[Result], waiting: "Future[Result]") -> None:
        loop, _ = self._made.result()
        loop.call_soon_threadsafe(_start, loop, make, waiting)


def _start(loop: asyncio.AbstractEventLoop, make: Make[Result], waiting: "Future[Result]") -> None:
    if waiting.cancelled():
        return
    task = loop.create_task(make())
    task.add_done_callback(lambda ended: _hand_over(ended, waiting))
    waiting.add_done_callback(lambda ended: _give_up(ended, loop, task))


def _hand_over(task: asyncio.Task[Result], waiting: "Future[Result]") -> None:
    error = None if task.cancelled() else task.exception()
    with suppress(InvalidStateError):  # nobody waits any more
        if task.cancelled():
            waiting.cancel()
        elif error is not None:
            waiting.set_exception(error)
        else:
            waiting.set_result(task.result())


def _give_up(waiting: "Future[Result]", loop: asyncio.AbstractEventLoop, task: asyncio.Task[Result]) -> None:
    with suppress(RuntimeError):  # the loop is closed already
        if waiting.cancelled():
            loop.call_soon_threadsafe(task.cancel)


def _serve(made: "Future[_Made]") -> None:
    with asyncio.Runner() as runner:
        runner.run(_until_told(made))


async def _until_told(made: "Future[_Made]") -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    made.set_result((loop, told))
    await told.wait()
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    # A TLS socket that was closed waits for its peer to agree, which one that is left in the middle may never do.
    for transport in list(getattr(loop, "_transports", {}).values()):
        transport.abort()
    for _ in range(_TURNS):
        await asyncio.sleep(0)
