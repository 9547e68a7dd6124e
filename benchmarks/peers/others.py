"""The others: each in its own virtual environment, with a source written as its documentation says."""

import json
from dataclasses import dataclass
from typing import Literal

from benchmarks.peers import environment, verify
from benchmarks.peers.model import Phase, Place, Work

SCRIPTS = environment.SCRIPTS


@dataclass(frozen=True, slots=True)
class Dlt:
    """A dlt pipeline with write disposition `merge`."""

    name: str = "dlt merge"
    does: str = "types inferred, nested fields flattened, merged by key (delete and insert); no versions, no no-op"
    contract: bool = False
    tuned: bool = False
    """Parquet through ADBC, normalised by two processes, for which files are rotated every so many records."""
    store: Literal["PostgreSQL"] = "PostgreSQL"

    def prepare(self, place: Place) -> str:
        """Install it."""
        environment.prepare("dlt")
        return environment.version("dlt", "dlt")

    def work(self, place: Place, phase: Phase) -> Work:
        """Run the pipeline."""
        python = str(environment.prepare("dlt") / "python")
        settings = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
        words = [*(["pydantic"] if self.contract else []), *(["parquet"] if self.tuned else [])]
        if self.tuned:
            each = str(max(1_000, place.records // 4))
            settings |= {"NORMALIZE__WORKERS": "2", "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": each}
        data = {"DLT_DATA_DIR": str(place.folder / "dlt")}
        return Work([[python, str(SCRIPTS / "dlt_load.py"), *words]], {**settings, **data})

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold its table against what was served."""
        verify.in_postgresql(place, phase, "bench", place.kind)


@dataclass(frozen=True, slots=True)
class Singer:
    """A tap of the Singer SDK piped into pipelinewise-target-postgres."""

    name: str = "Singer SDK → pipelinewise"
    does: str = "types from a schema, COPY into a staging table, upserted by key; not validated, no versions, no no-op"
    store: Literal["PostgreSQL"] = "PostgreSQL"

    def prepare(self, place: Place) -> str:
        """Install both and write the target's configuration."""
        environment.prepare("singer")
        environment.prepare("pipelinewise")
        assert place.database is not None
        one = place.database
        # batch_size_rows is the README's default; validate_records is off, as it is unless asked for, which is faster.
        config = {"host": one.host, "port": one.port, "user": one.user, "password": one.password, "dbname": one.name}
        chosen = {"default_target_schema": "bench", "batch_size_rows": 100_000, "primary_key_required": True}
        (place.folder / "target.json").write_text(json.dumps({**config, **chosen}))
        tap = environment.version("singer", "singer-sdk")
        return f"{tap}, {environment.version('pipelinewise', 'pipelinewise-target-postgres')}"

    def work(self, place: Place, phase: Phase) -> Work:
        """Run the pipe."""
        tap = [str(environment.prepare("singer") / "python"), str(SCRIPTS / "singer_tap.py")]
        target = str(environment.prepare("pipelinewise") / "target-postgres")
        return Work([tap, [target, "--config", str(place.folder / "target.json")]])

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold its table against what was served."""
        verify.in_postgresql(place, phase, "bench", place.kind)


@dataclass(frozen=True, slots=True)
class PyAirbyte:
    """PyAirbyte with a source of the Python CDK, as a local executable."""

    name: str = "PyAirbyte"
    does: str = "types from a schema, written to files, loaded and merged by key; no versions, no no-op"
    store: Literal["PostgreSQL"] = "PostgreSQL"

    def prepare(self, place: Place) -> str:
        """Install it and write the source's executable."""
        programs = environment.prepare("pyairbyte")
        source = place.folder / "source-bench"
        source.write_text(f'#!/bin/sh\nexec "{programs / "python"}" "{SCRIPTS / "airbyte_source.py"}" "$@"\n')
        source.chmod(0o755)
        return f"{environment.version('pyairbyte', 'airbyte')}, {environment.version('pyairbyte', 'airbyte-cdk')}"

    def work(self, place: Place, phase: Phase) -> Work:
        """Read into the cache."""
        python = str(environment.prepare("pyairbyte") / "python")
        settings = {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "AIRBYTE_NO_UV": "1", "NO_COLOR": "1"}
        return Work([[python, str(SCRIPTS / "pyairbyte_read.py"), str(place.folder / "source-bench")]], settings)

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold its table against what was served."""
        verify.in_postgresql(place, phase, "bench", place.kind)


@dataclass(frozen=True, slots=True)
class SqliteUtils:
    """sqlite-utils' `upsert_all`."""

    name: str = "sqlite-utils upsert_all"
    does: str = "types inferred from the first rows, upserted by key in one process; nothing else"
    store: Literal["SQLite"] = "SQLite"

    def prepare(self, place: Place) -> str:
        """Install it."""
        environment.prepare("sqlite_utils")
        return environment.version("sqlite_utils", "sqlite-utils")

    def work(self, place: Place, phase: Phase) -> Work:
        """Upsert."""
        python = str(environment.prepare("sqlite_utils") / "python")
        return Work([[python, str(SCRIPTS / "sqlite_utils_upsert.py")]])

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold its table against what was served."""
        verify.in_sqlite(place, phase, place.folder / "upsert.db", place.kind)
