"""The one HTTP client: every request this runtime sends for somebody else goes through here."""

import asyncio
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from levada_runtime.outbound.body import Meter
from levada_runtime.outbound.errors import Refused, TooLarge, Unreachable
from levada_runtime.outbound.headers import Headers, outgoing
from levada_runtime.outbound.limits import Limits
from levada_runtime.outbound.model import Additions, Answer, AtStep, Lookup
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.redirects import Step, next_step
from levada_runtime.outbound.resolver import check_target
from levada_runtime.outbound.url import Target

if TYPE_CHECKING:
    from levada_runtime.outbound.pool import Pool

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
        self._opened: Pool | None = None

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
        pool, self._opened = self._opened, None
        if pool is not None:
            await pool.close()
            await asyncio.sleep(0)

    async def _take(self, step: Step, at_step: AtStep | None, meter: Meter) -> tuple[Answer, str | None]:
        try:
            check_target(step.target, self.allow_private)
            additions = at_step(step) if at_step else Additions()
            return await self._pool().exchange(step, additions, meter)
        except TooLarge:
            raise
        except Refused as refusal:
            raise step.explained(refusal) from None

    def _pool(self) -> "Pool":
        """Open the pool at the first request, since it belongs to the running loop."""
        if self._opened is None:
            from levada_runtime.outbound.pool import Pool  # takes long: the loop's thread loads it

            self._opened = Pool(
                self.allow_private,
                self.limits,
                cookies=self._cookies,
                idle_s=self._idle_s,
                lookup=self._lookup,
                tls=self._tls,
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
