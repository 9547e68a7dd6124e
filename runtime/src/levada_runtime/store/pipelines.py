"""Pipelines, their versions and figures."""

import sqlalchemy as sa

from levada_runtime.store.tables import pipelines


class Pipelines:
    """The pipelines of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def any_active(self, org_id: int) -> bool:
        """Tell whether events of this organisation are of use to anybody."""
        active = sa.exists().where(pipelines.c.org_id == org_id, pipelines.c.state == "active")
        return self._connection.execute(sa.select(active)).scalar_one()
