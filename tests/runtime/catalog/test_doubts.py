"""A manifest comes out of a child, which may say anything: what the SDK would never have made is refused again."""

import pytest

from levada import Connector, HostRule, Manifest, bearer, from_setting, secret, unverified, url
from levada._manifest import StreamManifest
from levada._settings import Setting
from levada_runtime.catalog.describe import describe
from levada_runtime.catalog.discovery import Found
from levada_runtime.catalog.doubts import doubts
from levada_runtime.sandbox.model import Outcome


def stream(key="things", **more):
    return StreamManifest(key=key, modes=("poll",), description="Things.", **more)


def manifest(*streams, **more):
    return Manifest(**({"key": "acme", "title": "Acme", "streams": streams} | more))


DOUBTED = {
    "a schedule that is none": (manifest(stream(schedule="99 99 * * *")), "the schedule of 'things' cannot be meant"),
    "a schedule of two fields": (manifest(stream(schedule="* *")), "the schedule of 'things' cannot be meant"),
    "a schedule without end": (manifest(stream(schedule="1," * 9_999 + "1 * * * *")), "longer than 1000 characters"),
    "a zone that is none": (manifest(stream(timezone="Nowhere/Land")), "the schedule of 'things' cannot be meant"),
    "a zone that is a path": (manifest(stream(timezone="../../etc/passwd")), "cannot be meant"),
    "a zone that is no text": (manifest(stream(timezone="\0")), "cannot be meant"),
    "no time at all": (manifest(stream(timeout_s=-1)), "cannot end within -1.0 s"),
    "a stream twice": (manifest(stream(), stream()), "the stream 'things' is declared twice"),
    "a stream that is no name": (manifest(stream("a\0")), "the stream 'a\\x00' is not spelled as a name"),
    "a setting that is no name": (
        manifest(settings=(Setting(kind="text", name="../a"),)),
        "the setting '../a' is not spelled as a name",
    ),
    "a host that is none": (manifest(hosts=(HostRule(pattern="a b"),)), "'a b' is no host"),
    "a title that cannot be kept": (manifest(title="\0"), "U+0000"),
    "a type that cannot be kept": (manifest(stream(emits=("\0",))), "U+0000"),
}


@pytest.mark.parametrize("name", DOUBTED)
def test_what_no_sdk_has_made_is_doubted(name):
    """In words that say where."""
    told, reason = DOUBTED[name]
    assert reason in next(doubts(told))


def test_what_the_sdk_makes_is_not_doubted():
    """Everything that a connector can declare."""
    connector = Connector(
        "acme",
        hosts=["*.acme.test", "api-1.acme.test", "127.0.0.1", from_setting("base")],
        auth=bearer("key"),
        settings=[url("base"), secret("key")],
    )

    @connector.poll("things-2_a", every="H H(0-3) * * mon-fri", timezone="Europe/Berlin", timeout=0.5, emits=["a.b"])
    def things(log):
        """Things."""

    @connector.webhook("hooks", verify=unverified(reason="a test"))
    def hooks(log):
        """Hooks."""

    assert list(doubts(connector.manifest())) == []


class Says:
    """A sandbox whose child says this."""

    def __init__(self, said):
        self._said = said

    def call(self, _call):
        return Outcome(None, result=self._said)


def test_a_connector_that_is_doubted_is_not_used():
    """It is listed with the reason, which is no longer than anybody reads."""
    found = Found("acme", "acme", "1.0", "acme", "connector", {})
    said = manifest(stream(schedule="99 99 * * *")).model_dump_json().encode()
    assert describe(Says(said), found).startswith("its manifest cannot be meant: the schedule of 'things'")
    wrong = b'{"key":"acme","title":"t","hosts":[' + b",".join([b'{"a":1}'] * 9_999) + b"]}"
    assert len(describe(Says(wrong), found)) < 5_000
    good = describe(Says(manifest(stream(schedule="@daily")).model_dump_json().encode()), found)
    assert isinstance(good, Manifest)
