"""What the zygote loads before it forks: whatever a child will want later it could no longer open.

Two attacks on the network once "failed" only because an encoding was not loaded; the same absence would make honest
connectors fail in ways nobody could reproduce outside.
"""

import csv  # noqa: F401 - loaded, so that a child finds it
import encodings
import importlib
import os
import pkgutil
import time
import unicodedata  # noqa: F401 - loaded, so that a child finds it
import uuid  # noqa: F401 - loaded, so that a child finds it
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pydantic

import levada
from levada import contracts as document_contracts
from levada_runtime.sandbox import harden, natives
from levada_runtime.sandbox.kernel.syscalls import libc
from levada_runtime.sandbox.language import deputies, facade
from levada_runtime.sandbox.language.annotations import vet_forward_references
from levada_runtime.sandbox.language.facade import Facade
from levada_runtime.sandbox.language.loader import ConnectorLoader

FACADES: dict[str, Facade] = {}
_zones: list[zoneinfo.ZoneInfo] = []

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _KEEP_BYTES = -1, -3, 32 << 20
_WARM_UP = b'''
"""What authors write, once, so that what Python and pydantic load on first use is loaded."""
import datetime
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from levada import Connector, Record


class Kind(StrEnum):
    A = "a"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[str]


class Row(Record):
    id: int
    at: datetime.datetime
    amount: Decimal | None = None


connector = Connector("warm_up")


def rows(text):
    return [Row.model_validate(row).model_dump(mode="json") for row in json.loads(text)]


checked = rows('[{"id": 1, "at": "2026-01-01T00:00:00Z", "amount": "1.10"}]')
stamp = datetime.datetime.strptime("2026", "%Y").replace(tzinfo=ZoneInfo("Europe/Berlin")).isoformat()
label = "{0.value} {1:>4}".format(Kind.A, 1)
'''


def load_everything() -> None:
    """Load, seal and warm up; called once, in the zygote."""
    _keep_memory()
    os.environ["TZ"] = "UTC"
    time.tzset()
    datetime.strptime("2026 +0000", "%Y %z")  # The first one imports.
    for name in pydantic.__all__:
        getattr(pydantic, name, None)
    natives.load()
    _load_encodings()
    _zones.extend(zoneinfo.ZoneInfo(name) for name in sorted(zoneinfo.available_timezones()))
    vet_forward_references()
    harden.narrow_records()
    deputies.narrow_enums()
    deputies.narrow_fields()
    deputies.narrow_descriptors()
    deputies.narrow_methods()
    deputies.narrow_statistics()
    deputies.narrow_signatures()
    deputies.narrow_patterns()
    FACADES.update(facade.build({"levada": _sdk, "levada.contracts": _contracts}))
    facade.seal()
    _warm_up()


def _load_encodings() -> None:
    """Load every encoding: what a body, a file of a bank or a host name is written in is known only when it comes."""
    for module in pkgutil.iter_modules(encodings.__path__):
        try:
            importlib.import_module(f"encodings.{module.name}")
        except ImportError:
            continue  # Windows has two of its own.


def _keep_memory() -> None:
    # A batch frees what the next one needs again: giving it back to the kernel in between costs a microsecond a record.
    mallopt = getattr(libc, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _KEEP_BYTES)


def _sdk() -> Mapping[str, Any]:
    return {name: getattr(levada, name) for name in levada.__all__} | {"hookimpl": deputies.unmarked}


def _contracts() -> Mapping[str, Any]:
    """Return the contracts and the parts they are made of; what only extensions need stays outside."""
    public = {name: getattr(document_contracts, name) for name in document_contracts.__all__}
    abstract = (document_contracts.Contract, document_contracts.Part)
    return {
        name: value
        for name, value in public.items()
        if isinstance(value, type) and issubclass(value, levada.Record) and value not in abstract
    }


def _warm_up() -> None:
    loader = ConnectorLoader("levada_warm_up", {"levada_warm_up/__init__.py": _WARM_UP}, FACADES, {}, print)
    module = loader.load("levada_warm_up")
    module.connector.manifest().model_dump_json()
    orjson.dumps({"at": datetime.now(UTC).isoformat()})
