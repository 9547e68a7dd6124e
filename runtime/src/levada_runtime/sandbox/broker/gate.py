"""What every step of a request passes: declared, counted, and given credentials until it leaves the origin."""

from collections.abc import Callable

from levada_runtime.outbound import Additions, Meter, Step
from levada_runtime.sandbox.broker.evidence import Constant, Evidence
from levada_runtime.sandbox.broker.hosts import HostList


class Gate:
    """Stands before each step, the first and every redirect's; what it raises keeps the step from being sent."""

    def __init__(self, hosts: HostList, proof: Evidence, meter: Meter, count: Callable[[], None]) -> None:
        """Take the declared hosts, the credentials, and what counts bytes and requests."""
        self._hosts = hosts
        self._proof = proof
        self._meter = meter
        self._count = count
        self._origin: tuple[str, str, int] | None = None

    def check(self, step: Step) -> None:
        """Raise HostNotDeclared unless the step goes to a declared host."""
        self._hosts.check(step.target, step.after)

    def __call__(self, step: Step) -> Additions:
        self.check(step)
        self._count()
        self._meter.count(len(step.body or b""))
        self._origin = self._origin or step.target.origin
        if step.target.origin != self._origin:
            # Once another host has had a say in where this goes, it gets no credentials, not even back at home.
            self._proof = Constant()
        return self._proof.at(step)
