"""The one HTTP client: every request this runtime sends for somebody else goes through here."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final

import aiohttp
from yarl import URL

from levada_runtime.outbound.body import Body, Meter
from levada_runtime.outbound.errors import OutboundFailure, Refused, TooLarge, Unreachable
from levada_runtime.outbound.headers import Headers, incoming, outgoing
from levada_runtime.outbound.limits import Limits
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.redirects import Step, next_step
from levada_runtime.outbound.resolver import Lookup, PinningResolver, check_target
from levada_runtime.outbound.url import Target

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CHUNK: Final = 64 << 10
_LINE: Final = 8190
_HEADERS: Final = 128


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added to one step and to no other: credentials for the host it goes to."""

    headers: Headers = ()
    params: tuple[tuple[str, str], ...] = ()


AtStep = Callable[[Step], Additions]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: `url` is the last step's without its additions, `received` the bytes of all steps' bodies."""

    status: int
    headers: Headers
    body: bytes
    url: str
    received: int


class Client:
    """One pool of connections (and, if asked for, one jar of cookies), used from one event loop.

    A connection that nobody used for `idle_s` is closed, as long as the loop runs. `lookup` and `tls` are for operators
    with their own resolver or authority, and for tests.
    """

    def __init__(
        self,
        *,
        allow_private: AllowPrivate | None = None,
        limits: Limits | None = None,
        cookies: bool = False,
        idle_s: float = 30,
        lookup: Lookup | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.allow_private = allow_private or AllowPrivate()
        self._cookies = cookies
        self._idle_s = idle_s
        self._lookup = lookup
        self._tls = tls
        self._opened: aiohttp.ClientSession | None = None

    async def send(
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
        """Send a request and follow its redirects, unless `follow` is off: then one that redirects is the answer.

        `at_step` is called with every step, the first and each redirect's, before anything of it is sent: it may
        raise to refuse it, and returns what to add for it. `meter` counts all that comes in, whatever becomes of it.
        `within_s` bounds the whole more tightly than the client's own limit. Raises Refused, TooLarge or Unreachable.
        """
        step, received = first_step(method, target, headers, body), 0
        bound = self.limits.total_s if within_s is None else min(self.limits.total_s, within_s)
        try:
            async with asyncio.timeout(bound):
                for _ in range(self.limits.redirects + 1):
                    answer, location = await self._take(step, at_step, meter or Meter())
                    received += answer.received
                    following = next_step(step, answer.status, location) if follow else None
                    if following is None:
                        return replace(answer, received=received)
                    step = following
        except TimeoutError as error:
            raise Unreachable(f"{target.place} did not answer in time", code="timeout") from error
        raise too_many_redirects(target, self.limits)

    async def send_step(
        self, step: Step, *, at_step: AtStep | None = None, meter: Meter | None = None, within_s: float | None = None
    ) -> tuple[Answer, Step | None]:
        """Send one step, for who has something to do before each; return the answer, and the step that it leads to.

        The rest is as with `send`.
        """
        bound = self.limits.total_s if within_s is None else min(self.limits.total_s, within_s)
        try:
            async with asyncio.timeout(bound):
                answer, location = await self._take(step, at_step, meter or Meter())
        except TimeoutError as error:
            raise Unreachable(f"{step.target.place} did not answer in time", code="timeout") from error
        return answer, next_step(step, answer.status, location)

    async def close(self) -> None:
        """Close the pool's connections."""
        session, self._opened = self._opened, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)

    async def _take(self, step: Step, at_step: AtStep | None, meter: Meter) -> tuple[Answer, str | None]:
        try:
            check_target(step.target, self.allow_private)
            additions = at_step(step) if at_step else Additions()
            return await self._exchange(step, additions, meter)
        except TooLarge:
            raise
        except Refused as refusal:
            raise step.explained(refusal) from None
        except OutboundFailure:
            raise
        except aiohttp.ClientError as error:
            raise _failure(error, step.target) from error

    async def _exchange(self, step: Step, additions: Additions, meter: Meter) -> tuple[Answer, str | None]:
        target = step.target.with_params(list(additions.params))
        async with self._session().request(
            step.method,
            URL(str(target), encoded=True),
            headers=[*step.headers, *additions.headers],
            data=None if step.body is None else BytesIO(step.body),  # bytes as such draw a warning when they are many
            allow_redirects=False,
            skip_auto_headers=("Content-Type",),
        ) as response:
            try:
                body = Body(response.headers.get("Content-Encoding", ""), self.limits, meter)
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

    def _session(self) -> aiohttp.ClientSession:
        """Open the pool at the first request, since it belongs to the running loop."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=PinningResolver(self.allow_private, self._lookup),
                    use_dns_cache=False,
                    keepalive_timeout=self._idle_s,
                    ssl=self._tls or True,
                ),
                timeout=aiohttp.ClientTimeout(total=None, connect=self.limits.connect_s, sock_read=self.limits.read_s),
                cookie_jar=aiohttp.CookieJar() if self._cookies else aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=_LINE,
                max_field_size=_LINE,
                max_headers=_HEADERS,
            )
        return self._opened


def first_step(method: str, target: Target, headers: Headers = (), body: bytes | None = None) -> Step:
    """Return the first step of a request.

    Raises Refused for a method that is not sent.
    """
    check_method(method)
    return Step(method, target, outgoing(headers), body)


def too_many_redirects(target: Target, limits: Limits) -> Refused:
    """Return why a request that was led on and on is given up."""
    return Refused(f"more than {limits.redirects} redirects from {target.place}", code="redirects")


def check_method(method: str) -> None:
    """Raise Refused unless the method is one that is sent."""
    if method not in METHODS:
        raise Refused(f"the method is none of those sent: {', '.join(sorted(METHODS))}", code="method")


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
