"""A tap of the Meltano Singer SDK, with the faster message writer that the SDK brings along for msgspec."""

from collections.abc import Iterable, Mapping
from typing import Any

import feed
from singer_sdk import Stream, Tap
from singer_sdk.contrib.msgspec import MsgSpecWriter


class Records(Stream):
    """The source's records."""

    name = feed.KIND
    schema = feed.SCHEMA
    primary_keys = (feed.KEY,)

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """Yield everything."""
        yield from feed.rows()


class TapBench(Tap):
    """The tap."""

    name = "tap-bench"
    config_jsonschema = {"type": "object", "properties": {}}  # noqa: RUF012 - as the SDK's own examples have it
    message_writer_class = MsgSpecWriter

    def discover_streams(self) -> list[Stream]:
        """Return the one stream."""
        return [Records(self)]


if __name__ == "__main__":
    TapBench.cli()
