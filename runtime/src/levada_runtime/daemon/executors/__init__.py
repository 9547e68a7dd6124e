"""What wakes the workers: a module an executor, each with a function `make_executor(installation)`.

`work.executor` names it: a module of this package by its own name, any other by its whole name. Nothing outside its
module knows which one it is; a worker anywhere carries out tokens by `levada_runtime.daemon.worker.handling`.
"""

from importlib import import_module
from importlib.util import find_spec

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.work.executor import Executor


def make_executor(installation: Installation) -> Executor:
    """Return the executor that the settings name, which has not begun.

    Raises UsageFailure when there is no such executor.
    """
    name = installation.settings.work.executor
    place = next((one for one in (f"{__name__}.{name}", name) if _is_there(one)), None)
    if place is None:
        raise UsageFailure(
            f"there is no executor {name!r}",
            code="unknown_executor",
            hint="work.executor is `local`, or the whole name of a module with a function make_executor(installation)",
        )
    made: Executor = import_module(place).make_executor(installation)
    return made


def _is_there(place: str) -> bool:
    try:
        return find_spec(place) is not None
    except (ModuleNotFoundError, ValueError):  # a package on the way is missing, or the name is none
        return False
