"""Pipelines, their versions and figures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.pipelines_model import FiguresRow, PipelineRow, PipelineVersionRow
from levada_runtime.store.tables import pipeline_figures, pipeline_versions, pipelines


class Pipelines:
    """The pipelines of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def any_active(self, org_id: int) -> bool:
        """Tell whether events of this organisation are of use to anybody."""
        active = sa.exists().where(pipelines.c.org_id == org_id, pipelines.c.state == "active")
        return self._connection.execute(sa.select(active)).scalar_one()

    def get(self, org_id: int, name: str) -> PipelineRow | None:
        return next(iter(self._read(pipelines.c.org_id == org_id, pipelines.c.name == name)), None)

    def of(self, org_id: int, state: str | None = None) -> list[PipelineRow]:
        """Return an organisation's pipelines by their names, all or those of one state."""
        conditions = [pipelines.c.org_id == org_id]
        if state is not None:
            conditions.append(pipelines.c.state == state)
        return self._read(*conditions)

    def add(self, row: PipelineRow) -> None:
        """Enter a new pipeline, with its figures at nothing."""
        self._connection.execute(sa.insert(pipelines).values(as_columns(row)))
        self._connection.execute(sa.insert(pipeline_figures).values(as_columns(FiguresRow(row.org_id, row.name))))

    def change(self, row: PipelineRow, at: datetime, **values: Any) -> None:
        matching = sa.update(pipelines).where(pipelines.c.org_id == row.org_id, pipelines.c.name == row.name)
        self._connection.execute(matching.values(updated_at=at, **values))

    def add_version(self, row: PipelineVersionRow) -> None:
        self._connection.execute(sa.insert(pipeline_versions).values(as_columns(row)))

    def version(self, org_id: int, name: str, version: int) -> PipelineVersionRow | None:
        query = sa.select(pipeline_versions).where(
            pipeline_versions.c.org_id == org_id,
            pipeline_versions.c.name == name,
            pipeline_versions.c.version == version,
        )
        return next(iter(read_as(PipelineVersionRow, self._connection.execute(query))), None)

    def versions(self, org_id: int, name: str) -> list[PipelineVersionRow]:
        """Return a pipeline's versions, newest first."""
        query = sa.select(pipeline_versions).where(
            pipeline_versions.c.org_id == org_id, pipeline_versions.c.name == name
        )
        ordered = query.order_by(pipeline_versions.c.version.desc())
        return read_as(PipelineVersionRow, self._connection.execute(ordered))

    def figures(self, org_id: int) -> dict[str, FiguresRow]:
        """Return the figures of an organisation's pipelines by their names."""
        query = sa.select(pipeline_figures).where(pipeline_figures.c.org_id == org_id)
        return {row.name: row for row in read_as(FiguresRow, self._connection.execute(query))}

    def count(self, org_id: int, name: str, more: Mapping[str, int]) -> None:
        """Add to a pipeline's figures; whoever adds to several does so in order of their names."""
        given = {column: pipeline_figures.c[column] + number for column, number in more.items() if number}
        if given:
            self._connection.execute(sa.update(pipeline_figures).where(*_figures_of(org_id, name)).values(given))

    def failures(self, org_id: int, name: str) -> list[dict[str, Any]]:
        """Return why the pipeline failed; after `count` nobody else changes that within this unit of work."""
        query = sa.select(pipeline_figures.c.failures).where(*_figures_of(org_id, name))
        found: list[dict[str, Any]] | None = self._connection.execute(query).scalar_one_or_none()
        return found or []

    def keep_failures(self, org_id: int, name: str, failures: list[dict[str, Any]]) -> None:
        changed = sa.update(pipeline_figures).where(*_figures_of(org_id, name)).values(failures=failures)
        self._connection.execute(changed)

    def _read(self, *conditions: sa.ColumnElement[bool]) -> list[PipelineRow]:
        query = sa.select(pipelines).where(*conditions).order_by(pipelines.c.name)
        return read_as(PipelineRow, self._connection.execute(query))


def _figures_of(org_id: int, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return pipeline_figures.c.org_id == org_id, pipeline_figures.c.name == name
