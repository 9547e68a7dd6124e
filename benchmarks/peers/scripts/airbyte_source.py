"""A source written with Airbyte's Python CDK; PyAirbyte runs it as a local executable."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import feed
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams import Stream


class Records(Stream):
    """The source's records."""

    name = feed.KIND
    primary_key = feed.KEY

    def read_records(self, *_: Any, **__: Any) -> Iterable[Mapping[str, Any]]:
        """Yield everything."""
        yield from feed.rows()

    def get_json_schema(self) -> Mapping[str, Any]:
        """Return the schema of a record."""
        return feed.SCHEMA


class Source(AbstractSource):
    """The source."""

    def check_connection(self, logger: Any, config: Mapping[str, Any]) -> tuple[bool, Any]:
        """Take it for granted."""
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """Return the one stream."""
        return [Records()]

    def spec(self, logger: Any) -> ConnectorSpecification:
        """Say that there is nothing to configure."""
        return ConnectorSpecification(connectionSpecification={"type": "object", "properties": {}})


if __name__ == "__main__":
    launch(Source(), sys.argv[1:])
