"""A copy of an SQLite store as it is at one moment, made while others write.

PostgreSQL has tools of its own for that.
"""

import os
import secrets
from pathlib import Path

import sqlalchemy as sa

from levada_runtime.foundation.errors import EnvironmentFailure, UsageFailure


def back_up(engine: sa.Engine, target: Path) -> int:
    """Write a copy that only its owner can read, whole or not at all, and return its bytes.

    Writers go on meanwhile. Raises UsageFailure when there is a file already or the store is not SQLite's,
    EnvironmentFailure when it cannot be written.
    """
    if engine.dialect.name != "sqlite":
        raise UsageFailure(
            "this store is PostgreSQL's, which has its own tools for that",
            code="not_sqlite",
            hint="pg_dump --format=custom --file=levada.dump DATABASE",
        )
    if target.exists():
        raise UsageFailure(f"there is a file {target} already", code="file_exists", hint="give another name")
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(engine, draft)
        os.link(draft, target)
    except (OSError, sa.exc.OperationalError) as error:
        said = getattr(error, "strerror", None) or str(getattr(error, "orig", error))
        raise EnvironmentFailure(
            f"the copy cannot be written to {target}: {said}", code="backup_failed", hint="give a folder with room"
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(engine: sa.Engine, draft: Path) -> None:
    """Write the copy and have it on the disk: one reading transaction of the store, which no writer waits for."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("VACUUM INTO ?", (str(draft),))
    with draft.open("rb") as file:
        os.fsync(file.fileno())
