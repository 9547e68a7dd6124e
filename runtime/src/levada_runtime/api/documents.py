"""Documents of every type under its plural: a list, one, as they are or were, its versions, and writing one."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from levada.contracts import Contract
from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.bodies import Body, read_json
from levada_runtime.api.dialects import DOCUMENTS, Problem
from levada_runtime.api.envelopes import BODY, READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.contracts.registry import Registry
from levada_runtime.contracts.validation import Invalid
from levada_runtime.ingest.model import Outcome
from levada_runtime.ingest.once import Answered, KeyClashFailure
from levada_runtime.ingest.rest import Post, Written
from levada_runtime.plans.model import difference
from levada_runtime.store.model import OrgRow


def without_nul(text: str | None) -> str | None:
    """Refuse a word that no store could hold."""
    if text is not None and "\x00" in text:
        raise ValueError("holds U+0000")
    return text


def in_utc(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC, where there is one."""
    try:
        return None if moment is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies before the year 1 or after 9999 in UTC") from None


Reads = Annotated[OrgRow, Depends(org_with("documents:read"))]
Writes = Annotated[OrgRow, Depends(org_with("documents:write"))]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Retired = Annotated[bool, Query(description="Those that are gone at the source, too.")]
AsOf = Annotated[
    AwareDatetime | None, Query(description="As it was at this time, told with its zone."), AfterValidator(in_utc)
]
UpdatedSince = Annotated[
    AwareDatetime | None,
    Query(description="Only what changed since this time, told with its zone."),
    AfterValidator(in_utc),
]
Version = Annotated[int | None, Query(ge=0, description="A version's number; 0 is before the first.")]
Text = Annotated[str | None, Query(), AfterValidator(without_nul)]
Cursor = Annotated[
    str | None, Query(description="`pagination.cursor` of the page before."), AfterValidator(without_nul)
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Of your choice, 1 to 255 visible ASCII characters: the same request under it is answered once.",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    ),
]

_LISTING = refusals(401, 403, 422, s404="There is no such connection.")
_READING_THEN = refusals(401, 403, 404, 422)
_WRITING = refusals(
    *BODY,
    s409="The Idempotency-Key stands for another request, or for one that is still being answered.",
    s422="The document does not fit its contract; `details` says where and why.",
)


def document_routes(registry: Registry) -> APIRouter:
    """Return the routes of every document type that is known."""
    router = APIRouter(prefix="/v1", tags=["documents"])
    for contract in registry:
        _add_list(router, contract)
        _add_reading(router, contract)
        _add_writing(router, contract)
    return router


def _add_list(router: APIRouter, contract: type[Contract]) -> None:
    def listed(
        org: Reads,
        services: Uses,
        limit: Limit = 50,
        cursor: Cursor = None,
        connection: Text = None,
        idempotency_key: Text = None,
        source_id: Text = None,
        retired: Retired = False,
        updated_since: UpdatedSince = None,
        as_of: AsOf = None,
    ) -> ListOf[Json]:
        found = services.library.documents(
            org,
            document_type=contract.document_type,
            connection=connection,
            idempotency_key=idempotency_key,
            source_id=source_id,
            retired=retired,
            updated_since=updated_since,
            as_of=as_of,
            limit=limit,
            cursor=cursor,
        )
        return page(found.items, limit, found.cursor)

    label, name = _named(contract)
    router.get(f"/{contract.plural}", summary=f"List {label} documents", name=f"list_{name}", responses=_LISTING)(
        listed
    )


def _add_reading(router: APIRouter, contract: type[Contract]) -> None:
    kind = contract.document_type

    def one(org: Reads, services: Uses, document_id: str, as_of: AsOf = None) -> One[Json]:
        return One(id=document_id, object=kind, data=services.library.document(org, document_id, kind, as_of=as_of))

    def versions(org: Reads, services: Uses, document_id: str) -> ListOf[Json]:
        found = services.library.versions(org, document_id, kind)
        return page(found, len(found), None)

    def diff(org: Reads, services: Uses, document_id: str, before: Version = None, after: Version = None) -> One[Json]:
        found = services.library.versions(org, document_id, kind)
        return One(id=document_id, object="diff", data=difference(found, before, after))

    label, name = _named(contract)
    single = f"/{contract.plural}/{{document_id}}"
    router.get(single, summary=f"Read one {label} document", name=f"read_{name}", responses=_READING_THEN)(one)
    router.get(
        f"{single}/versions",
        summary=f"Versions of one {label} document",
        name=f"versions_{name}",
        responses=READING_ONE,
    )(versions)
    router.get(
        f"{single}/diff",
        summary=f"What differs between two versions of one {label} document",
        name=f"diff_{name}",
        responses=_READING_THEN,
    )(diff)


def _add_writing(router: APIRouter, contract: type[Contract]) -> None:
    def write(
        org: Writes, services: Uses, request: Request, payload: Body, idempotency_key: IdempotencyKey = None
    ) -> Response:
        post = Post(
            payload=payload,
            value=read_json(payload),
            request_id=request.state.request_id,
            path=request.url.path,
            idempotency_key=_readable(idempotency_key),
        )
        try:
            answered = services.rest.create(org, contract, post, lambda result: _worded(contract, result, post))
        except KeyClashFailure as clash:
            raise Refusal(409, clash.code, f"{clash.message}: {clash.hint}") from None
        headers = {"Idempotent-Replayed": "true"} if answered.replayed else None
        return Response(answered.body, answered.status, headers, "application/json")

    label, name = _named(contract)
    router.post(
        f"/{contract.plural}",
        summary=f"Create or update a {label} document",
        description=f"Create a {label} document, or its next version where one has its `{contract.identity_field}` "
        "already; the same content again changes nothing.",
        name=f"write_{name}",
        status_code=201,
        response_model=One[Json],
        responses={200: {"model": One[Json], "description": "Updated, or unchanged."}, **_WRITING},
        openapi_extra=takes(contract),
    )(write)


def _worded(contract: type[Contract], result: Written | Invalid, post: Post) -> Answered:
    if isinstance(result, Invalid):
        too_large = result.reason == "payload_too_large"
        status, code = (413, "payload_too_large") if too_large else (422, "validation_error")
        details = [{"path": one.path, "code": one.code, "message": one.message} for one in result.errors] or None
        problem = Problem(status, code, result.message, post.request_id, details)
        return Answered(status, DOCUMENTS.model.model_validate(DOCUMENTS.worded(problem)).model_dump_json())
    status = 201 if result.outcome is Outcome.CREATED else 200
    document = result.document
    return Answered(
        status, One[Json](id=document["id"], object=contract.document_type, data=document).model_dump_json()
    )


def _readable(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= 255 and all("!" <= letter <= "~" for letter in key)):
        raise Refusal(400, "invalid_idempotency_key", "an Idempotency-Key is 1 to 255 visible ASCII characters")
    return key


def _named(contract: type[Contract]) -> tuple[str, Any]:
    return contract.document_type.replace("_", " "), contract.plural.replace("-", "_")
