"""What runs beside an attack inside the wall: it gives a boundary attack its globals and passes on what it reports.

Sent to the child as a library, in place of `escape_scene`; nothing of it holds the wall.
"""

import os
import sys

_CHUNK = 1 << 20


class _Absent:
    """The last finder: it finds nothing, and says what was looked for."""

    def __init__(self, tell):
        self._tell = tell
        self._told = set()

    def find_spec(self, name, path=None, target=None):
        if name not in self._told:
            self._told.add(name)
            self._tell(f"MISSING {name}")


def attack(scene, tell):
    """Run something benign that has to be heard of, then the attack: unrestricted, with the same globals."""
    context = dict(scene["context"])
    os.environ["ESCAPE_PROOF"] = context["proof"]
    sys.meta_path.append(_Absent(tell))

    def report(value=None):
        tell(f"REPORT {value!r}"[:500])

    def send_raw(data):
        _write(context["chan"], len(data).to_bytes(4, "big"))
        _write(context["chan"], data)

    if scene["spare"] is not None:
        import escape_net

        escape_net.spread(scene["spare"], context["hostpid"])
    for source in (scene["benign"], scene["source"]):
        names = {"__name__": "__main__", "CTX": context, "REPORT": report, "SEND_RAW": send_raw}
        exec(compile(source, scene["name"], "exec", dont_inherit=True), names)


def prepare(scene):
    """Let a language attack know where its proof would lie, should it come so far as to ask."""
    os.environ["ESCAPE_PROOF"] = scene["context"]["proof"]


def _write(descriptor, data):
    with memoryview(data) as rest:
        written = 0
        while written < len(rest):
            written += os.write(descriptor, rest[written : written + _CHUNK])
