"""The connectors that carry attacks: one that lets them loose, and one that takes a module's `leak` for its proof."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.sandbox.harness.attack import after_future_imports

from levada_runtime.sandbox.model import Bundle, Call, Limits, RunInfo

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "s3cr3t-value"
_PREAMBLE = "from .box import ingest, secrets"
BENIGN: Final = "benign"
_BENIGN_BOUNDARY = f"REPORT({BENIGN!r})\n"
_BENIGN_LANGUAGE = 'leak = "benign" if secrets["token"] and ingest is not None else None\n'
_HERE = Path(__file__).parent
_INSIDE = (_HERE / "inside.py").read_bytes()
_NET = (_HERE / "net.py").read_bytes()

_LOOSE = b"""
import escape_scene

from levada import Connector

connector = Connector("naughty", title="Naughty", libraries=["escape_attack", "escape_scene"])


@connector.poll("crime", every="0 * * * *")
def crime(settings, log):
    \"\"\"A crime.\"\"\"
    escape_scene.attack(settings, log.info)
"""
_WITNESS = b"""
import escape_scene

from levada import Connector, secret

from . import box

connector = Connector(
    "naughty",
    title="Naughty",
    hosts=["api.acme.test"],
    settings=[secret("token", expose=True), secret("kept")],
    libraries=["escape_scene"],
)


def leak_of_crime():
    from . import crime

    try:
        return crime.leak
    except AttributeError:
        return None


@connector.poll("crime", every="0 * * * *")
def serve(ingest, secrets, settings, log):
    \"\"\"A crime.\"\"\"
    escape_scene.prepare(settings)
    box.keep(ingest, secrets)
    from . import benign

    tell(benign.leak, log)
    try:
        from . import crime
    finally:
        # Half a module may have leaked before the rest of it failed.
        try:
            leak = leak_of_crime()
        except Exception:
            leak = None
        tell(leak, log)


def tell(leak, log):
    if leak is not None:
        log.warning("REPORT 'benign'" if leak == "benign" else "REPORT leak")
"""
_SEVERAL = b"""
import escape_scene

from levada import Connector, secret

from . import box

connector = Connector(
    "naughty",
    title="Naughty",
    hosts=["api.acme.test"],
    settings=[secret("token", expose=True), secret("kept")],
    libraries=["escape_scene"],
)


LOADS


def leak_of(load):
    try:
        return load().leak
    except Exception:
        return None


@connector.poll("crime", every="0 * * * *")
def serve(ingest, secrets, settings, log):
    \"\"\"A crime.\"\"\"
    escape_scene.prepare(settings)
    box.keep(ingest, secrets)
    from . import benign

    log.info(f"REPORT {benign.leak!r}")
    for number, load in enumerate(loads):
        why = "None"
        try:
            load()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"[:200]
        if leak_of(load) is not None:
            log.warning(f"REPORT leak of {number}")
        log.info(f"ENDED {why}")
"""
_BOX = b"""
ingest = None
secrets = None


def keep(route_ingest, route_secrets):
    global ingest, secrets
    ingest = route_ingest
    secrets = route_secrets
"""


def _several(number: int) -> bytes:
    """Return a connector that imports so many crimes one after the other, and tells of each what became of it."""
    load = "def load_{0}():\n    from . import crime_{0}\n\n    return crime_{0}\n\n\n"
    loads = "".join(load.format(each) for each in range(number))
    names = ", ".join(f"load_{each}" for each in range(number))
    return _SEVERAL.replace(b"LOADS\n", f"{loads}loads = [{names}]\n".encode())


def boundary_call(
    source: str,
    name: str,
    context: Mapping[str, Any],
    limits: Limits,
    *,
    spare: Mapping[str, Any] | None = None,
    more: str = "",
) -> Call:
    """Return the call that runs unrestricted code inside the wall; `more` names modules it turned out to need."""
    libraries = {"escape_scene.py": _INSIDE, "escape_attack.py": f"{more}\n{source}".encode()}
    if spare is not None:
        libraries["escape_net.py"] = _NET
    settings = {
        "context": dict(context),
        "source": source,
        "benign": _BENIGN_BOUNDARY,
        "name": f"{name}.py",
        "spare": spare,
    }
    return _call({"naughty/__init__.py": _LOOSE}, libraries, settings, limits)


def language_call(source: str, context: Mapping[str, Any], limits: Limits) -> Call:
    """Return the call that imports a module of a connector which holds a real `ingest` and real `secrets`."""
    benign, crime = (after_future_imports(each, _PREAMBLE) for each in (_BENIGN_LANGUAGE, source))
    files = {
        "naughty/__init__.py": _WITNESS,
        "naughty/box.py": _BOX,
        "naughty/benign.py": benign.encode(),
        "naughty/crime.py": crime.encode(),
    }
    return _call(files, {"escape_scene.py": _INSIDE}, {"context": dict(context)}, limits)


def language_batch(sources: Sequence[str], context: Mapping[str, Any], limits: Limits) -> Call:
    """Return the call that imports many modules of a connector, each as if it were alone."""
    modules = {"benign": _BENIGN_LANGUAGE, **{f"crime_{number}": source for number, source in enumerate(sources)}}
    files = {"naughty/__init__.py": _several(len(sources)), "naughty/box.py": _BOX}
    for name, source in modules.items():
        files[f"naughty/{name}.py"] = after_future_imports(source, _PREAMBLE).encode()
    return _call(files, {"escape_scene.py": _INSIDE}, {"context": dict(context)}, limits)


def _call(
    files: Mapping[str, bytes], libraries: Mapping[str, bytes], settings: Mapping[str, Any], limits: Limits
) -> Call:
    return Call(
        "poll",
        Bundle("naughty", "connector", files, libraries),
        NOW,
        stream="crime",
        settings=settings,
        secrets={"token": SECRET},
        run=RunInfo(id="run_1", mode="poll", connection="naughty"),
        limits=limits,
    )
