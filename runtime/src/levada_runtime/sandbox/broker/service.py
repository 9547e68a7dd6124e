"""The HTTP of one run: the only way out of the wall, and it leads to the connector's declared hosts alone.

The child names a method, a URL, headers and a body. Here the host is checked against the manifest, the credentials are
added that the child never sees, the request goes out through the one client, and is tried again where that is safe.
"""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from levada import Forbidden, HttpRequest, LevadaError, Manifest, RateLimited, Response, SourceUnavailable
from levada._auth import OAuth2ClientCredentials, OAuth2Refresh
from levada._cassette import CassetteMiss, Player
from levada_runtime.access.oauth_grant import Issued, TokenRequest, read_token
from levada_runtime.foundation.masking import Mask
from levada_runtime.outbound import (
    AllowPrivate,
    Answer,
    BlockingClient,
    Client,
    Meter,
    Refused,
    TooLarge,
    Unreachable,
)
from levada_runtime.outbound.client import check_method, first_step
from levada_runtime.outbound.headers import check_headers, without
from levada_runtime.outbound.resolver import check_target
from levada_runtime.outbound.retry_after import retry_after
from levada_runtime.sandbox.broker.auth import basic_pairs, credential_names, query_names, signs
from levada_runtime.sandbox.broker.budgets import Turns
from levada_runtime.sandbox.broker.cassette import Tape
from levada_runtime.sandbox.broker.gate import Gate
from levada_runtime.sandbox.broker.hosts import HostList, forbidden
from levada_runtime.sandbox.broker.log import ExchangeLog
from levada_runtime.sandbox.broker.model import INTERCEPTED, Asked, Errand, Exchange
from levada_runtime.sandbox.broker.proof import FETCH_S, TURN_S, Proof, TokenSource
from levada_runtime.sandbox.broker.retry import TOO_MANY, Again, Patience, decide, is_transient
from levada_runtime.sandbox.broker.walk import TurnTaker, walk
from levada_runtime.sandbox.model import Abort, Limits
from levada_runtime.sandbox.protocol import HttpAnswer, HttpFrame

HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
BAD_REQUEST: Final = 400


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
        deadline_s: float | None = None,
        recording: bool = False,
        player: Player | None = None,
        tokens: TokenSource | None = None,
        turns: Turns | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Take what the run is allowed.

        `allow_private` is the operator's list and is not read when a client is handed in, which has its own. A route
        declared `observe="allow"` (`observe_allow`) sends everything in observation mode too. `deadline_s` seconds
        from now no wait and no request goes on. With `recording` a tape is kept; with a `player` nothing is ever sent.
        `tokens` is for OAuth2 schemes; `turns` keeps the run to what the source takes.
        """
        self.requests = 0
        self.bytes = 0
        self.mask = Mask(secrets.values(), basic_pairs(manifest, settings, secrets))
        self.tape = Tape(self.mask, credential_names(manifest)) if recording else None
        self._limits = limits or Limits()
        self._log = ExchangeLog(self.mask, self._limits.http_requests)
        self._manifest, self._settings = manifest, settings
        self._proof = Proof(manifest, settings, secrets, self.mask, tokens, now)
        self._owned = client is None
        self._client = client or BlockingClient(Client(allow_private=AllowPrivate.read(allow_private)))
        self._player = player
        self._host_list: HostList | None = None
        self._intercepts = observing and not observe_allow
        self._ends_at = math.inf if deadline_s is None else time.monotonic() + deadline_s
        self._deadline_s = deadline_s
        self._patience = patience or Patience()
        self._sleep, self._now, self._jitter = sleep, now, jitter
        longest_s = self._patience.longest_wait_s
        self._turns = TurnTaker(turns, sleep, longest_s, self._left_s)

    @property
    def waited_s(self) -> float:
        """For how long it has waited until its sources took another request."""
        return self._turns.waited_s

    @property
    def exchanges(self) -> list[Exchange]:
        """Every try of every request, in order; refused ones among them."""
        return self._log.kept

    def answer(self, frame: HttpFrame) -> HttpAnswer:
        """Answer the child's frame, to be followed by `settle`; raises what `request` raises."""
        return self._ask(frame)

    def request(self, request: HttpRequest) -> Response:
        """Answer a route's request.

        Raises HostNotDeclared, Forbidden (the outbound rules or a limit of the run), AuthFailed (no usable
        credentials), and after the last try RateLimited or SourceUnavailable with the wait the source asked for. Every
        other status, 401 and 403 among them, is returned. So is any status of a method that is never sent twice.
        Raises Abort when the run's time is up, or it asks what its cassette does not hold.
        """
        try:
            answer = self._ask(request)
        finally:
            self.settle()
        return Response(answer.status, dict(answer.headers), answer.content, answer.url)

    def usage(self) -> tuple[int, int]:
        """Return how many requests were sent, redirects and retries included, and how many bytes they moved."""
        return self.requests, self.bytes

    def settle(self) -> None:
        """Tell the source's other callers what it last said, which could wait until the child had its answer."""
        self._turns.settle()

    def close(self) -> None:
        """Settle, and close the client, unless it was handed in."""
        self.settle()
        if self._owned:
            self._client.close()

    def _ask(self, asked: Asked) -> HttpAnswer:
        errand: Errand | None = None
        try:
            errand, hosts = self._understood(asked)
            answer = self._given(errand, hosts)
        except Refused as refusal:
            error: LevadaError = forbidden(refusal)
        except LevadaError as raised:
            error = raised
        else:
            if self.tape is not None:
                self.tape.answered(errand, answer)
            return answer
        if self.tape is not None:
            self.tape.failed(asked, errand, error)
        raise self._masked(error) from None

    def _understood(self, asked: Asked) -> tuple[Errand, HostList]:
        """Return where a request goes; what is refused here is kept in the log, since nothing else will say so."""
        try:
            method = asked.method.upper()
            check_method(method)
            check_headers(asked.headers)
            hosts = self._hosts()
            target = hosts.resolve(asked.url, list(asked.params)).without_params(query_names(self._manifest))
            hosts.check(target)
            if self._player is None:
                check_target(target, self._client.client.allow_private)
        except (Refused, LevadaError) as refusal:
            self._log.refused(asked, refusal.message)
            raise
        return Errand(method, target, tuple(asked.headers), asked.body), hosts

    def _hosts(self) -> HostList:
        """Read the declared hosts once; a setting that cannot be read is refused at every request."""
        if self._host_list is None:
            self._host_list = HostList.of(self._manifest, self._settings, self._client.client.allow_private)
        return self._host_list

    def _given(self, errand: Errand, hosts: HostList) -> HttpAnswer:
        if self._player is not None:
            return self._played(self._player, errand)
        if self._intercepts and errand.method not in HARMLESS:
            return self._intercept(errand)
        return self._try(errand, hosts)

    def _try(self, request: Errand, hosts: HostList) -> HttpAnswer:
        """Send the request until it is answered, or patience is at its end."""
        spent, tries = 0.0, 0
        while True:
            tries += 1
            began = time.monotonic() - self.waited_s
            outcome = self._send(request, hosts, tries)
            spent += time.monotonic() - self.waited_s - began
            if isinstance(outcome, Answer) and self._proof.takes_another(outcome.status):
                continue
            if isinstance(outcome, Answer) and not (request.repeatable and is_transient(outcome.status)):
                return self._answered(outcome)
            asked_s = retry_after(_header(outcome, "retry-after"), self._now()) if isinstance(outcome, Answer) else None
            verdict = decide(
                self._patience,
                tries=tries,
                spent_s=spent,
                asked_s=asked_s,
                jitter=self._jitter(),
                left_s=self._left_s(),
            )
            if not request.repeatable or not isinstance(verdict, Again):
                raise _gave_up(request, outcome, tries, asked_s)
            self._sleep(verdict.wait_s)
            spent += verdict.wait_s

    def _send(self, request: Errand, hosts: HostList, attempt: int) -> Answer | Unreachable:
        """Send the request once and keep the exchange, whatever becomes of it."""
        meter = Meter(max(0, self._limits.http_bytes - self.bytes))
        began = time.monotonic() - self.waited_s
        answer: Answer | None = None
        reason: str | None = None
        try:
            answer = self._sent(request, hosts, meter)
        except Unreachable as failure:
            reason = failure.message
            if self._left_s() <= 0:
                reason = self._out_of_time()
                raise Abort("timeout", reason) from None
            return failure
        except (Refused, LevadaError, Abort) as refusal:
            reason = refusal.message
            raise
        finally:
            self.bytes += meter.moved
            status = answer.status if answer is not None else None
            self._log.tried(request, status, reason, meter.moved, time.monotonic() - self.waited_s - began, attempt)
        return answer

    def _sent(self, request: Errand, hosts: HostList, meter: Meter) -> Answer:
        if self._left_s() <= 0:
            raise Abort("timeout", self._out_of_time())
        proof = self._proof.of(request.headers, self._fetch, self._left_s())
        headers = without(request.headers, proof.names)
        step = first_step(request.method, proof.spelled(request.target), headers, request.body)
        try:
            gate = Gate(hosts, proof, meter, self._count)
            return walk(self._client, step, gate, meter, self._turns, self._left_s)
        except TooLarge as large:
            if large.code == "metered":
                raise self._out_of_bytes() from None
            raise

    def _fetch(self, asked: TokenRequest) -> Issued:
        """Ask for a token at the address that the manifest names, and at no other that this one redirects to."""
        scheme = self._manifest.auth
        assert isinstance(scheme, OAuth2ClientCredentials | OAuth2Refresh)
        errand = Errand("POST", self._hosts().resolve(scheme.token_url, []), asked.headers, asked.body)
        answer = self._asked_for_token(errand)
        wait = retry_after(_header(answer, "retry-after"), self._now())
        return read_token(errand.target.place, answer.status, answer.body, wait)

    def _asked_for_token(self, errand: Errand) -> Answer:
        """Send a request for a token in its turn, which has to come while whoever else wants the token still waits."""
        meter, began = Meter(max(0, self._limits.http_bytes - self.bytes)), time.monotonic() - self.waited_s
        answer, reason = None, "no answer"
        try:
            with self._turns.turn(errand.target.place, TURN_S) as answers:
                self._count()
                answer = self._client.send(
                    errand.method,
                    errand.target,
                    headers=errand.headers,
                    body=errand.body,
                    follow=False,
                    meter=meter,
                    within_s=min(FETCH_S, self._left_s()),
                )
                answers.append(answer)
        except Unreachable as failure:
            raise SourceUnavailable(f"no token could be fetched: {failure.message}") from None
        except RateLimited as refusal:
            reason = refusal.message
            raise
        finally:
            self.bytes += meter.moved
            status, told = (answer.status, None) if answer is not None else (None, reason)
            self._log.tried(errand, status, told, meter.moved, time.monotonic() - self.waited_s - began)
        return answer

    def _played(self, player: Player, errand: Errand) -> HttpAnswer:
        """Answer from the cassette; what it does not hold ends the run, since no answer would be true."""
        status: int | None = None
        reason: str | None = None
        try:
            asked = HttpRequest(errand.method, str(errand.target), (), errand.headers, errand.body)
            response = player.play(asked)
            status = response.status
        except CassetteMiss as miss:
            reason = str(miss)
            raise Abort("connector_error", self.mask(reason)) from None
        except LevadaError as error:
            reason = error.message
            raise
        finally:
            self._log.tried(errand, status, reason, 0, 0.0)
        return HttpAnswer(response.status, list(response.headers.items()), response.content, response.url)

    def _intercept(self, errand: Errand) -> HttpAnswer:
        """Answer in the source's place: an observed run goes on to its end and changes nothing."""
        self._log.intercepted(errand, INTERCEPTED)
        headers = [("Content-Type", "application/json"), ("Levada-Observed", "intercepted")]
        return HttpAnswer(INTERCEPTED, headers, b"{}", self.mask.unmistakable(str(errand.target)))

    def _answered(self, answer: Answer) -> HttpAnswer:
        """Hand the answer in, without secrets that the source repeats; short ones could be anything, and stay."""
        mask = self.mask.unmistakable
        headers = [(name, mask(value)) for name, value in _joined(answer.headers)]
        refuses = answer.status >= BAD_REQUEST and signs(self._manifest)
        return HttpAnswer(answer.status, headers, mask.bytes(answer.body) if refuses else answer.body, mask(answer.url))

    def _count(self) -> None:
        """Count a request about to be sent; raises Forbidden when the run has had its share."""
        if self.requests >= self._limits.http_requests:
            raise Forbidden(f"the run has sent its {self._limits.http_requests} requests; an operator sets that limit")
        if self.bytes >= self._limits.http_bytes:
            raise self._out_of_bytes()
        self.requests += 1

    def _out_of_bytes(self) -> Forbidden:
        return Forbidden(f"the run has moved its {self._limits.http_bytes} bytes of HTTP; an operator sets that limit")

    def _out_of_time(self) -> str:
        return f"the run took longer than {self._deadline_s:g} s"

    def _left_s(self) -> float:
        return self._ends_at - time.monotonic()

    def _masked(self, error: LevadaError) -> LevadaError:
        error.message = self.mask(error.message)
        error.details = self.mask.value(error.details)
        error.args = (error.message,)
        return error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
