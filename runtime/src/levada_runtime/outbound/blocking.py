"""The client for callers that wait: a worker runs one route at a time and has no event loop of its own."""

import asyncio
from types import TracebackType
from typing import Self

from levada_runtime.outbound.client import Answer, AtStep, Client
from levada_runtime.outbound.headers import Headers
from levada_runtime.outbound.url import Target


class BlockingClient:
    """A client on a private event loop, for one thread that is not already in one. Close it, or use it in a `with`."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()
        self._loop = asyncio.new_event_loop()

    def send(
        self,
        method: str,
        target: Target,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        at_step: AtStep | None = None,
        follow: bool = True,
    ) -> Answer:
        """Send a request, as `Client.send` does."""
        return self._loop.run_until_complete(self._send(method, target, headers, body, at_step, follow))

    def close(self) -> None:
        """Close the connections and the loop; closing twice is harmless."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self.client.close())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _send(
        self,
        method: str,
        target: Target,
        headers: Headers,
        body: bytes | None,
        at_step: AtStep | None,
        follow: bool,
    ) -> Answer:
        # The loop stood still since the last request: two turns let it notice connections closed meanwhile.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await self.client.send(method, target, headers=headers, body=body, at_step=at_step, follow=follow)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
