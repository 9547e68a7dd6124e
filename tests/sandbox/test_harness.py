"""The harness itself: it hears what escapes, and fails loudly when it could not have heard."""

import json
import os

import pytest
from tests.sandbox.harness import controls, ordinary, suite
from tests.sandbox.harness.__main__ import main
from tests.sandbox.harness.attack import NotAnAttack, after_future_imports, attacks_in, read
from tests.sandbox.harness.plain import Plain
from tests.sandbox.harness.trial import SilentHarness, try_at, try_together
from tests.sandbox.harness.verdict import ESCAPED, NOT_TRIED, REFUSED
from tests.sandbox.harness.walls import OFF


@pytest.fixture
def written(tmp_path):
    """Write an attack as anybody else would, and read it back."""

    def write(code, level="boundary", category="file-write", more=""):
        path = tmp_path / f"x{len(list(tmp_path.iterdir()))}.py"
        path.write_text(f"# level: {level}\n# category: {category}\n# escape proof: words\n{more}{code}\n")
        return read(path, path.stem)

    return write


@pytest.mark.parametrize(
    ("code", "trace"),
    [
        ("REPORT('words')", "reported 'words'"),
        ("import os\nopen(os.environ['ESCAPE_PROOF'], 'w').close()", "made "),
        ("import os\nopen('/dev/shm/' + os.path.basename(CTX['proof']), 'w').close()", "made /dev/shm/"),
        ("import socket\nsocket.create_connection(('127.0.0.1', CTX['port']))", "connected to "),
        ("import socket\nsocket.socket(socket.AF_UNIX).connect(CTX['abstract'])", "connected to "),
        ("import os, signal\nos.kill(CTX['hostpid'], signal.SIGUSR1)", "the host got SIGUSR1"),
        ("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)", "left process "),
        ("import os\nos.kill(os.getppid(), 9)", "ended the zygote"),
        ("x = bytearray(600 << 20)\nx[::4096] = bytes(len(x) // 4096)", "held "),
    ],
)
def test_what_escapes_is_seen(code, trace, written, walls):
    """With every layer off each kind of trace is found, and nothing of it is left."""
    verdict = try_at(written(code), OFF, walls)
    assert verdict.became == ESCAPED
    assert any(each.startswith(trace) for each in verdict.damage), verdict.damage
    assert try_at(written("REPORT"), OFF, walls).damage == ()


def test_bytes_on_the_hosts_standard_streams_are_seen(written, walls):
    """Whoever reaches them through the process file system is caught."""
    code = "import os\nos.write(os.open(f'/proc/{CTX[\"hostpid\"]}/fd/1', os.O_WRONLY | os.O_APPEND), b'words')"
    assert "wrote b'words' on the host's standard streams" in try_at(written(code), OFF, walls).damage


@pytest.mark.parametrize("level", ["L2", OFF])
def test_a_leak_of_the_policy_is_seen(level, written, walls):
    """One attack that leaks is named among many that do not, whether or not it goes on."""
    leaks = written("from __future__ import annotations\nleak = secrets['token'] or ingest\n1 / 0", "language")
    harmless = written("leak = None\nimport os", "language")
    verdicts = try_together([harmless, leaks, harmless], level, walls)
    assert [verdict.became for verdict in verdicts] == [REFUSED, ESCAPED, REFUSED]
    assert try_at(leaks, level, walls).became == ESCAPED


def test_a_harness_that_hears_nothing_fails(written, walls, monkeypatch):
    """Were the channel silent, nothing would be proven."""
    monkeypatch.setattr("tests.sandbox.harness.witness._BENIGN_BOUNDARY", "pass")
    with pytest.raises(SilentHarness):
        try_at(written("open(CTX['proof'], 'w')"), "L1", walls)


def test_an_attack_that_lacks_a_module_is_not_tried(written, walls, monkeypatch):
    """A module that could have been sent along and was not is named."""
    attack = written("try:\n    __import__('wav' + 'e')\nexcept ImportError:\n    pass")
    assert try_at(attack, "L1", walls).holds
    monkeypatch.setattr("tests.sandbox.harness.trial._TRIES", 0)
    verdict = try_at(attack, "L1", walls)
    assert (verdict.became, "wave" in verdict.message) == (NOT_TRIED, True)


def test_a_control_that_fails_is_told(written, walls):
    """An attack that succeeds nowhere is no attack."""
    with Plain() as plain:
        checks = [
            controls.check(written("1 / 0"), walls, plain),
            controls.check(written("leak = None", "language"), walls, plain),
            controls.check(written("1 / 0", more="# control: none, because it is a test\n"), walls, plain),
        ]
    assert [(each.went, each.words) for each in checks] == [
        (controls.FAILED, "connector_error: ZeroDivisionError: division by zero"),
        (controls.FAILED, ""),
        (controls.EXCEPTED, "it is a test"),
    ]


def test_the_machine_survives_a_control(written, walls):
    """What nobody would survive is refused even where every layer is off."""
    code = "import os, signal\nfor pid in (-1, 1, CTX['hostpid']):\n    try:\n        os.kill(pid, signal.SIGKILL)\n"
    code += "    except PermissionError:\n        REPORT(pid)\n"
    with Plain() as plain:
        checked = controls.check(written(code), walls, plain)
    assert checked.words == f"reported -1; reported 1; reported {os.getpid()}"


def test_a_file_that_says_nothing_of_itself_is_no_attack(tmp_path):
    """A folder's other files fail the run, instead of going untried."""
    (tmp_path / "x.py").write_text("import os\n")
    assert attacks_in(tmp_path)[1] == [
        f"{tmp_path}/x.py: its first lines should say `# level: language` or `# level: boundary`"
    ]
    with pytest.raises(NotAnAttack):
        read(tmp_path / "x.py", "x")


def test_imports_from_the_future_stay_first():
    """What binds an attack's globals comes after them, and before all else."""
    source = '# level: language\n"""Words."""\nfrom __future__ import annotations\nleak = ingest\n'
    lines = after_future_imports(source, "from .box import ingest").splitlines()
    assert lines[2:] == ["from __future__ import annotations", "from .box import ingest", "leak = ingest"]
    assert after_future_imports("this is no Python (", "x = 1").startswith("x = 1\n")


def test_a_folder_is_run_from_the_command_line(written, tmp_path, capsys):
    """What is printed ends with the count that matters, and the exit code says whether all is well."""
    written("import os\nleak = os", "language", "import")
    written("open(CTX['proof'], 'w')")
    assert main([str(tmp_path), "--levels", "L1", "--require-controls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 attacks, 0 escapes"
    assert "controls: 2 of 2 attacks succeed without the wall" in lines
    (tmp_path / "other.py").write_text("pass\n")
    assert main([str(tmp_path), "--levels", "L1", "--without-controls"]) == 1


def test_nothing_tried_is_no_success(walls):
    """An empty folder proves nothing."""
    found = suite.run([], ["L1"], walls, with_controls=True)
    assert not found.are_good(require_controls=False, require_levels=False)


def test_the_wall_holds_for_an_ordinary_user():
    """Whoever runs the runtime without being root has every level that claims to be a boundary, and it holds.

    A few attacks of each category show it; `make escapes ARGS="--as-user"` tries them all.
    """
    if os.geteuid() != 0:
        pytest.skip("these tests are run by an ordinary user anyway")
    try:
        done = ordinary.start(["--json", "--quick", "--without-controls", "--of-each", "3"])
    except ordinary.NotPossible as error:
        pytest.skip(f"no ordinary user here: {error}")
    if done.returncode == ordinary.CANNOT:
        pytest.skip(f"no ordinary user here: {done.stderr.strip()}")
    found = json.loads(done.stdout or "{}")
    assert (found.get("problems"), found.get("wrong"), done.stderr, done.returncode) == ([], [], "", 0)
    reached = {verdict["level"] for verdict in found["verdicts"]}
    assert reached == {"L3", "L2", "L1", OFF} - set(found["unreachable"])
    assert {"L2", "L1"} <= reached
