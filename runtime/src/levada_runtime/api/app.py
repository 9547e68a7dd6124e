"""The HTTP application."""

from levada_runtime import __version__
from levada_runtime.api import (
    audit,
    backfills,
    connections,
    connectors,
    deliveries,
    entities,
    events,
    graph,
    graph_assertions,
    graph_held,
    graph_ingest,
    hooks,
    keys,
    machine,
    operations,
    pipelines,
    quarantine,
    receipts,
    streams,
)
from levada_runtime.api.documents import document_routes
from levada_runtime.api.failures import Answering, install_errors
from levada_runtime.api.openapi import Api
from levada_runtime.api.services import Services


def make_app(services: Services) -> Api:
    """Return the application over these services."""
    app = Api(
        title="Levada",
        version=__version__,
        description="Documents, entities, events, pipelines, runs, connections and connectors of a Levada runtime.",
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.services = services
    app.add_middleware(Answering)
    install_errors(app)
    app.router.routes.append(hooks.straight_route())  # looked at first: nothing is asked more often
    app.include_router(hooks.router)
    app.include_router(machine.router)
    app.include_router(document_routes(services.registry))
    operating = (connectors, connections, streams, operations, backfills, quarantine, receipts, pipelines, deliveries)
    for surface in (entities, graph, graph_assertions, graph_held, graph_ingest, events, *operating, keys, audit):
        app.include_router(surface.router)
    return app
