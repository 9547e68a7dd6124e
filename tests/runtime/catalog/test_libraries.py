"""A connector declares pure-Python libraries; they come along, and what cannot be had is refused by name."""

import json
import sys
import textwrap
from datetime import UTC, datetime

import pytest

from levada_runtime.catalog.describe import describe
from levada_runtime.catalog.discovery import find_connectors
from levada_runtime.catalog.libraries import closure, libraries_of
from levada_runtime.catalog.library import IN_THE_WALL
from levada_runtime.cli import run
from levada_runtime.sandbox.answering import NoHandlers
from levada_runtime.sandbox.model import Call, RunInfo

TIDE = '''
"""Tide."""
from levada import Connector
{imports}

connector = Connector("tide", {more})


@connector.poll("things", every="@hourly")
def things(ingest, log):
    """Things."""
{body}
'''
PARCEL = {
    "parcel/__init__.py": """
        import importlib.metadata
        import sys
        from . import words
        from .words import deep

        __version__ = importlib.metadata.version("parcel-of-things")


        def told():
            import imaplib
            import pkgutil
            from parcel.spare.room import SIZE

            names = sorted(name for _, name, _ in pkgutil.iter_modules(__path__))
            return f"{__version__} {deep.WORD} {SIZE} {names} {imaplib.IMAP4_PORT} {__file__}"


        sys.modules["parcel.alias"] = deep
        """,
    "parcel/words/__init__.py": "",
    "parcel/words/deep.py": "from .. import __name__ as inside\n\nWORD = inside.partition('.')[0]\n",
    "parcel/spare/room.py": "from parcel.alias import WORD\n\nSIZE = len(WORD)\n",
}


def tide(body="pass", *, imports="", libraries=None, more=""):
    """Return the source of a connector."""
    declared = f"libraries={libraries!r}, {more}" if libraries is not None else more
    return {"tide/__init__.py": TIDE.format(imports=imports, more=declared, body=textwrap.indent(body, "    "))}


def found(key="tide"):
    return next(one for one in find_connectors() if one.key == key)


def problems(source):
    """Return what is wrong with the libraries of a connector's source."""
    libraries = libraries_of("tide", "connector", {path: text.encode() for path, text in source.items()})
    return [(finding.line, finding.column, finding.reason, finding.way_out) for _path, finding in libraries.problems]


class Lines(NoHandlers):
    """What a route logged."""

    def __init__(self):
        self.messages = []

    def log(self, level, message, fields):
        self.messages.append(message)


def polled(sandbox, connector):
    """Run the connector's route in the wall, and return how it ended and what it logged."""
    lines = Lines()
    run_info = RunInfo(id="run_1", mode="poll", connection="tide")
    call = Call("poll", connector.bundle, datetime.now(UTC), stream="things", run=run_info)
    return sandbox.call(call, lines), lines.messages


def test_a_library_finds_in_the_wall_what_an_installed_package_finds(distributions, describing):
    """Submodules, a folder without __init__, a lazy import of an unloaded module, its version, its path, an alias."""
    sources = {path: textwrap.dedent(source) for path, source in PARCEL.items()}
    distributions.lay("parcel_of_things", sources, version="2.5")
    distributions.lay(
        "tide", tide("log.info(parcel.told())", imports="import parcel", libraries=["parcel"]), entry="tide"
    )
    connector = found()
    manifest = describe(describing, connector)
    assert getattr(manifest, "libraries", manifest) == ("parcel",)
    outcome, messages = polled(describing, connector)
    assert outcome.reason is None, outcome.traceback
    assert messages == ["2.5 parcel 6 ['spare', 'words'] 143 /libraries/parcel/__init__.py"]


def test_a_real_library_is_used_in_a_real_run(distributions, tmp_path, capsys):
    """Declared, listed with its version, and there when the operator runs the stream."""
    body = (
        'name = idna.encode("bücher.example").decode()\n'
        'ingest.canonical("customer", {"customer_id": name, "name": "Tide"}, idempotency_key="t:1")'
    )
    distributions.lay("tide", tide(body, imports="import idna", libraries=["idna"]), entry="tide")

    def call(*words):
        code = run([*words, "--data-dir", str(tmp_path / "data"), "--json"])
        answer = json.loads(capsys.readouterr().out)
        assert code == 0, answer
        return answer["result"]

    assert [one["name"] for one in call("connectors", "show", "tide")["libraries"]] == ["idna"]
    call("connections", "add", "tide")
    assert call("run", "tide", "things")["state"] == "succeeded"
    (document,) = call("documents", "list")["items"]
    assert call("documents", "show", document["id"])["payload"]["customer_id"] == "xn--bcher-kva.example"


def test_a_connector_has_no_use_of_what_its_library_brought_along(distributions, describing):
    """The standard library's modules come for the library; the connector gets what connectors get of Python."""
    distributions.lay("parcel", {"parcel.py": "import imaplib\n"})
    distributions.lay("tide", tide(imports="import parcel\nimport imaplib", libraries=["parcel"]), entry="tide")
    assert "tide/__init__.py:5:8: imaplib cannot be imported" in describe(describing, found())


def test_a_library_that_is_named_where_nobody_can_read_it_is_refused(distributions, describing):
    """What the manifest says and what was read from the source must be the same."""
    distributions.lay("tide", tide(imports='more = {"libraries": ["idna"]}', more="**more"), entry="tide")
    assert "declares the libraries ['idna'] and its source []" in describe(describing, found())


@pytest.mark.parametrize(
    ("declared", "reason", "way_out"),
    [
        ("multidict", "not pure Python: multidict/_multidict", "Python alone"),
        ("yarl", "yarl is not pure Python", "Python alone"),
        ("python-dateutil", "the name of a distribution", "'dateutil'"),
        ("idnaa", "no library 'idnaa' is installed", "did you mean 'idna'?"),
        ("idna.core", "a module inside a library", "'idna'"),
        ("json", "part of Python's standard library", "import it"),
        ("pydantic", "what the wall itself is built of", "levada.Record"),
        ("tide", "the connector's own package", "leave it out"),
    ],
)
def test_a_library_that_cannot_be_had_is_refused_at_its_name(declared, reason, way_out):
    """With the file or the module that stands in the way, and what to do."""
    ((line, column, said, told),) = problems(tide(libraries=[declared]))
    assert (line, column) == (6, 42)
    assert reason in said
    assert way_out in told


def test_a_library_that_imports_what_is_not_declared_is_refused_with_all_that_it_takes():
    """Each import is told where it stands, also of what the library imports; the way out names the whole list."""
    found = problems(tide(libraries=["croniter"]))
    assert [place[:2] for place in found] == [(6, 42), (6, 42)]
    assert ["imports dateutil (croniter/" in found[0][2], "imports six (dateutil/" in found[1][2]] == [True, True]
    assert {place[3] for place in found} == {'libraries=["croniter", "dateutil", "six"]'}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("libraries=list(NAMES)", "the list of libraries is computed"),
        ("libraries=['id' + 'na']", "the name of a library is computed"),
    ],
)
def test_a_computed_list_is_refused_with_the_way_out(more, reason):
    """What comes along has to be known before the connector runs."""
    ((_line, _column, said, told),) = problems(tide(more=more))
    assert reason in said
    assert 'libraries=["name"]' in told


def test_a_library_that_reads_a_data_file_is_refused_and_one_that_only_has_some_is_not(distributions):
    """The file is named; a file that no module asks for stays behind without a word."""
    reading = "import pathlib\n\nTEXT = pathlib.Path(__file__).with_name('words.dat').read_text()\n"
    distributions.lay("reads", {"reads/__init__.py": reading, "reads/words.dat": "x"})
    distributions.lay("has", {"has/__init__.py": "", "has/words.dat": "x", "has/py.typed": ""})
    ((_line, _column, said, _told),) = problems(tide(libraries=["reads", "has"]))
    assert "the library reads reads its data file reads/words.dat (reads/__init__.py)" in said


def test_what_a_library_can_do_without_need_not_be_declared(distributions):
    """An import in a function, behind a condition or in a try for ImportError is no need."""
    optional = """
        try:
            import multidict
        except ImportError:
            multidict = None
        if multidict:
            import yarl


        def later():
            import certifi
        """
    distributions.lay("easy", {"easy.py": textwrap.dedent(optional)})
    assert problems(tide(libraries=["easy"])) == []


def test_everything_that_is_missing_is_told_at_once(distributions):
    """Through libraries that were not declared either, with the list that would do."""
    distributions.lay("one", {"one.py": "import two\n"})
    distributions.lay("two", {"two.py": "import three\nimport nowhere_at_all\n"})
    distributions.lay("three", {"three.py": ""})
    told = problems(tide(libraries=["one"]))
    absent = "no library 'nowhere_at_all' is installed beside the runtime"
    assert [reason for *_place, reason, _way_out in told] == [
        "the library two imports nowhere_at_all (two.py:2), and " + absent,
        "the library one imports two (one.py:1), which is not declared",
        "the library two imports three (two.py:1), which is not declared",
    ]
    assert {way_out for *_rest, way_out in told[1:]} == {'libraries=["one", "two", "three"]'}


def test_libraries_have_a_size(distributions):
    """Each run carries them into its child."""
    distributions.lay("large", {"large.py": "#\n" * (9 << 20)})
    ((_line, _column, said, _told),) = problems(tide(libraries=["large"]))
    assert said == "its libraries are 18874368 bytes of source together, and 16777216 are allowed"


def test_a_connector_whose_library_cannot_be_had_is_broken_for_that_reason(distributions):
    """It is listed like any other that is broken, and nothing is described."""
    distributions.lay("tide", tide(libraries=["multidict"]), entry="tide")
    assert found().problem.startswith("libraries: tide/__init__.py:6:42: the library multidict is not pure Python")


def test_another_version_of_a_library_is_another_connector(distributions):
    """What was found out about it, and what was approved, holds for what was looked at."""
    distributions.lay("tide", tide(libraries=["parcel"]), entry="tide")
    hashes = set()
    for version, source in (("1.0", ""), ("1.0", "x = 1\n"), ("1.1", "x = 1\n")):
        (distributions.folder / "parcel.py").write_text(source)
        for old in distributions.folder.glob("parcel-*"):
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        distributions.lay("parcel", {"parcel.py": source}, version=version)
        hashes.add(found().source_hash)
    assert len(hashes) == 3


def test_nothing_of_a_library_is_imported_to_find_it(distributions, tmp_path):
    """A module body that would leave a mark is read, not run."""
    mark = tmp_path / "mark"
    distributions.lay("marks", {"marks/__init__.py": f"open({str(mark)!r}, 'w')\n"})
    distributions.lay("tide", tide(imports="import marks", libraries=["marks"]), entry="tide")
    assert [library.name for library in found().libraries] == ["marks"]
    assert not mark.exists()


def test_every_foreign_module_of_a_child_is_known_as_the_wall_s_own(describing):
    """A library may count on them, and no connector can declare them."""
    tops = {name.partition(".")[0] for name in describing.loaded_modules} - sys.stdlib_module_names
    assert {top for top in tops if not top.startswith("_")} - {"levada_warm_up"} == IN_THE_WALL


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import imaplib", {"imaplib.py"}),
        ("import xml.dom.minidom", {"xml/dom/minidom.py", "xml/dom/__init__.py"}),
        ("def f():\n    if 0: from wsgiref import util", {"wsgiref/__init__.py", "wsgiref/util.py"}),
        ("__import__('cmd')", {"cmd.py"}),
        ("import importlib as i\ni.import_module('cmd')", {"cmd.py"}),
        ("exec('import cmd')", {"cmd.py"}),
    ],
)
def test_what_sources_need_of_the_standard_library_is_found(describing, source, modules):
    """Wherever an import stands, with its parents and with what it needs itself."""
    sources = closure({"a.py": source.encode()}, describing.loaded_modules)
    assert modules <= sources.keys()
    assert all(source for path, source in sources.items() if not path.endswith("__init__.py"))


def test_what_is_loaded_already_is_not_sent(describing):
    """A module that a child has comes from there."""
    loaded = describing.loaded_modules
    assert {"re", "json"} <= loaded
    assert closure({"a.py": b"import re, json"}, loaded) == {}
    assert closure({"a.py": b"import nothing_there, test.support, levada"}, loaded) == {}
