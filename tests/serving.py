"""An application over the services of a test, and the very server that the daemon runs for it, on the loopback."""

import copy
import threading
from contextlib import contextmanager

import uvicorn
from starlette.datastructures import State

from levada_runtime.api.app import make_app
from levada_runtime.api.wire import BoundedHttp

_built = {}


def app_over(services):
    """Return the application over these services; its routes are built once a session, which takes most of a second."""
    contracts = tuple(services.registry)
    if contracts not in _built:
        _built[contracts] = make_app(services)
    app = copy.copy(_built[contracts])
    app.state = State({"services": services})
    app.middleware_stack = None
    return app


@contextmanager
def serving(app):
    """Serve an application, and tell its port."""
    config = uvicorn.Config(app, port=0, http=BoundedHttp, log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
