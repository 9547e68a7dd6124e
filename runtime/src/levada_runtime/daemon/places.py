"""Where an installation lies: the data directory, and the refusals when it or the store in it cannot be used."""

from pathlib import Path

from levada_runtime.foundation.errors import EnvironmentFailure


def prepare_data_dir(data_dir: Path, *, create: bool) -> None:
    """Make sure that the data directory can be used, making it (mode 0700) if `create` says so.

    Raises EnvironmentFailure naming it and the way out.
    """
    try:
        if create:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not data_dir.exists():
            raise no_store(str(data_dir))
        next(data_dir.iterdir(), None)
    except OSError as error:
        raise EnvironmentFailure(
            f"the data directory {data_dir} cannot be used: {error.strerror}",
            code="data_dir_unusable",
            hint="give a folder that this user may read and write: --data-dir or LEVADA_DATA_DIR",
        ) from None


def no_store(place: str) -> EnvironmentFailure:
    """Return the refusal to read from a place where there is no store."""
    return EnvironmentFailure(
        f"there is no store at {place}",
        code="no_store",
        hint="`runtime connections add` or `runtime serve` makes one; --data-dir names another",
    )
