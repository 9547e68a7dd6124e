"""Bearer keys: each belongs to one organisation, and sees nothing of another."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from levada_runtime.access.model import Principal
from levada_runtime.api.envelopes import Refusal
from levada_runtime.api.services import Services
from levada_runtime.foundation.acting import act_as
from levada_runtime.store.model import OrgRow

_bearer = HTTPBearer(auto_error=False, description="A key of an organisation: `runtime keys create`.")


def services_of(request: Request) -> Services:
    """Return what the API stands on."""
    services: Services = request.app.state.services
    return services


Uses = Annotated[Services, Depends(services_of)]


def principal_of(
    services: Uses, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Return who is calling.

    Raises Refusal 401.
    """
    principal = services.keys.verify(credentials.credentials) if credentials else None
    if principal is None:
        raise Refusal(
            401,
            "unauthorized",
            "this needs a key: Authorization: Bearer … (`runtime keys create` makes one)",
            {"WWW-Authenticate": "Bearer"},
        )
    return principal


async def caller_of(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
    """Return who is calling, and let whatever is done for this request be done in their name.

    It is a coroutine so that what it says is said to the request, and not to a thread that ends with it.
    """
    act_as(f"key:{principal.key_id}")
    return principal


def org_with(scope: str) -> Callable[..., OrgRow]:
    """Return a dependency that gives the caller's organisation if its key carries `scope`."""

    def org_of(services: Uses, principal: Annotated[Principal, Depends(caller_of)]) -> OrgRow:
        if not principal.may(scope):
            raise Refusal(403, "forbidden", f"the key lacks the scope {scope}")
        return services.orgs.of(principal.org_id)

    return org_of
