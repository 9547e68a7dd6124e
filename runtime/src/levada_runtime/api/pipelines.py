"""Pipelines: deployed, listed, paused and resumed."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from levada_runtime.api.auth import Uses, services_of
from levada_runtime.api.bodies import read_body, read_json
from levada_runtime.api.envelopes import BODY, READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.api.openapi import takes
from levada_runtime.api.operations import Operates
from levada_runtime.api.services import Services
from levada_runtime.api.wrongs import worded

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")

router = APIRouter(prefix="/v1/pipelines", tags=["pipelines"])
_DEPLOYING = refusals(*BODY, s422="It cannot be taken; `details.problems` says all that is wrong, and where.")
_STATE = refusals(401, 403, 404, s422="A draft cannot be paused.")


class PipelineBody(BaseModel):
    """A pipeline's text, and whether it is to run."""

    model_config = ConfigDict(strict=True, extra="forbid")

    definition: str = Field(description="The YAML.")
    draft: bool = Field(default=False, description="Keep it without letting it run.")


async def _definition(request: Request, services: Annotated[Services, Depends(services_of)]) -> bytes:
    return await read_body(request, services.max_body, "JSON or YAML", ("application/json", *YAML_TYPES))


Definition = Annotated[bytes, Depends(_definition)]


@router.get("", responses=refusals(401, 403))
def list_pipelines(org: Operates, services: Uses) -> ListOf[Json]:
    """The organisation's pipelines, with their figures."""
    found = services.pipelines.of(org)
    return page(found, len(found), None)


@router.post(
    "",
    status_code=201,
    response_model=One[Json],
    responses={200: {"model": One[Json], "description": "The pipeline was there already."}, **_DEPLOYING},
    openapi_extra=takes(PipelineBody, media={"application/yaml": {"type": "string"}}),
)
def deploy_pipeline(org: Operates, services: Uses, request: Request, raw: Definition) -> Response:
    """Deploy a pipeline: a text that differs from the last is its next version."""
    body = _read(request, raw)
    deployed = services.pipelines.deploy(org, body.definition, draft=body.draft)
    answer = One[Json](id=deployed["name"], object="pipeline", data=deployed)
    created = deployed["changed"] and deployed["version"] == 1
    return JSONResponse(answer.model_dump(mode="json"), 201 if created else 200)


@router.get("/{name}", responses=READING_ONE)
def read_pipeline(org: Operates, services: Uses, name: str) -> One[Json]:
    """A pipeline with its text and its versions."""
    return _one(services.pipelines.get(org, name))


@router.post("/{name}/pause", responses=_STATE)
def pause_pipeline(org: Operates, services: Uses, name: str) -> One[Json]:
    """Let a pipeline rest: events that come meanwhile pass it by, and what it has to deliver is delivered."""
    return _one(services.pipelines.pause(org, name))


@router.post("/{name}/resume", responses=READING_ONE)
def resume_pipeline(org: Operates, services: Uses, name: str) -> One[Json]:
    """Let a pipeline run again."""
    return _one(services.pipelines.resume(org, name))


def _one(pipeline: dict[str, Any]) -> One[Json]:
    return One(id=pipeline["name"], object="pipeline", data=pipeline)


def _read(request: Request, raw: bytes) -> PipelineBody:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in YAML_TYPES:
        try:
            return PipelineBody.model_validate(read_json(raw))
        except ValidationError as error:
            raise Refusal(422, "validation_error", worded(error, PipelineBody)) from None
    try:
        return PipelineBody(definition=raw.decode())
    except UnicodeDecodeError as error:
        raise Refusal(400, "invalid_yaml", f"the body is not UTF-8 at byte {error.start + 1}") from None
