"""What the SDK refuses while a connector is being defined, refused again in the manifest that its child handed over.

A child that was tampered with does not ask the SDK, and the daemon computes with what a manifest says: a schedule that
cannot be read would stop the schedules of everybody.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from levada import Manifest
from levada._cron import check_cron
from levada._manifest import StreamManifest
from levada_runtime.foundation.text import storable

_STREAM: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_SETTING: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_HOST: Final = re.compile(r"[a-z0-9_.*-]{1,255}")
_LONGEST_SCHEDULE: Final = 1_000
_SHOWN: Final = 100


def doubts(manifest: Manifest) -> Iterator[str]:
    """Yield what no connector that the SDK has made says of itself."""
    yield from _names("the stream", [stream.key for stream in manifest.streams], _STREAM)
    yield from _names("the setting", [setting.name for setting in manifest.settings], _SETTING)
    for rule in manifest.hosts:
        if rule.pattern is not None and not _HOST.fullmatch(rule.pattern):
            yield f"{_shown(rule.pattern)} is no host"
    for stream in manifest.streams:
        if stream.timeout_s is not None and not 0 < stream.timeout_s < math.inf:
            yield f"the stream {stream.key!r} cannot end within {stream.timeout_s} s"
        told = _of_schedule(stream)
        if told is not None:
            yield f"the schedule of {stream.key!r} cannot be meant: {told}"
    if not all(map(storable, _texts(manifest))):
        yield "it holds U+0000, which cannot be kept"


def _names(what: str, names: list[str], pattern: re.Pattern[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if not pattern.fullmatch(name):
            yield f"{what} {_shown(name)} is not spelled as a name"
        elif count > 1:
            yield f"{what} {name!r} is declared twice"


def _of_schedule(stream: StreamManifest) -> str | None:
    if len(stream.schedule or "") > _LONGEST_SCHEDULE:
        return f"it is longer than {_LONGEST_SCHEDULE} characters"
    try:
        ZoneInfo(stream.timezone)
        if stream.schedule is not None:
            check_cron(stream.schedule)
    except (ValueError, OSError, KeyError) as error:
        return str(error)[:_SHOWN]
    return None


def _texts(manifest: Manifest) -> Iterable[str]:
    return [
        manifest.title,
        *(stream.description for stream in manifest.streams),
        *(kind for stream in manifest.streams for kind in stream.emits or ()),
    ]


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN])
