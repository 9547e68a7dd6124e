"""The HTTP of one run: the only way out of the wall, and it leads to the connector's declared hosts alone.

The child names a method, a URL, headers and a body. Here the host is checked against the manifest, the credentials are
added that the child never sees, the request goes out through the one client, and is tried again where that is safe.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from levada import Forbidden, HttpRequest, LevadaError, Manifest, RateLimited, Response, SourceUnavailable
from levada_runtime.outbound import (
    Additions,
    AllowPrivate,
    Answer,
    BlockingClient,
    Client,
    Refused,
    Target,
    Unreachable,
)
from levada_runtime.outbound.headers import without
from levada_runtime.outbound.retry_after import retry_after
from levada_runtime.sandbox.broker_auth import basic_pairs, credentials, query_names
from levada_runtime.sandbox.broker_hosts import HostList, forbidden
from levada_runtime.sandbox.broker_mask import Mask
from levada_runtime.sandbox.broker_model import Asked, Errand, Exchange
from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.protocol import HttpAnswer, HttpFrame
from levada_runtime.sandbox.retry_after import (
    TOO_MANY,
    Again,
    Patience,
    decide,
    is_transient,
)

HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_INTERCEPTED: Final = 202
_LONG_SECRET: Final = 8


class Broker:
    """The broker of one run. Use it in a `with`, or close it; a client that was handed in stays open."""

    def __init__(
        self,
        manifest: Manifest,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        *,
        allow_private: Sequence[str] = (),
        limits: Limits | None = None,
        observing: bool = False,
        observe_allow: bool = False,
        client: BlockingClient | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Take what the run is allowed.

        `allow_private` is the operator's list and is not read when a client is handed in, which has its own. A route
        declared `observe="allow"` (`observe_allow`) sends everything in observation mode too.
        """
        self.exchanges: list[Exchange] = []
        self.requests = 0
        self.bytes = 0
        self.mask = Mask(secrets.values(), basic_pairs(manifest, settings, secrets))
        self._mask_long = Mask(value for value in secrets.values() if len(value) >= _LONG_SECRET)
        self._manifest, self._settings, self._secrets = manifest, settings, secrets
        self._owned = client is None
        self._client = client or BlockingClient(Client(allow_private=AllowPrivate.read(allow_private)))
        self._limits = limits or Limits()
        self._intercepts = observing and not observe_allow
        self._patience = patience or Patience()
        self._sleep, self._now, self._jitter = sleep, now, jitter

    def answer(self, frame: HttpFrame) -> HttpAnswer:
        """Answer the child's frame; raises what `request` raises."""
        return self._ask(frame)

    def request(self, request: HttpRequest) -> Response:
        """Answer a route's request.

        Raises HostNotDeclared, Forbidden (the outbound rules or a limit of the run), AuthFailed (no usable
        credentials), and after the last try RateLimited or SourceUnavailable with the wait the source asked for. Every
        other status, 401 and 403 among them, is returned. So is any status of a method that is never sent twice.
        """
        answer = self._ask(request)
        return Response(answer.status, dict(answer.headers), answer.content, answer.url)

    def usage(self) -> tuple[int, int]:
        """Return how many requests were sent, redirects and retries included, and how many bytes they moved."""
        return self.requests, self.bytes

    def close(self) -> None:
        """Close the client, unless it was handed in."""
        if self._owned:
            self._client.close()

    def _ask(self, asked: Asked) -> HttpAnswer:
        method = asked.method.upper()
        try:
            hosts = HostList.of(self._manifest, self._settings, self._client.client.allow_private)
            target = hosts.resolve(asked.url, list(asked.params)).without_params(query_names(self._manifest))
            hosts.check(target)
            if self._intercepts and method not in HARMLESS:
                return self._intercept(method, target)
            return self._try(Errand(method, target, tuple(asked.headers), asked.body), hosts)
        except Refused as refusal:
            raise self._masked(forbidden(refusal)) from None
        except LevadaError as error:
            raise self._masked(error) from None

    def _try(self, request: Errand, hosts: HostList) -> HttpAnswer:
        """Send the request until it is answered, or patience is at its end."""
        spent, tries = 0.0, 0
        while True:
            tries += 1
            began = time.monotonic()
            outcome = self._send(request, hosts, tries)
            spent += time.monotonic() - began
            if isinstance(outcome, Answer) and not (request.repeatable and is_transient(outcome.status)):
                return self._answered(outcome)
            asked_s = retry_after(_header(outcome, "retry-after"), self._now()) if isinstance(outcome, Answer) else None
            verdict = decide(self._patience, tries=tries, spent_s=spent, asked_s=asked_s, jitter=self._jitter())
            if not request.repeatable or not isinstance(verdict, Again):
                raise _gave_up(request, outcome, tries, asked_s)
            self._sleep(verdict.wait_s)
            spent += verdict.wait_s

    def _send(self, request: Errand, hosts: HostList, attempt: int) -> Answer | Unreachable:
        """Send the request once and keep the exchange."""
        gate = _Gate(self, hosts, credentials(self._manifest, self._settings, self._secrets))
        began = time.monotonic()
        outcome: Answer | Unreachable | None = None
        reason: str | None = None
        try:
            outcome = self._client.send(
                request.method,
                request.target,
                headers=without(request.headers, gate.names),
                body=request.body,
                at_step=gate,
            )
        except Unreachable as failure:
            outcome, reason = failure, failure.message
        except (Refused, LevadaError) as refusal:
            reason = refusal.message
            raise
        finally:
            self._keep(request, outcome, reason, attempt, time.monotonic() - began)
        return outcome

    def _keep(
        self, request: Errand, outcome: Answer | Unreachable | None, reason: str | None, attempt: int, took_s: float
    ) -> None:
        status, moved = None, len(request.body or b"")
        if isinstance(outcome, Answer):
            status, moved = outcome.status, moved + max(outcome.received, len(outcome.body))
        self.bytes += moved
        self.exchanges.append(
            Exchange(
                method=request.method,
                url=self.mask(request.target.without_query),
                status=status,
                bytes=moved,
                ms=round(took_s * 1000, 1),
                attempt=attempt,
                refused=None if reason is None else self.mask(reason),
            )
        )

    def _intercept(self, method: str, target: Target) -> HttpAnswer:
        """Answer in the source's place: an observed run goes on to its end and changes nothing."""
        url = self.mask(target.without_query)
        self.exchanges.append(Exchange(method, url, _INTERCEPTED, 0, 0.0, 1, intercepted=True))
        headers = [("Content-Type", "application/json"), ("Levada-Observed", "intercepted")]
        return HttpAnswer(_INTERCEPTED, headers, b"{}", self._mask_long(str(target)))

    def _answered(self, answer: Answer) -> HttpAnswer:
        """Hand the answer in, without secrets that the source repeats; short ones could be anything, and stay."""
        headers = [(name, self._mask_long(value)) for name, value in _joined(answer.headers)]
        return HttpAnswer(answer.status, headers, answer.body, self._mask_long(answer.url))

    def count(self) -> None:
        """Count a request about to be sent; raises Forbidden when the run has had its share."""
        limits = self._limits
        if self.requests >= limits.http_requests:
            raise Forbidden(f"the run has sent its {limits.http_requests} requests; an operator sets that limit")
        if self.bytes >= limits.http_bytes:
            raise Forbidden(f"the run has moved its {limits.http_bytes} bytes of HTTP; an operator sets that limit")
        self.requests += 1

    def _masked(self, error: LevadaError) -> LevadaError:
        error.message = self.mask(error.message)
        error.args = (error.message,)
        return error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Gate:
    """What every step of a request passes: declared, counted, and given credentials until it leaves the origin."""

    def __init__(self, broker: Broker, hosts: HostList, proof: Additions) -> None:
        self.names = frozenset(name.lower() for name, _ in proof.headers)
        self._broker = broker
        self._hosts = hosts
        self._proof = proof
        self._origin: tuple[str, str, int] | None = None

    def __call__(self, target: Target) -> Additions:
        self._hosts.check(target)
        self._broker.count()
        self._origin = self._origin or target.origin
        if target.origin != self._origin:
            # Once another host has had a say in where this goes, it gets no credentials, not even back at home.
            self._proof = Additions()
        return self._proof


def _gave_up(request: Errand, outcome: Answer | Unreachable, tries: int, wait: float | None) -> LevadaError:
    times = f" ({tries} tries)" if tries > 1 else ""
    if isinstance(outcome, Unreachable):
        return SourceUnavailable(f"{outcome.message}{times}")
    message = f"{request.target.place} answered {outcome.status} to {request.method} {request.target.path}{times}"
    kind = RateLimited if outcome.status == TOO_MANY else SourceUnavailable
    return kind(message, wait=wait)


def _header(answer: Answer, name: str) -> str | None:
    return next((value for given, value in answer.headers if given.lower() == name), None)


def _joined(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each header once, repeated ones as the list they are; cookies, which are none, stay apart."""
    joined: dict[str, tuple[str, str]] = {}
    for place, (name, value) in enumerate(headers):
        key = f"{name.lower()}-{place}" if name.lower() == "set-cookie" else name.lower()
        joined[key] = (name, f"{joined[key][1]}, {value}" if key in joined else value)
    return list(joined.values())
