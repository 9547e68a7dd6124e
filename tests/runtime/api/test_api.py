"""The HTTP surface as a whole: what is documented is true, and every surface words its own errors."""

import pytest
from fastapi.routing import iter_route_contexts

pytestmark = pytest.mark.databases("sqlite")
READS = (
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


@pytest.mark.parametrize("path", READS)
def test_without_a_key_nothing_is_told(standing, path):
    """401 in the documents envelope, with the way to authenticate."""
    for given in (None, "nonsense", "lvd_1_2_3"):
        status, body, headers = standing.get(path, key=given)
        assert status == 401
        assert headers["www-authenticate"] == "Bearer"
        assert set(body) == {"status", "code", "message", "request_id", "details"}
        assert (body["status"], body["code"]) == ("error", "unauthorized")
        assert body["request_id"] == headers["x-request-id"]


def test_a_key_without_the_scope_is_forbidden(scoped):
    """A reader of documents does not see runs, and writes nothing."""
    reader = scoped("documents:read")
    assert reader.get("/v1/customers").status == 200
    status, body, _ = reader.get("/v1/runs")
    assert (status, body["code"]) == (403, "forbidden")
    assert "operate" in body["message"]
    assert reader.post("/v1/customers", {"customer_id": "c", "name": "C"}).status == 403


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
        ("/v1/customers/", 404, "not_found"),
        ("/v1/customers/a\x00b", 404, "not_found"),
        ("/v1/customers?limit=0", 422, "validation_error"),
        ("/v1/customers?limit=many", 422, "validation_error"),
        ("/v1/customers?source_id=a%00b", 422, "validation_error"),
        ("/v1/customers?cursor=x", 422, "invalid_cursor"),
    ],
)
def test_errors_of_documents_and_operations_are_in_their_envelope(standing, path, status, code):
    """Unknown paths, unknown things and values that cannot be meant alike."""
    found, body, headers = standing.get(path)
    assert (found, body["code"]) == (status, code)
    assert body["status"] == "error"
    assert body["message"]
    assert headers["x-request-id"] == body["request_id"]


def test_a_method_that_is_not_served_is_refused_in_the_envelope(standing):
    """405 with the methods that are, and not a page of another shape."""
    status, body, headers = standing.delete("/v1/customers")
    assert (status, body["code"]) == (405, "method_not_allowed")
    assert headers["allow"] == "GET, POST"


def test_a_path_that_is_a_word_is_not_taken_for_an_id(standing):
    """Its methods are its own, and not those of the route that it would fit, too."""
    for word, methods in (("discard", "POST"), ("any-other", "GET")):
        status, _, headers = standing.delete(f"/v1/quarantine/{word}")
        assert (status, headers["allow"]) == (405, methods)


def test_a_surprise_is_answered_in_the_surfaces_own_envelope_and_tells_nothing(api, installation, capsys):
    """500 with the request's id, by which the log says more; no trace of the error itself."""

    def fail(*_args, **_more):
        raise ValueError("the secret of the house")

    installation.library.documents = fail
    status, body, headers = api.ask("GET", "/v1/customers", headers={"x-request-id": "mine-1"})
    assert (status, body["code"], body["request_id"]) == (500, "internal_error", "mine-1")
    assert headers["x-request-id"] == "mine-1"
    assert "secret" not in str(body)
    assert "secret of the house" in "".join(capsys.readouterr())


def test_every_route_is_in_the_openapi_document(app):
    """Plain routes, too; each method of each path."""
    paths = app.openapi()["paths"]
    served = {
        (context.path_format if hasattr(context, "path_format") else context.path, method.lower())
        for context in iter_route_contexts(app.routes)
        for method in context.methods
        if method != "HEAD"
    }
    assert served == {(path, method) for path, methods in paths.items() for method in methods}
    assert {("/healthz", "get"), ("/openapi.json", "get"), ("/v1/customers", "post")} <= served


def test_what_the_document_says_of_a_route_is_complete(app):
    """Whoever needs a key may lack it, whoever reads a body may refuse it, and no name stands for two operations."""
    document = app.openapi()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            answers = set(operation["responses"])
            if operation.get("security"):
                assert {"401", "403"} <= answers, path
            if "requestBody" in operation and not path.startswith("/hooks/"):
                assert {"400", "413", "415"} <= answers, path
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    text = str(document)
    assert "HTTPValidationError" not in text
    assert "$defs" not in text


def test_machines_are_answered_without_a_key(standing):
    """Alive, ready or not, and figures."""
    assert standing.get("/healthz", key=None).body == {"status": "ok"}
    assert standing.get("/readyz", key=None).status == 503
    assert b"levada_work_oldest_queued_seconds" in standing.get("/metrics", key=None).body
    assert standing.get("/openapi.json", key=None).body["info"]["title"] == "Levada"
    assert b"swagger" in standing.get("/docs", key=None).body


@pytest.mark.parametrize("given", ["a b", "", "x" * 65, "<b>", "é"])
def test_a_callers_own_request_id_is_kept_only_if_it_is_fit_to_print(standing, given):
    """Nothing odd is reflected."""
    assert standing.get("/healthz", headers={"x-request-id": "an-id_1"}).headers["x-request-id"] == "an-id_1"
    assert standing.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"].startswith("req_")
