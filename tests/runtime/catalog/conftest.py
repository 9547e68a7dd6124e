"""Distributions laid into a folder on the path, and one sandbox for all that asks for descriptions."""

import pytest

from levada_runtime.sandbox.host import Sandbox


class Distributions:
    """A folder on the path; what is laid there is installed as far as metadata and imports can tell."""

    def __init__(self, folder):
        self.folder = folder

    def lay(self, name, files, *, version="1.0", entry=None):
        """Install modules by their paths, as one distribution."""
        for path, source in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(source)
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "top_level.txt").write_text("\n".join({path.partition("/")[0].removesuffix(".py") for path in files}))
        if entry is not None:
            (info / "entry_points.txt").write_text(f"[levada.connectors]\n{entry} = {name}:connector\n")


@pytest.fixture
def distributions(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return Distributions(folder)


@pytest.fixture(scope="session")
def describing():
    """One sandbox, at whatever level there is."""
    with Sandbox(allow_weak=True) as sandbox:
        yield sandbox
