"""The tutorial of pipelines is followed word by word, with a real daemon and the receiver that the page writes."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "your-first-pipeline.md"
BLOCK = re.compile(r'```(?P<kind>\w*)(?: title="(?P<file>[^"]+)")?\n(?P<body>.*?)```', re.DOTALL)
SET_UP = ("mkdir", "cd ", "python3 -m venv", ". env", "pip install")
AFTERWARDS = ("MSG_ID", "--state retrying")
RECEIVER_PORT, API_PORT = "127.0.0.1:9000", "127.0.0.1:7700"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Reader:
    """Somebody who follows the page in a folder of their own, on ports that are free."""

    def __init__(self, folder):
        self.folder = folder
        self.places = {RECEIVER_PORT: f"127.0.0.1:{free_port()}", API_PORT: f"127.0.0.1:{free_port()}"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LEVADA_")}
        self.environment = {**clean, "PATH": f"{Path(sys.executable).parent}:{clean['PATH']}", "COLUMNS": "300"}
        self.running = {}
        self.commands = 0

    def here(self, text):
        """Return a text of the page with the ports of this reader."""
        for told, mine in self.places.items():
            text = text.replace(told, mine)
        host, _, port = self.places[RECEIVER_PORT].partition(":")
        return text.replace('("127.0.0.1", 9000)', f'("{host}", {port})')

    def write(self, file, body):
        """Write a file; top-level parts of YAML that are there already are replaced."""
        path = self.folder / file
        body = self.here(body)
        if path.exists() and path.suffix == ".yaml":
            body = "".join({**parts(path.read_text()), **parts(body)}.values())
        path.write_text(body)

    def do(self, line, told):
        """Do what a line of a terminal says, and find what the page says it prints."""
        line = self.here(line)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.environment[name] = value.strip("'")
        elif line in ("runtime serve", "python receiver.py"):
            self.start(line)
        else:
            self.commands += 1
            self.until(lambda: self.printed(line), told, line)

    def start(self, line):
        self.stop(line)
        port = self.places[API_PORT].partition(":")[2]
        words = [*line.split(), *(["--port", port] if line == "runtime serve" else [])]
        log = (self.folder / f"{words[1]}.log").open("a")
        self.running[line] = subprocess.Popen(words, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        log.close()
        place = API_PORT if line == "runtime serve" else RECEIVER_PORT
        self.until(lambda: self.reached(place), "reached", line)

    def stop(self, line):
        process = self.running.pop(line, None)
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def reached(self, place):
        host, _, port = self.places[place].partition(":")
        with socket.socket() as probe:
            return "reached" if probe.connect_ex((host, int(port))) == 0 else ""

    def printed(self, line):
        done = subprocess.run(
            ["bash", "-c", line], check=False, cwd=self.folder, env=self.environment, text=True, capture_output=True
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout if done.returncode == 0 else ""

    def until(self, answer, told, what, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            answered = answer()
            if answered and gist(told) <= gist(answered):
                return
            assert time.monotonic() < deadline, f"{what} answered:\n{answered}\nand not:\n{told}"
            time.sleep(0.3)


def parts(text):
    """Return the top-level parts of a YAML text by their key."""
    return {part.partition(":")[0]: part for part in re.split(r"^(?=\w+:)", text, flags=re.MULTILINE) if part}


def gist(printed):
    """Return the lines of an answer that are the same for every reader: without ids, whatever the columns' width."""
    plain = re.sub(r"\b(evt|msg)_\w+", r"\1", printed)
    return {re.sub(r"\s+", " ", line).strip() for line in plain.splitlines() if line.strip()}


@pytest.mark.journey
@pytest.mark.timeout(300)
def test_the_tutorial_of_pipelines_works_as_it_is_written(tmp_path):
    """Every file and every command does what the page says, and the receiver prints what it should."""
    reader = Reader(tmp_path)
    try:
        for block in BLOCK.finditer(PAGE.read_text()):
            if block["file"]:
                reader.write(block["file"], block["body"])
            elif block["kind"] == "console":
                for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                    line, _, told = part.partition("\n")
                    if not line.startswith(SET_UP) and not any(word in line for word in AFTERWARDS):
                        reader.do(line, told)
            elif not block["kind"]:
                received = tmp_path / "receiver.py.log"
                reader.until(received.read_text, block["body"], "the receiver")
    finally:
        for line in list(reader.running):
            reader.stop(line)
    assert reader.commands == 11
