"""A worker process: carries out the work that its supervisor hands it."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from levada_runtime.daemon.dispatch import Dispatch
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.acting import RUNTIME, act_as
from levada_runtime.foundation.collector import look_seldom
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.foundation.logging import configure_logging
from levada_runtime.work.worker import serve_tokens

SETTINGS_VARIABLE = "LEVADA_WORKER_SETTINGS"


def environment_for(settings: Settings) -> dict[str, str]:
    """Return a worker's environment: this process's own, with the settings as they were resolved here."""
    plain = settings.model_dump_json(exclude={"secret_key"})
    return {**os.environ, SETTINGS_VARIABLE: plain}


def run_worker() -> None:
    """Serve tokens until the supervisor says to drain or goes away."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    handed = os.environ.get(SETTINGS_VARIABLE)
    if handed is None:
        raise EnvironmentFailure("a worker is started by the daemon, never by hand", code="not_supervised")
    settings = Settings(**Settings.model_validate_json(handed).model_dump(exclude={"secret_key"}))
    configure_logging(settings.log_level)
    act_as(RUNTIME)
    with handling(settings) as (dispatch, draining):
        look_seldom()
        serve_tokens(dispatch.execute, draining, dispatch.following)


@contextmanager
def handling(settings: Settings) -> Iterator[tuple[Dispatch, threading.Event]]:
    """What carries out tokens in this process, and what tells it to stop at the next page: for a worker of any kind."""
    with Installation(settings) as installation:
        yield Dispatch(installation), installation.draining
