"""A dlt pipeline that merges the source's records into PostgreSQL: `dlt_load.py [pydantic] [parquet]`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import feed

# Pages, not rows, are yielded, as "Optimizing dlt" in dlt's documentation recommends. Its page about PostgreSQL has
# parquet loaded by ADBC as the fast way in; SQL INSERT statements are what it takes unless asked.
contract: dict[str, Any] = {}
if "pydantic" in sys.argv:
    from dlt_models import MODELS

    contract = {"columns": MODELS[feed.KIND]}


@dlt.resource(name=feed.KIND, primary_key=feed.KEY, write_disposition="merge", **contract)
def records() -> Iterator[list[dict[str, Any]]]:
    """Yield page after page."""
    yield from feed.pages()


pipeline = dlt.pipeline(
    pipeline_name="bench",
    destination=dlt.destinations.postgres(
        "postgresql://{PGUSER}:{PGPASSWORD}@{PGHOST}:{PGPORT}/{PGDATABASE}".format(**os.environ)
    ),
    dataset_name="bench",
    pipelines_dir=str(Path(os.environ["BENCH_FOLDER"]) / "pipelines"),
)
pipeline.run(records(), loader_file_format="parquet" if "parquet" in sys.argv else None)
