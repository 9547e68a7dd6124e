"""The HTTP application."""

from fastapi import FastAPI

from levada_runtime import __version__
from levada_runtime.api import machine, operations
from levada_runtime.api.documents import document_routes
from levada_runtime.api.envelopes import RequestIds, install_errors
from levada_runtime.api.services import Services


def make_app(services: Services) -> FastAPI:
    """Return the application over these services."""
    app = FastAPI(
        title="Levada",
        version=__version__,
        description="Documents, runs, connections and connectors of a Levada runtime.",
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = services
    app.add_middleware(RequestIds)
    install_errors(app)
    app.include_router(machine.router)
    app.include_router(document_routes(services.registry))
    app.include_router(operations.router)
    return app
