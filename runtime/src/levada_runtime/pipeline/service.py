"""Pipelines as an operator handles them: deployed, listed, paused and resumed."""

from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.pipeline.definition import Definition
from levada_runtime.pipeline.loader import load
from levada_runtime.pipeline.views import pipeline_view
from levada_runtime.store.model import OrgRow
from levada_runtime.store.pipelines_model import FiguresRow, PipelineRow, PipelineVersionRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

STATES = ("draft", "active", "paused")


class Pipelines:
    """Keeps pipelines and their versions, and tells what became of them."""

    def __init__(self, store: Store, clock: Clock, secrets: OrgSecrets) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets

    def deploy(self, org: OrgRow, text: str, file: str = "pipeline", *, draft: bool = False) -> dict[str, Any]:
        """Make a text the pipeline's newest version, and let it run unless it is a draft.

        The same text makes no new version. A pipeline that is paused stays so; one that is a draft leaves that state
        unless it is deployed as a draft again. Returns its view with `changed` and `warnings`; a secret that is not
        there yet is only warned of, since it can be set at any time before something is delivered. Raises
        PipelineRefused with everything that is wrong with the text, and UsageFailure for a draft of what is running.
        """
        definition = load(text, file)
        with self._store.write() as uow:
            uow.lock("pipelines", org.id)
            before = uow.pipelines.get(org.id, definition.name)
            if draft and before is not None and before.state != "draft":
                raise _not_a_draft(before)
            changed = self._keep(uow, org, definition, text, before, draft=draft)
            told = {"draft": draft, "changed": changed}
            note(uow, org.id, self._clock.now(), "pipeline.deploy", definition.name, **told)
        return {**self.get(org, definition.name), "changed": changed, "warnings": self._warnings(org, definition)}

    def of(self, org: OrgRow) -> list[dict[str, Any]]:
        """Return an organisation's pipelines with their figures, by their names."""
        with self._store.read() as uow:
            figures = uow.pipelines.figures(org.id)
            return [pipeline_view(row, figures[row.name]) for row in uow.pipelines.of(org.id)]

    def get(self, org: OrgRow, name: str) -> dict[str, Any]:
        """Return a pipeline with its text, its versions, and why it failed if it did.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _found(uow, org, name)
            figures = uow.pipelines.figures(org.id).get(name, FiguresRow(org.id, name))
            versions = uow.pipelines.versions(org.id, name)
        return {
            **pipeline_view(row, figures),
            "definition": versions[0].definition,
            "versions": [{"version": one.version, "deployed_at": one.deployed_at.isoformat()} for one in versions],
            "failures": figures.failures,
        }

    def pause(self, org: OrgRow, name: str) -> dict[str, Any]:
        """Let a pipeline rest: events that come meanwhile pass it by, and what it has to deliver is delivered.

        Raises NotFoundFailure, and UsageFailure for a draft, which does not run anyway.
        """
        return self._set_state(org, name, "paused")

    def resume(self, org: OrgRow, name: str) -> dict[str, Any]:
        """Let a pipeline run, be it paused or a draft.

        Raises NotFoundFailure.
        """
        return self._set_state(org, name, "active")

    def _keep(
        self,
        uow: UnitOfWork,
        org: OrgRow,
        definition: Definition,
        text: str,
        before: PipelineRow | None,
        *,
        draft: bool,
    ) -> bool:
        now = self._clock.now()
        wanted = "draft" if draft else "active"
        if before is None:
            uow.pipelines.add(PipelineRow(org.id, definition.name, wanted, 1, now, now))
            uow.pipelines.add_version(PipelineVersionRow(org.id, definition.name, 1, text, now))
            return True
        last = uow.pipelines.version(org.id, before.name, before.version)
        changed = last is None or last.definition != text
        state = wanted if before.state == "draft" else before.state
        if changed:
            version = before.version + 1
            uow.pipelines.add_version(PipelineVersionRow(org.id, before.name, version, text, now))
            uow.pipelines.change(before, now, version=version, state=state)
        elif state != before.state:
            uow.pipelines.change(before, now, state=state)
        return changed

    def _warnings(self, org: OrgRow, definition: Definition) -> list[str]:
        return [
            f"there is no secret {name!r} yet: deliveries wait for it; `runtime secrets set {name}` sets it"
            for name in self._secrets.missing(org.id, definition.secrets())
        ]

    def _set_state(self, org: OrgRow, name: str, state: str) -> dict[str, Any]:
        with self._store.write() as uow:
            uow.lock("pipelines", org.id)
            row = _found(uow, org, name)
            if state == "paused" and row.state == "draft":
                raise UsageFailure(
                    f"the pipeline {name!r} is a draft, which does not run",
                    code="pipeline_state",
                    hint=f"`runtime pipelines resume {name}` lets it run",
                )
            now = self._clock.now()
            uow.pipelines.change(row, now, state=state)
            note(uow, org.id, now, "pipeline.state", name, state=state, before=row.state)
        return self.get(org, name)


def _found(uow: UnitOfWork, org: OrgRow, name: str) -> PipelineRow:
    row = uow.pipelines.get(org.id, name)
    if row is None:
        raise NotFoundFailure(f"there is no pipeline {name!r}", hint="`runtime pipelines list` shows them")
    return row


def _not_a_draft(row: PipelineRow) -> UsageFailure:
    return UsageFailure(
        f"the pipeline {row.name!r} is {row.state}, so its next version cannot be a draft",
        code="pipeline_state",
        hint="`runtime pipelines test` tries a text without deploying it; or deploy the draft under another name",
    )
