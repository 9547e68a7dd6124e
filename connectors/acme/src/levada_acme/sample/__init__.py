"""Acme Billing on this machine: a small source to read from in the demo, the tutorial and the tests.

It is never shipped into the sandbox and the connector does not import it.

    from levada_acme.sample import SampleSource

    with SampleSource(seed=7) as acme:
        ...  # acme.base_url, acme.api_key, acme.served, acme.advance(), acme.settle(url), acme.received
"""

from levada_acme.sample.book import Served
from levada_acme.sample.push import DEFAULT_SIGNING_SECRET
from levada_acme.sample.server import DEFAULT_API_KEY, Faults, SampleSource

__all__ = ["DEFAULT_API_KEY", "DEFAULT_SIGNING_SECRET", "Faults", "SampleSource", "Served"]
