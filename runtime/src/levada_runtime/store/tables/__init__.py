"""Every table of the store. Only this floor knows them.

The organisation and the connection lead every primary and unique key of what belongs to one, which is what spreading
them over several databases will need. Times are `Instant`s, ids are the integers of `foundation.ids`.
"""

from levada_runtime.store.tables.access import (
    api_keys,
    audit,
    checkpoints,
    connections,
    connector_approvals,
    connector_quarantines,
    connectors,
    oauth_tokens,
    orgs,
    rate_budgets,
    secrets,
    streams,
)
from levada_runtime.store.tables.documents import documents, idempotency_schemes, pages, quarantine, versions
from levada_runtime.store.tables.events import event_keys, events
from levada_runtime.store.tables.graph import (
    entities,
    entity_claims,
    entity_history,
    graph_held,
    graph_parts,
    graph_priorities,
    graph_sources,
    graph_undo,
    relationship_claims,
    relationship_history,
    relationships,
)
from levada_runtime.store.tables.pipelines import (
    circuits,
    deliveries,
    delivery_attempts,
    org_secrets,
    pipeline_figures,
    pipeline_versions,
    pipelines,
)
from levada_runtime.store.tables.runs import (
    backfills,
    plans,
    run_exchanges,
    run_logs,
    run_recordings,
    runs,
    ticks,
    work,
)
from levada_runtime.store.tables.shape import metadata
from levada_runtime.store.tables.webhooks import idempotent_requests, receipts

__all__ = [
    "api_keys",
    "audit",
    "backfills",
    "checkpoints",
    "circuits",
    "connections",
    "connector_approvals",
    "connector_quarantines",
    "connectors",
    "deliveries",
    "delivery_attempts",
    "documents",
    "entities",
    "entity_claims",
    "entity_history",
    "event_keys",
    "events",
    "graph_held",
    "graph_parts",
    "graph_priorities",
    "graph_sources",
    "graph_undo",
    "idempotency_schemes",
    "idempotent_requests",
    "metadata",
    "oauth_tokens",
    "org_secrets",
    "orgs",
    "pages",
    "pipeline_figures",
    "pipeline_versions",
    "pipelines",
    "plans",
    "quarantine",
    "rate_budgets",
    "receipts",
    "relationship_claims",
    "relationship_history",
    "relationships",
    "run_exchanges",
    "run_logs",
    "run_recordings",
    "runs",
    "secrets",
    "streams",
    "ticks",
    "versions",
    "work",
]
