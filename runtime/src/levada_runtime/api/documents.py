"""Reading documents: a list, one, and its versions, for every document type under its plural."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from levada.contracts import Contract
from levada_runtime.api.auth import org_with, services_of
from levada_runtime.api.envelopes import REFUSALS, ListOf, One, Pagination
from levada_runtime.api.services import Services
from levada_runtime.contracts.registry import Registry
from levada_runtime.store.model import OrgRow

Json = dict[str, Any]
Reads = Annotated[OrgRow, Depends(org_with("documents:read"))]
Uses = Annotated[Services, Depends(services_of)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Retired = Annotated[bool, Query(description="Those that are gone at the source, too.")]
Cursor = Annotated[str | None, Query(description="`pagination.cursor` of the page before.")]


def document_routes(registry: Registry) -> APIRouter:
    """Return the routes of every document type that is known."""
    router = APIRouter(prefix="/v1", tags=["documents"], responses=REFUSALS)
    for contract in registry:
        _add(router, contract)
    return router


def _add(router: APIRouter, contract: type[Contract]) -> None:
    kind, plural = contract.document_type, contract.plural

    def listed(
        org: Reads,
        services: Uses,
        limit: Limit = 50,
        cursor: Cursor = None,
        connection: str | None = None,
        idempotency_key: str | None = None,
        source_id: str | None = None,
        retired: Retired = False,
    ) -> ListOf[Json]:
        found = services.library.documents(
            org,
            document_type=kind,
            connection=connection,
            idempotency_key=idempotency_key,
            source_id=source_id,
            retired=retired,
            limit=limit,
            cursor=cursor,
        )
        return page(found.items, limit, found.cursor)

    def one(org: Reads, services: Uses, document_id: str) -> One[Json]:
        return One(id=document_id, object=kind, data=services.library.document(org, document_id, kind))

    def versions(org: Reads, services: Uses, document_id: str) -> ListOf[Json]:
        found = services.library.versions(org, document_id, kind)
        return page(found, len(found), None)

    label = kind.replace("_", " ")
    name = plural.replace("-", "_")
    router.get(f"/{plural}", summary=f"List {label} documents", name=f"list_{name}")(listed)
    router.get(f"/{plural}/{{document_id}}", summary=f"Read one {label} document", name=f"read_{name}")(one)
    router.get(
        f"/{plural}/{{document_id}}/versions", summary=f"Versions of one {label} document", name=f"versions_{name}"
    )(versions)


def page(items: list[Json], limit: int, cursor: str | None) -> ListOf[Json]:
    """Return one page of a list in its envelope."""
    return ListOf(data=items, pagination=Pagination(limit=limit, cursor=cursor, has_more=cursor is not None))
