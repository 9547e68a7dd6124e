"""The sandbox as tests ask for it: one zygote a session, a child for each route."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import orjson

from levada import Reply, Request
from levada._verify import VerifyScheme
from levada.testing.wall import Ports, RouteCall, RouteEnd
from levada_runtime.access import signatures
from levada_runtime.catalog.discovery import installed_bundle
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.pytest_plugin.handlers import PortHandlers
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import DESCRIBE_LIMITS, Bundle, Call, Delivery, Level, Limits, Outcome, RunInfo

MINIMUM: Final = Level.L2
"""What must stand between a route and the machine for it to count as run behind the wall."""


class SandboxWall:
    """Compiles connectors under the policy and runs their routes, each in a real child of one zygote."""

    modes = frozenset({"poll", "webhook", "backfill", "check"})

    def __init__(self) -> None:
        self._opened: Sandbox | None = None
        self._bundles: dict[tuple[str, str], Bundle] = {}

    def refusals(self, package: str) -> Sequence[str]:
        """Return what the policy refuses of a package, with file, line and the way out."""
        call = Call("describe", self._bundle(package, "connector"), datetime.now(UTC), limits=DESCRIBE_LIMITS)
        outcome = self._sandbox.call(call)
        return (outcome.message or "").splitlines() if outcome.reason == "policy" else []

    def obstacle(self) -> str | None:
        """Say why this machine cannot offer the wall, if it cannot."""
        try:
            level = self._sandbox.level
        except EnvironmentFailure as failure:
            return failure.message
        if level >= MINIMUM:
            return None
        return f"the sandbox reaches {level} ({level.label}) here and {MINIMUM} ({MINIMUM.label}) is the minimum"

    def run(self, call: RouteCall, ports: Ports) -> RouteEnd:
        """Run one route in a child of its own, which asks these ports."""
        outcome = self._sandbox.call(_call(call, self._bundle(call.package, call.attribute)), PortHandlers(ports))
        return _ended(outcome)

    def refused(self, scheme: VerifyScheme, values: Mapping[str, str], request: Request, now: datetime) -> str | None:
        """Say why the runtime would refuse this delivery, if it would."""
        verdict = signatures.verify(scheme, values, request.headers, request.body, now)
        return verdict.reason if isinstance(verdict, signatures.Refused) else None

    def close(self) -> None:
        """End the zygote, if there is one."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _sandbox(self) -> Sandbox:
        if self._opened is None:
            # A weak one still compiles; what may be run in it is decided by `obstacle`.
            sandbox = Sandbox(allow_weak=True)
            sandbox.start()
            self._opened = sandbox
        return self._opened

    def _bundle(self, package: str, attribute: str) -> Bundle:
        if (package, attribute) not in self._bundles:
            self._bundles[package, attribute] = installed_bundle(package, attribute)
        return self._bundles[package, attribute]


def _call(call: RouteCall, bundle: Bundle) -> Call:
    run, request = call.run, call.request
    return Call(
        action=call.mode,
        bundle=bundle,
        stream=None if call.mode == "check" else call.stream,
        settings=call.settings,
        secrets=call.secrets,
        checkpoint=call.checkpoint,
        run=RunInfo(run.id, run.mode, run.connection, run.observing, run.attempt, run.scheduled_for),
        request=Delivery(request.body, request.headers, request.params, request.delivery_id) if request else None,
        now=call.now,
        limits=Limits(),
        window=call.window,
    )


def _ended(outcome: Outcome) -> RouteEnd:
    reply = None
    if outcome.succeeded and outcome.result is not None:
        told = orjson.loads(outcome.result)
        reply = Reply(told["status"], told["json"])
    return RouteEnd(outcome.reason, outcome.code, outcome.message or "", outcome.traceback, outcome.wait, reply)
