"""`runtime check`: what is wrong with a connector, told where its author stands, without importing any of it."""

import functools
import json
import sys
import textwrap
from pathlib import Path

import pytest

from levada_runtime.catalog.check import check
from levada_runtime.catalog.project import locate
from levada_runtime.cli import run
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.lockdown import LAYERS
from levada_runtime.sandbox.model import Limits

ROOT = Path(__file__).parents[3]
QUICK = Limits(cpu_s=1, wall_s=5, http_requests=0, http_bytes=0)
PYPROJECT = """
[project]
name = "levada-naughty"
version = "0.3"
dependencies = ["levada-sdk"]

[project.entry-points."levada.connectors"]
naughty = "levada_naughty:connector"
"""
HEAD = "from levada import Connector\n"
MADE = 'connector = Connector("naughty")\n'
ROUTE = """

@connector.poll("crimes", every="@hourly")
def crimes(ingest):
    \"\"\"Crimes.\"\"\"
"""
FINE = HEAD + MADE + ROUTE


@pytest.fixture
def naughty(tmp_path, monkeypatch):
    """A project of these modules; whoever runs the test stands beside it."""
    monkeypatch.chdir(tmp_path)

    def lay(modules, pyproject=PYPROJECT, home="naughty/src/levada_naughty"):
        files = {"__init__.py": modules} if isinstance(modules, str) else modules
        for path, source in files.items():
            (tmp_path / home / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / home / path).write_text(textwrap.dedent(source))
        if pyproject:
            (tmp_path / "naughty" / "pyproject.toml").write_text(pyproject)
        return Path("naughty")

    return lay


@pytest.fixture
def report(naughty, describing):
    """Returns what is said of a project of these modules."""

    def made(modules, pyproject=PYPROJECT):
        (project,) = locate(naughty(modules, pyproject))
        return check(describing, project, QUICK)

    return made


@pytest.fixture
def runtime(capsys):
    """Returns what runs a command and gives its exit code and its JSON."""

    def call(*words):
        code = run(["check", *map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def told(report):
    return [(one.path, one.line, one.column, one.severity) for one in report.findings]


@pytest.mark.parametrize("name", ["acme", "stripe", "aws"])
def test_the_connectors_of_this_repository_are_clean(name, describing):
    """No finding; their manifest, and what each of their modules imports."""
    (project,) = locate(ROOT / "connectors" / name)
    found = check(describing, project)
    assert found.findings == ()
    assert found.manifest.key == name
    assert all(module.refused == () for module in found.imports)
    assert f"levada_{name}" in [module.module for module in found.imports]
    assert "levada_acme.sample" in found.not_checked or name != "acme"


def test_every_finding_of_every_module_is_told_at_once(report):
    """Policy, syntax and libraries in one go, in the order of the files, each with its way out."""
    found = report(
        {
            "__init__.py": "import os\nfrom levada import Connector\nfrom levada_naughty import deep\n"
            "from . import broken\n\n"
            'connector = Connector("naughty", libraries=["multidict"])\n\nx = open("/etc/hosts")\n',
            "deep/__init__.py": "from .er import f\n",
            "deep/er.py": 'def f(a):\n    return a.__class__\n\n\ny = eval("1")\n',
            "broken.py": "def (\n",
            "lost.py": "import subprocess\n",
        }
    )
    top, deep, broken = (f"naughty/src/levada_naughty/{name}" for name in ("__init__.py", "deep/er.py", "broken.py"))
    assert told(found) == [
        (top, 1, 8, "error"),
        (top, 6, 45, "error"),
        (top, 8, 5, "error"),
        (broken, 1, 5, "error"),
        (deep, 2, 12, "error"),
        (deep, 5, 5, "error"),
    ]
    assert [one.reason.partition(" ")[0] for one in found.findings[:2]] == ["os", "the"]
    assert found.findings[0].way_out == "declare a setting, and read it from the injected `settings`"
    assert found.manifest is None
    assert found.not_checked == ("levada_naughty.lost",)
    (imports,) = (module for module in found.imports if module.module == "levada_naughty")
    assert (imports.own, imports.facade, imports.refused) == (("levada_naughty",), ("levada",), ("os",))
    assert "levada_naughty" not in sys.modules


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        (HEAD + "raise ValueError('no')\n", 2, "importing it fails: ValueError: no"),
        (HEAD + MADE + ROUTE.replace("@hourly", "61 * * * *"), 5, "the schedule of 'crimes' cannot be meant"),
        (HEAD + MADE + ROUTE.replace("(ingest)", "(ingset)"), 5, "ingset"),
        (HEAD + "while True:\n    pass\n", 1, "importing it ends in cpu_limit: the run used its 1 s"),
        (
            HEAD + "size = 1 << 20\nwhile True:\n    size = 2 * size\n    x = bytes(size)\n",
            1,
            "importing it ends in memory",
        ),
        (HEAD, 1, "levada_naughty:connector should be a levada.Connector and is not there"),
        (HEAD + "connector = 5\n", 1, "is a int"),
        (HEAD + 'connector = Connector("No!")\n', 2, "'No!' cannot be the key of a connector"),
    ],
    ids=["raises", "cron", "parameter", "loop", "memory", "nothing", "other", "key"],
)
def test_what_goes_wrong_on_import_is_told_with_its_line(report, source, line, reason):
    """The connector's own line, where there is one; the host lives on."""
    (finding,) = report(source).findings
    assert (finding.path, finding.line, finding.severity) == ("naughty/src/levada_naughty/__init__.py", line, "error")
    assert reason in finding.reason


def test_a_library_that_takes_the_process_down_is_told(report, distributions):
    """It may do that: it runs as it is, inside the wall."""
    distributions.lay("leaver", {"leaver.py": "import os\n\nos._exit(3)\n"})
    requires = PYPROJECT.replace('"levada-sdk"', '"levada-sdk", "leaver>=1"')
    found = report(HEAD + "import leaver\n" + MADE.replace(")", ', libraries=["leaver"])') + ROUTE, requires)
    (finding,) = found.findings
    assert finding.reason == "importing it ends in crash: the child ended by status 3 without saying why"
    assert [library.name for library in found.libraries] == ["leaver"]


def test_a_connector_that_is_called_otherwise_than_its_entry_point_is_told_so(report):
    """At the line of the entry point, where it is mended."""
    (finding,) = report(FINE.replace('"naughty"', '"nice"')).findings
    assert (finding.path, finding.line) == ("naughty/pyproject.toml", 8)
    assert finding.reason == "the entry point is called 'naughty' and the connector 'nice'"


def test_what_works_and_should_be_looked_at_is_a_warning(report):
    """Each at its own place, and the check passes."""
    found = report(
        """\
        from levada import Connector, secret, unverified, url

        connector = Connector(
            "naughty",
            hosts=["localhost", "10.0.0.1", "api.example.com"],
            libraries=["idna"],
            settings=[secret("k", expose=True), url("u", default="http://a.example.com")],
        )


        @connector.webhook("w", verify=unverified(reason="it does not sign"), emits=("custmer", "boat"))
        def w(request):
            pass
        """
    )
    assert found.errors == 0
    assert [(one.line, one.reason.partition(",")[0]) for one in found.findings] == [
        (5, "the host 'localhost' is no public name"),
        (5, "the host '10.0.0.1' is no public address"),
        (6, "the library idna is declared and never imported"),
        (6, "nothing installs the library idna with the connector"),
        (7, "the secret 'k' is handed to the connector's code"),
        (7, "the default of 'u' is plain http"),
        (11, "the stream 'w' does not say what it is: its route has no docstring"),
        (11, "anybody can send to the webhook 'w': it is unverified"),
        (11, "the stream 'w' emits 'custmer'"),
    ]
    assert found.findings[-1].way_out == "did you mean 'customer'?"
    assert [library.name for library in found.libraries] == ["idna"]


def test_a_connector_without_a_stream_is_warned_of(report):
    """It can be installed and does nothing."""
    (finding,) = report(HEAD + MADE).findings
    assert (finding.line, finding.column, finding.severity) == (2, 23, "warning")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("levada_naughty.inner:connector", "names a nested module"),
        ("levada_naughty", "not of the form package:attribute"),
        ("levada_haughty:connector", "there is no package 'levada_haughty' in this project"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_told_at_its_line(report, entry, reason):
    """Nothing is compiled then."""
    (finding,) = report(FINE, PYPROJECT.replace("levada_naughty:connector", entry)).findings
    assert (finding.path, finding.line) == ("naughty/pyproject.toml", 8)
    assert reason in finding.reason


@pytest.mark.parametrize("home", ["naughty/src/levada_naughty", "naughty/levada_naughty"])
@pytest.mark.parametrize("inside", ["", "/deep/er.py"])
def test_a_package_is_known_by_the_project_around_it(naughty, home, inside):
    """Whichever of its folders or modules is named; with `src` or without."""
    naughty({"__init__.py": FINE, "deep/__init__.py": "", "deep/er.py": ""}, home=home)
    (project,) = locate(Path(home + inside))
    assert (project.key, project.package) == ("naughty", "levada_naughty")
    assert next(project.shown(path) for path in project.files) == f"{home}/__init__.py"


def test_a_single_file_is_a_connector(naughty, describing):
    """Under whatever name it is bound there."""
    naughty({"tide.py": FINE.replace("connector", "source")}, pyproject="", home="alone")
    (project,) = locate(Path("alone/tide.py"))
    found = check(describing, project)
    assert (project.key, project.attribute, found.findings) == (None, "source", ())
    assert found.manifest.key == "naughty"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere", "there is no nowhere"),
        ("empty", "empty is no connector"),
        ("empty/notes.txt", "empty/notes.txt is no connector"),
        ("naughty", "naughty/pyproject.toml offers no connector"),
        ("my-tide.py", "'my-tide' cannot be imported"),
        ("torn", "torn/pyproject.toml cannot be read"),
    ],
)
def test_what_is_no_connector_is_said_with_what_was_looked_for(naughty, path, said):
    """Exit code 2: the words are wrong, not a connector."""
    naughty(FINE, "[project]\nname = 'x'\n")
    for folder in ("empty", "torn"):
        Path(folder).mkdir()
    Path("empty/notes.txt").write_text("")
    Path("my-tide.py").write_text(FINE)
    Path("torn/pyproject.toml").write_text("[")
    with pytest.raises(UsageFailure, match=r".") as failed:
        locate(Path(path))
    assert failed.value.message.startswith(said)
    assert failed.value.code == "no_connector"


def test_the_command_has_an_exit_code_for_each_end(naughty, runtime, monkeypatch):
    """0 clean, 1 with findings, 2 for no connector, 3 when the sandbox is too weak; and it leaves no folder behind."""
    naughty(FINE)
    code, answer = runtime("naughty")
    assert (code, answer["ok"], answer["result"]["findings"]) == (0, True, [])
    assert answer["result"]["manifest"]["streams"][0]["key"] == "crimes"
    assert answer["result"]["imports"][0]["facade"] == ["levada"]
    naughty("import os\n")
    code, answer = runtime("naughty")
    assert (code, answer["ok"], answer["error"]["code"]) == (1, False, "check_failed")
    assert answer["result"]["findings"] == [
        {
            "path": "naughty/src/levada_naughty/__init__.py",
            "line": 1,
            "column": 8,
            "reason": "os cannot be imported by a connector",
            "way_out": "declare a setting, and read it from the injected `settings`",
            "severity": "error",
        }
    ]
    assert runtime("nowhere")[0] == 2
    without = functools.partial(Sandbox, without=frozenset(LAYERS))
    monkeypatch.setattr("levada_runtime.sandbox.host.Sandbox", without)
    assert runtime("naughty")[0] == 3
    assert runtime("naughty", "--allow-weak-sandbox")[0] == 1
    assert [path.name for path in Path().iterdir()] == ["naughty"]


def test_people_are_shown_the_line(naughty, capsys):
    """Place, reason, the line with a mark under it, the way out; no colour where there is no terminal."""
    naughty(FINE + '    return open("/etc/hosts")\n')
    assert run(["check", "naughty"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[:4] == [
        'naughty/src/levada_naughty/__init__.py:8:12: error: "open" does not exist in a connector',
        '    return open("/etc/hosts")',
        "           ^",
        "  → files do not exist behind the wall; read from `http`, keep progress in `checkpoint`",
    ]
    assert "\x1b" not in out
    assert err == "error: 1 error\n"
    naughty(FINE)
    assert run(["check", "naughty"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "module       levada_naughty imports levada",
        "stream       crimes: poll @hourly",
        "naughty is fine",
    ]


def test_a_broken_connector_is_shown_with_every_finding_on_a_line_of_its_own(naughty, tmp_path, monkeypatch, capsys):
    """However many there are."""
    naughty("".join(f"import nowhere_{number}\n" for number in range(60)))
    info = tmp_path / "naughty" / "src" / "levada_naughty-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: levada-naughty\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\nnaughty = levada_naughty:connector\n")
    monkeypatch.syspath_prepend(info.parent)
    assert run(["connectors", "show", "naughty", "--data-dir", str(tmp_path / "data")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("levada_naughty/__init__.py:") for line in lines) == 60
    assert any(line.split()[:2] == ["reason", "60"] for line in lines)
