"""The runtime's answer to the SDK's tests: its sandbox, for whoever has both installed."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from levada_runtime.catalog.discovery import package_sources
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import DESCRIBE_LIMITS, Bundle, Call


class SandboxWall:
    """Compiles connectors under the policy, in a real child."""

    def refusals(self, package: str) -> Sequence[str]:
        """Return what the policy refuses of a package, with file, line and the way out."""
        bundle = Bundle(package=package, attribute="connector", files=package_sources(package))
        with Sandbox(allow_weak=True) as sandbox:
            outcome = sandbox.call(
                Call(action="describe", bundle=bundle, now=datetime.now(UTC), limits=DESCRIBE_LIMITS)
            )
        return (outcome.message or "").splitlines() if outcome.reason == "policy" else []


@pytest.hookimpl
def pytest_levada_wall() -> SandboxWall:
    """Answer with this runtime's sandbox."""
    return SandboxWall()
