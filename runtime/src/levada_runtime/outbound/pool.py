"""One pool of connections and what goes over them: all that is known of aiohttp, which takes long to load."""

import ssl
from io import BytesIO
from typing import Final

import aiohttp
from yarl import URL

from levada_runtime.outbound.body import Body, Meter
from levada_runtime.outbound.errors import Unreachable
from levada_runtime.outbound.headers import incoming
from levada_runtime.outbound.limits import Limits
from levada_runtime.outbound.model import Additions, Answer, Lookup
from levada_runtime.outbound.pinning import PinningResolver
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.redirects import Step
from levada_runtime.outbound.url import Target

_CHUNK: Final = 64 << 10
_LINE: Final = 8190
_HEADERS: Final = 128


class Pool:
    """The connections of one client; made in the event loop that it belongs to."""

    def __init__(
        self,
        allow_private: AllowPrivate,
        limits: Limits,
        *,
        cookies: bool,
        idle_s: float,
        lookup: Lookup | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._limits = limits
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=PinningResolver(allow_private, lookup),
                use_dns_cache=False,
                keepalive_timeout=idle_s,
                ssl=tls or True,
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect_s, sock_read=limits.read_s),
            cookie_jar=aiohttp.CookieJar() if cookies else aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=_LINE,
            max_field_size=_LINE,
            max_headers=_HEADERS,
        )

    async def exchange(self, step: Step, additions: Additions, meter: Meter) -> tuple[Answer, str | None]:
        """Send one step; return its answer, and where it leads to.

        Raises Refused, TooLarge or Unreachable.
        """
        try:
            return await self._exchange(step, additions, meter)
        except aiohttp.ClientError as error:
            raise _failure(error, step.target) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _exchange(self, step: Step, additions: Additions, meter: Meter) -> tuple[Answer, str | None]:
        target = step.target.with_params(list(additions.params))
        async with self._session.request(
            step.method,
            URL(str(target), encoded=True),
            headers=[*step.headers, *additions.headers],
            data=None if step.body is None else BytesIO(step.body),  # bytes as such draw a warning when they are many
            allow_redirects=False,
            skip_auto_headers=("Content-Type",),
        ) as response:
            try:
                body = Body(response.headers.get("Content-Encoding", ""), self._limits, meter)
                async for chunk in response.content.iter_chunked(_CHUNK):
                    body.feed(chunk)
                    if body.suffices:
                        break
                content = body.finish()
            except BaseException:
                _hang_up(response)
                raise
            given = incoming(response.headers.items())
            answer = Answer(response.status, given, content, str(step.target), body.received)
            return answer, response.headers.get("Location")


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """Close the socket at once: a TLS peer that is asked to agree may keep it open, and keep sending, for long."""
    transport = response.connection.transport if response.connection is not None else None
    if transport is not None:
        transport.abort()


def _failure(error: aiohttp.ClientError, target: Target) -> Unreachable:
    """Say what failed without the library's message, which may hold the URL with its query."""
    match error:
        case aiohttp.ServerTimeoutError():
            return Unreachable(f"{target.place} did not answer in time", code="timeout")
        case aiohttp.ClientConnectorCertificateError():
            return Unreachable(f"{target.place} has no valid certificate", code="certificate")
        case aiohttp.ClientSSLError():
            return Unreachable(f"no secure connection to {target.place}", code="tls")
        case aiohttp.ClientConnectorError():
            return Unreachable(f"no connection to {target.place}", code="no_connection")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientOSError():
            return Unreachable(f"{target.place} broke off", code="broken_off")
        case _:
            return Unreachable(f"{target.place} answered what is not HTTP", code="not_http")
