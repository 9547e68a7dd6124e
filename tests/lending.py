"""A sandbox that outlives the installations it serves, and what it found out about the connectors that come with them.

To wake a zygote, and to have every connector describe itself, takes longer than most of what is tried through them.
"""

from levada_runtime.sandbox.host import Sandbox

OURS = ("acme", "aws", "stripe")
"""What is installed for every test, and is the same each time."""


class Lending:
    """Lends its sandbox to one installation after another. A context manager."""

    def __init__(self):
        self.sandbox = Sandbox()
        self._described = []

    def __enter__(self):
        return self

    def __exit__(self, *_reason):
        self.sandbox.close()

    def to(self, installation):
        """Let the installation use the sandbox instead of one of its own, and know the connectors there are."""
        self.sandbox._end_all(self.sandbox._shelf.take_all())  # children that were kept for another
        installation.sandbox = installation._waking = self.sandbox
        with installation.store.write() as uow:
            for row in self._described:
                uow.connectors.keep(row)
        installation.catalog.refresh()
        if not self._described:
            with installation.store.read() as uow:
                self._described = [row for row in uow.connectors.all() if row.key in OURS]
