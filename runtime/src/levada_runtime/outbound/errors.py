"""What can keep an answer from coming: our own rules, or the network.

OutboundFailure
├── Refused        our rules say no; a retry cannot help
│   └── TooLarge   the answer is larger than is taken, or unpacks to more
└── Unreachable    the network or the far side failed; a retry may help
"""

from levada_runtime.foundation.errors import RuntimeFailure


class OutboundFailure(RuntimeFailure):
    """A request has no answer."""

    default_code = "outbound"


class Refused(OutboundFailure):
    """The rules for outbound requests say no; nothing, or nothing more, was sent."""

    default_code = "outbound_refused"


class TooLarge(Refused):
    """The answer is larger than is taken."""

    default_code = "outbound_too_large"


class Unreachable(OutboundFailure):
    """The far side could not be reached, or broke off."""

    default_code = "outbound_unreachable"
