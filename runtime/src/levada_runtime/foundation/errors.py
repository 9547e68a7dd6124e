"""The errors an operator sees: each names the thing, the place and the way out.

RuntimeFailure            exit code 1
├── UsageFailure          exit code 2: the words or the values are wrong
│   └── NotFoundFailure   exit code 2: there is no such thing
├── EnvironmentFailure    exit code 3: the machine, the network or a key stands in the way
└── PartialFailure        exit code 4: done, but records were quarantined
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class RuntimeFailure(Exception):  # noqa: N818 - the SDK's are errors; these are failures of a command
    """Something failed, and the message says what to do next."""

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.details = dict(details or {})


class UsageFailure(RuntimeFailure):
    """What was asked for cannot be meant."""

    exit_code = 2
    default_code = "usage"


class NotFoundFailure(UsageFailure):
    """There is no such thing here."""

    default_code = "not_found"


class EnvironmentFailure(RuntimeFailure):
    """The machine, the network or a credential stands in the way."""

    exit_code = 3
    default_code = "environment"


class PartialFailure(RuntimeFailure):
    """The work was done, but some records were quarantined."""

    exit_code = 4
    default_code = "partial"
