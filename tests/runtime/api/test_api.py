"""The HTTP surface: what is documented is true, and every error is in the documents envelope."""

import asyncio
import json

import pytest

from levada_runtime.api.app import make_app
from levada_runtime.daemon.api import api_services
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings


@pytest.fixture
def installation(tmp_path):
    with Installation(Settings(data_dir=tmp_path)) as installation:
        yield installation


@pytest.fixture
def app(installation):
    return make_app(api_services(installation, lambda: {"ready": False, "executor": {"workers": 0}}))


@pytest.fixture
def key(installation):
    return installation.keys.issue(installation.org, "admin", ["admin"])[1]


def ask(app, path, key=None, method="GET"):
    """Ask the application itself, as a server would."""
    sent, (place, _, query) = [], path.partition("?")
    headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("localhost", 1),
        "root_path": "",
    }

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], json.loads(body) if body and names["content-type"].endswith("json") else body, names


PATHS = (
    "/v1/customers",
    "/v1/bank-transactions",
    "/v1/runs",
    "/v1/connections",
    "/v1/connectors",
    "/v1/quarantine",
    "/v1/customers/doc_x",
    "/v1/runs/x",
    "/v1/plans/x",
)


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_nothing_is_told(app, path):
    """401 in the documents envelope, with the way to authenticate."""
    for given in (None, "nonsense", "lvd_1_2_3"):
        status, body, headers = ask(app, path, given)
        assert status == 401
        assert headers["www-authenticate"] == "Bearer"
        assert set(body) == {"status", "code", "message", "request_id", "details"}
        assert (body["status"], body["code"]) == ("error", "unauthorized")
        assert body["request_id"] == headers["x-request-id"]


def test_a_key_without_the_scope_is_forbidden(app, installation):
    """A reader of documents does not see runs."""
    reader = installation.keys.issue(installation.org, "reader", ["documents:read"])[1]
    assert ask(app, "/v1/customers", reader)[0] == 200
    status, body, _ = ask(app, "/v1/runs", reader)
    assert (status, body["code"]) == (403, "forbidden")
    assert "operate" in body["message"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/customers/doc_x", 404, "not_found"),
        ("/v1/runs/x", 404, "not_found"),
        ("/v1/runs/x/logs", 404, "not_found"),
        ("/v1/plans/x", 404, "not_found"),
        ("/v1/quarantine/x", 404, "not_found"),
        ("/v1/connections/x", 404, "unknown_connection"),
        ("/v1/customers?connection=x", 404, "unknown_connection"),
        ("/v1/nothing", 404, "not_found"),
        ("/nowhere", 404, "not_found"),
        ("/v1/customers?limit=0", 422, "validation_error"),
        ("/v1/customers?limit=many", 422, "validation_error"),
        ("/v1/customers?cursor=x", 422, "invalid_cursor"),
    ],
)
def test_every_error_is_in_the_documents_envelope(app, key, path, status, code):
    """Unknown paths, unknown things and values that cannot be meant alike."""
    found, body, headers = ask(app, path, key)
    assert (found, body["code"]) == (status, code)
    assert body["status"] == "error"
    assert body["message"]
    assert headers["x-request-id"] == body["request_id"]


def test_a_method_that_is_not_served_is_refused_in_the_envelope(app, key):
    """405, and not a page of another shape."""
    status, body, _ = ask(app, "/v1/customers", key, method="DELETE")
    assert (status, body["code"]) == (405, "method_not_allowed")


def test_every_route_is_in_the_openapi_document_and_every_status_is_documented(app):
    """No stray automatic answer: what a route may say is written down with its shape."""
    document = app.openapi()
    served = {route.path for route in app.routes if hasattr(route, "endpoint")} - {
        "/openapi.json",
        "/docs",
        "/docs/oauth2-redirect",
        "/redoc",
    }
    assert set(document["paths"]) >= served or served == set()
    assert {"/healthz", "/readyz", "/metrics", "/v1/customers/{document_id}", "/v1/runs"} <= set(document["paths"])
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/"):
                assert {"200", "401", "403", "404", "422"} <= set(operation["responses"]), path
    assert "HTTPValidationError" not in document["components"]["schemas"]
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_machines_are_answered_without_a_key(app):
    """Alive, ready or not, and figures."""
    assert ask(app, "/healthz")[:2] == (200, {"status": "ok"})
    assert ask(app, "/readyz")[0] == 503
    assert b"levada_work_oldest_queued_seconds" in ask(app, "/metrics")[1]


def test_a_callers_own_request_id_is_kept_only_if_it_is_fit_to_print(app):
    """Nothing odd is reflected."""
    assert ask(app, "/healthz")[2]["x-request-id"].startswith("req_")
