"""The services that the API stands on, out of an installation."""

from collections.abc import Callable, Mapping
from typing import Any

from levada_runtime.api.services import Services
from levada_runtime.daemon.installation import Installation
from levada_runtime.pipeline.events import Intake as EventIntake


def api_services(
    installation: Installation,
    readiness: Callable[[], dict[str, Any]],
    flagged: Callable[[], Mapping[str, int]] = dict,
) -> Services:
    """Return what the API stands on; `/readyz` asks for `readiness`, `/metrics` how many streams are `flagged`."""
    return Services(
        store=installation.store,
        orgs=installation.orgs,
        keys=installation.keys,
        audit=installation.audit,
        connections=installation.connections,
        removals=installation.removals,
        catalog=installation.catalog,
        registry=installation.registry,
        library=installation.library,
        quarantine=installation.quarantine,
        replays=installation.replays,
        acceptances=installation.acceptances,
        runs=installation.run_library,
        cassettes=installation.cassettes,
        cancellations=installation.cancellations,
        retries=installation.retries,
        backfills=installation.backfills,
        intake=installation.intake,
        receipts=installation.receipts,
        rest=installation.rest,
        graph=installation.graph,
        held=installation.held,
        events=EventIntake(installation.store, installation.clock),
        pipelines=installation.pipelines,
        deliveries=installation.deliveries,
        plans=installation.plans,
        reverts=installation.reverts,
        why=installation.why,
        streams=installation.stream_library,
        stream_states=installation.stream_states,
        max_body=installation.settings.api.max_body,
        readiness=readiness,
        flagged=flagged,
    )
