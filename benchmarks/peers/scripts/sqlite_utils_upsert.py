"""sqlite-utils upserts the source's records into SQLite."""

import os
from pathlib import Path

import feed
import sqlite_utils

database = sqlite_utils.Database(Path(os.environ["BENCH_FOLDER"]) / "upsert.db")
database.enable_wal()
# Its default batch is 100 rows; it takes fewer than asked for where SQLite's bound variables do not suffice.
database[feed.KIND].upsert_all(feed.rows(), pk=feed.KEY, batch_size=1000)
