"""An application behind the very server that the daemon runs, on the loopback."""

import threading
from contextlib import contextmanager

import uvicorn

from levada_runtime.api.wire import BoundedHttp


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
