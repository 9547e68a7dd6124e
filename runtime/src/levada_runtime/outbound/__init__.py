"""The one HTTP client: resolve once, refuse what is not global, connect to what was checked, within bounds.

Whoever sends a request for somebody else sends it from here: the broker of connectors, webhooks out, destinations. What
is called is never taken from what is being connected to: the operator's list alone allows private addresses and http.
"""

from levada_runtime.outbound.blocking import BlockingClient
from levada_runtime.outbound.body import Meter
from levada_runtime.outbound.client import Client
from levada_runtime.outbound.errors import OutboundFailure, Refused, TooLarge, Unreachable
from levada_runtime.outbound.limits import Limits
from levada_runtime.outbound.loop import LoopThread
from levada_runtime.outbound.model import Additions, Answer
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.redirects import Step
from levada_runtime.outbound.url import Target, parse_url

__all__ = [
    "Additions",
    "AllowPrivate",
    "Answer",
    "BlockingClient",
    "Client",
    "Limits",
    "LoopThread",
    "Meter",
    "OutboundFailure",
    "Refused",
    "Step",
    "Target",
    "TooLarge",
    "Unreachable",
    "parse_url",
]
