"""Unrestricted Python inside the wall: what the kernel's layers must hold without any help from the policy."""

import ast
import contextlib
import ctypes
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

CRIMES = sorted((Path(__file__).parent / "escapes" / "boundary").glob("*.py"), key=lambda path: path.stem)


class Scene:
    """What an attack aims at, and whether any of it was hit."""

    def __init__(self, folder: Path) -> None:
        self.proof = folder / f"proof-{os.getpid()}-{folder.name}"
        self.canary = folder / "canary"
        self.canary.write_text("canary")
        self.canary.chmod(0o644)
        self.signals: list[int] = []
        self.accepted: list[bytes] = []
        self.abstract = f"\0levada-canary-{self.proof.name}"
        self._host = ctypes.create_string_buffer(b"h0st-memory")
        self._listeners: list[socket.socket] = []

    def __enter__(self):
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGUSR1,)}
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(self.abstract)
        abstract.listen()
        self._listeners = [tcp, abstract]
        self._threads = [threading.Thread(target=self._accept, args=(listener,)) for listener in self._listeners]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_reason):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for listener in self._listeners:
            listener.close()
        for left in (self.proof, Path("/dev/shm") / self.proof.name):
            with contextlib.suppress(FileNotFoundError):
                left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()

    def context(self):
        return {
            "proof": str(self.proof),
            "port": self.port,
            "abstract": self.abstract,
            "host_pid": os.getpid(),
            "host_address": ctypes.addressof(self._host),
            "canary_file": str(self.canary),
        }

    def damage(self, reported):
        """Return every trace of success."""
        left = [str(path) for path in (self.proof, Path("/dev/shm") / self.proof.name) if os.path.lexists(path)]
        return [*reported, *left, *self.signals, *self.accepted]

    def _note(self, number, _frame):
        self.signals.append(number)

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listener.accept()
                self.accepted.append(b"accepted")
                connection.close()


def commit(crime, wall, told, folder, patience_s=0.0):
    """Run the crime inside that wall and return its outcome and the damage, which a process it started may do later."""
    folder.chmod(0o777)
    with Scene(folder) as scene:
        outcome = wall.unrestricted(crime.read_text(), handlers=told, settings=scene.context())
        deadline = time.monotonic() + patience_s
        while not (damage := scene.damage(told.messages)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return outcome, damage


def constant(crime, name):
    """Return a constant that the crime states about itself."""
    for node in ast.parse(crime.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    return None


def was_really_tried(outcome):
    """Whether the attack came as far as its deed: a missing import would prove nothing."""
    return "ModuleNotFoundError" not in (outcome.message or "") and "ImportError" not in (outcome.message or "")


@pytest.mark.parametrize("crime", CRIMES, ids=lambda path: path.stem)
def test_the_wall_holds_at_its_full_height(crime, wall, told, tmp_path, capfd, monkeypatch):
    """At the highest level this machine offers, no attack leaves a trace."""
    monkeypatch.setenv("HOST_SECRET", "h0st-s3cret")
    outcome, damage = commit(crime, wall, told, tmp_path)
    assert damage == []
    assert "CORRUPTED" not in "".join(capfd.readouterr())
    assert was_really_tried(outcome)


@pytest.mark.parametrize("crime", CRIMES, ids=lambda path: path.stem)
def test_the_wall_holds_without_namespaces(crime, kernel_wall, told, tmp_path):
    """At level L2, which default containers reach, no attack leaves a trace."""
    outcome, damage = commit(crime, kernel_wall, told, tmp_path)
    assert damage == []
    assert outcome.level == "L2"


@pytest.mark.parametrize("crime", CRIMES, ids=lambda path: path.stem)
def test_the_wall_holds_with_the_system_call_filter_alone(crime, seccomp_wall, told, tmp_path):
    """At level L1 no attack leaves a trace either: each layer that refuses refuses by itself."""
    outcome, damage = commit(crime, seccomp_wall, told, tmp_path)
    assert damage == []
    assert outcome.level == "L1"


@pytest.mark.parametrize("crime", CRIMES, ids=lambda path: path.stem)
def test_the_attack_succeeds_with_the_layers_off(crime, no_wall, told, tmp_path, capfd, monkeypatch):
    """The positive control: an attack that fails without a wall would prove nothing about the wall."""
    reason = constant(crime, "NO_CONTROL")
    if reason:
        pytest.skip(f"no control: {reason}")
    if constant(crime, "ROOT_ONLY") and os.geteuid() != 0:
        pytest.skip(f"no control for an ordinary user: {constant(crime, 'ROOT_ONLY')}")
    if constant(crime, "CONTROL_IN_HOST"):
        monkeypatch.setenv("HOST_SECRET", "h0st-s3cret")
        reported = []
        namespace = {"kept": {"secret": os.environ["HOST_SECRET"], "tracked": []}}
        exec(compile(crime.read_text(), crime.stem, "exec"), namespace)
        namespace["attack"]({}, reported.append)
        assert reported or "CORRUPTED" in capfd.readouterr().out
        return
    outcome, damage = commit(crime, no_wall, told, tmp_path, patience_s=5)
    assert damage, outcome
