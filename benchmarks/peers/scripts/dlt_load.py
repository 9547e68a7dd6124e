"""A dlt pipeline that merges the source's records into PostgreSQL: `dlt_load.py [pydantic]`."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import dlt
import feed

# Pages, not rows, are yielded, and files are rotated so that two processes normalise them: what dlt's "Optimizing dlt"
# recommends. Its other advice for PostgreSQL, csv as loader format, is taken below.
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
    pipelines_dir=os.path.join(os.environ["BENCH_FOLDER"], "pipelines"),
)
pipeline.run(records(), **({"loader_file_format": os.environ["BENCH_FORMAT"]} if "BENCH_FORMAT" in os.environ else {}))
