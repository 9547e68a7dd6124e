"""A connector that breaks out when it is told to, as a distribution in a folder on the path.

What it does is a library's: connector code of its own would be refused by the policy before it runs.
"""

from pathlib import Path

LIBRARY = '''
"""Does what no connector may."""
import ctypes
import os


def do(deed):
    match deed:
        case "trace":
            ctypes.CDLL(None).ptrace(0, 0, 0, 0)
        case "lie":
            os.write(3, b"\\x00\\x00\\x00\\x04lies")
        case "raise":
            raise ValueError("no")
'''
CONNECTOR = '''
"""A connector that breaks out when it is told to."""
import naughty_deeds

from levada import Connector, bearer, query, secret, text, unverified

connector = Connector(
    "naughty",
    hosts={hosts},
    auth={auth},
    settings=[text("deed", default="nothing"), secret("key", required=False), secret("seen", expose={expose},
        required=False)],
    libraries={libraries},
)
{head}


@connector.check
def check(settings):
    """Looks whether it may."""
    naughty_deeds.do(settings["deed"])


@connector.poll("crimes", every="* * * * *")
def crimes(settings, ingest):
    """Commits them, and tells of one customer."""
    naughty_deeds.do(settings["deed"])
    ingest.batch("customer", [{{"customer_id": "c-1", "name": "Ada"}}], idempotency_key=lambda c: c["customer_id"])


@connector.webhook("told", verify=unverified(reason="A test of it."))
def told(request, ingest):
    """Does what it is told."""
    naughty_deeds.do(request.json["deed"])
    ingest.batch("customer", [{{"customer_id": "c-2", "name": "Bo"}}], idempotency_key=lambda c: c["customer_id"])
'''


class Naughty:
    """The distribution, in whatever version it is installed just now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "naughty").mkdir(parents=True)
        (folder / "naughty_deeds.py").write_text(LIBRARY)
        (folder / "other_deeds.py").write_text('"""Does nothing."""\n')

    def install(
        self,
        version: str = "1.0",
        *,
        hosts: tuple[str, ...] = ("api.acme.test",),
        auth: str = 'bearer("key")',
        expose: bool = False,
        libraries: tuple[str, ...] = ("naughty_deeds",),
        head: str = "",
    ) -> None:
        """Install this version in the place of whatever is there."""
        source = CONNECTOR.format(hosts=list(hosts), auth=auth, expose=expose, libraries=list(libraries), head=head)
        (self.folder / "naughty" / "__init__.py").write_text(source)
        for old in self.folder.glob("naughty-*.dist-info"):
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        info = self.folder / f"naughty-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: naughty\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("[levada.connectors]\nnaughty = naughty:connector\n")
