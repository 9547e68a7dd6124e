"""Which pipelines run, with their definitions, each of which is read once in a process."""

from dataclasses import dataclass

from levada_runtime.pipeline.definition import Definition
from levada_runtime.pipeline.loader import load
from levada_runtime.pipeline.problems import PipelineRefused
from levada_runtime.store.pipelines_model import PipelineRow
from levada_runtime.store.unit_of_work import UnitOfWork

_KEPT = 256


@dataclass(frozen=True, slots=True)
class Runner:
    """A pipeline that is active, with its definition, or why that cannot be read."""

    row: PipelineRow
    definition: Definition | None
    problem: str = ""


class Running:
    """Finds the pipelines that are active."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, str, int], Runner] = {}

    def of(self, uow: UnitOfWork, org_id: int) -> list[Runner]:
        """Return an organisation's pipelines that are active, by their names."""
        return [self._runner(uow, row) for row in uow.pipelines.of(org_id, "active")]

    def _runner(self, uow: UnitOfWork, row: PipelineRow) -> Runner:
        key = row.org_id, row.name, row.version
        if key not in self._read:
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[key] = _load(uow, row)
        return self._read[key]


def _load(uow: UnitOfWork, row: PipelineRow) -> Runner:
    """Read a version's text; this runtime may be older or newer than the one it was deployed with."""
    version = uow.pipelines.version(row.org_id, row.name, row.version)
    if version is None:
        return Runner(row, None, "its text is gone")
    try:
        return Runner(row, load(version.definition, row.name))
    except PipelineRefused as refused:
        return Runner(row, None, f"its definition cannot be read any more: {refused.message}")
