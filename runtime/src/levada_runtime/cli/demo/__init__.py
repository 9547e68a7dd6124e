"""`demo`: the daemon with a bundled sample source, so that everything is seen working at once."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from levada_runtime.cli.demo.source import sample_source
from levada_runtime.cli.demo.story import Story
from levada_runtime.cli.frame import Result, Session, command
from levada_runtime.foundation.config import BrokerSettings, DeliverySettings

Section = TypeVar("Section", BrokerSettings, DeliverySettings)


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    command(app, "demo")(demo)


def demo(
    session: Session,
    once: Annotated[bool, typer.Option("--once", help="End by itself after a full cycle.")] = False,
    port: Annotated[int, typer.Option(help="Port the API listens on; a free one by default.")] = 0,
) -> Result:
    """See the runtime at work on a sample source: polls, a webhook, documents, an entity, a delivery."""
    with sample_source() as source, _data_dir(session) as data_dir:
        session.data_dir = data_dir
        host = str(source.hello["api_base"]).removeprefix("http://")
        settings = session.settings()
        flags = {
            "port": port,
            "broker": _allowing(settings.broker, host),
            "deliveries": _allowing(settings.deliveries, host),
            "sandbox": settings.sandbox.model_copy(update={"allow_weak": True}),
        }
        return Story(session, source, flags).play(once=once)


def _allowing(section: Section, host: str) -> Section:
    """Return a section of the settings in which the sample source may be reached."""
    return section.model_copy(update={"allow_private": [*section.allow_private, host]})


@contextmanager
def _data_dir(session: Session) -> Iterator[Path]:
    """The data directory that was given, or a new one that stays behind to be looked at."""
    if session.data_dir is not None:
        yield session.data_dir
    else:
        yield Path(tempfile.mkdtemp(prefix="levada-demo-"))
