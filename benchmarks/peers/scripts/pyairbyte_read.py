"""PyAirbyte reads the source into its PostgreSQL cache, merged by primary key: `pyairbyte_read.py EXECUTABLE`."""

import os
import sys
from pathlib import Path

import airbyte as ab
from airbyte.caches import PostgresCache

cache = PostgresCache(
    host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]),
    username=os.environ["PGUSER"],
    password=os.environ["PGPASSWORD"],
    database=os.environ["PGDATABASE"],
    schema_name="bench",
    cache_dir=Path(os.environ["BENCH_FOLDER"]) / "cache",
)
source = ab.get_source("source-bench", local_executable=sys.argv[1], config={}, install_if_missing=False)
source.select_all_streams()
result = source.read(cache=cache, write_strategy="merge", force_full_refresh=True)
print(result.processed_records)
