"""The client for callers that wait: a worker runs one route at a time and has no event loop of its own."""

from functools import partial
from types import TracebackType
from typing import Self

from levada_runtime.outbound.body import Meter
from levada_runtime.outbound.client import Client
from levada_runtime.outbound.headers import Headers
from levada_runtime.outbound.loop import LoopThread, Promise
from levada_runtime.outbound.model import Answer, AtStep
from levada_runtime.outbound.redirects import Step
from levada_runtime.outbound.url import Target


class BlockingClient:
    """A client on an event loop in another thread, its own or a shared one. Close it, or use it in a `with`."""

    def __init__(self, client: Client | None = None, loop: LoopThread | None = None) -> None:
        self.client = client or Client()
        self._shared = loop is not None
        self._loop = loop or LoopThread()
        self._closing: Promise[None] | None = None

    def send(
        self,
        method: str,
        target: Target,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        at_step: AtStep | None = None,
        follow: bool = True,
        meter: Meter | None = None,
        within_s: float | None = None,
    ) -> Answer:
        """Send a request, as `Client.send` does; `at_step` is called in the loop's thread."""
        return self._loop.run(
            partial(
                self.client.send,
                method,
                target,
                headers=headers,
                body=body,
                at_step=at_step,
                follow=follow,
                meter=meter,
                within_s=within_s,
            )
        )

    def send_step(
        self, step: Step, *, at_step: AtStep | None = None, meter: Meter | None = None, within_s: float | None = None
    ) -> tuple[Answer, Step | None]:
        """Send one step, as `Client.send_step` does; `at_step` is called in the loop's thread."""
        return self._loop.run(partial(self.client.send_step, step, at_step=at_step, meter=meter, within_s=within_s))

    def close(self) -> None:
        """Close the connections, and the loop unless it is shared.

        Closing twice is harmless; what an interrupt broke off is finished by the second.
        """
        if self._closing is None:
            self._closing = self._loop.begin(self.client.close)
        self._closing.get()
        if not self._shared:
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
