"""Connectors: what is installed, whether it runs, and the word that lets it.

What is installed is every organisation's. What a run of one of them did is not: who violated the wall is told in full
to the organisation whose run it was, and to the others without the run and its message.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.envelopes import READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.operations import Operates
from levada_runtime.api.services import Services
from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.catalog.views import connector_view, manifest_view, uninstalled_view
from levada_runtime.store.model import OrgRow

Administers = Annotated[OrgRow, Depends(org_with("admin"))]
SourceHash = Annotated[
    str | None, Query(description="The `source_hash` that was looked at; another one by now is a 409.")
]

router = APIRouter(prefix="/v1/connectors", tags=["operations"])
_APPROVING = refusals(
    401,
    403,
    404,
    s409="Another version has been installed since it was looked at.",
    s422="It is broken: there is nothing to approve.",
)


@router.get("", responses=refusals(401, 403))
def list_connectors(org: Operates, services: Uses) -> ListOf[Json]:
    """Installed connectors; those that do not run with the reason."""
    found = [_told(services, org, one, connector_view(one)) for one in services.catalog.all()]
    found += [uninstalled_view(*one) for one in services.catalog.uninstalled(org).items()]
    return page(found, len(found), None)


@router.get("/{key}", responses=READING_ONE)
def read_connector(org: Operates, services: Uses, key: str) -> One[Json]:
    """A connector's manifest, whether it runs, and if not, what stands in its way."""
    return _one(services, org, services.catalog.get(key))


@router.post("/{key}/approve", responses=_APPROVING)
def approve_connector(org: Administers, services: Uses, key: str, source_hash: SourceHash = None) -> One[Json]:
    """Let a connector run as it is: what it declares now is approved, and its version leaves quarantine."""
    connector = services.catalog.get(key)
    if source_hash is not None and source_hash != connector.source_hash:
        raise Refusal(
            409,
            "connector_changed",
            f"the connector {key!r} is another one by now: {connector.version}, {connector.source_hash}",
        )
    return _one(services, org, services.catalog.approve(connector, org))


def _one(services: Services, org: OrgRow, connector: InstalledConnector) -> One[Json]:
    view = _told(services, org, connector, manifest_view(connector))
    return One(id=connector.key, object="connector", data=view)


def _told(services: Services, org: OrgRow, connector: InstalledConnector, view: Json) -> Json:
    """Return a view without what another organisation's run did."""
    quarantine = connector.standing.quarantine
    if quarantine is None or quarantine.run_id is None:
        return view
    with services.store.read() as uow:
        if uow.runs.get(org.id, quarantine.run_id) is not None:
            return view
    told = f"the connector {connector.key!r} {quarantine.version} is in quarantine: a run ended as {quarantine.reason}"
    return {**view, "reason": told, "quarantine": {**view["quarantine"], "run": None, "message": None}}
