"""An application over a real store, asked as a server would; every answer is held against its description."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest
from tests.serving import app_over

from levada_runtime.daemon.api import api_services
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.logging import configure_logging

SURPRISES = {405, 500, 503}
"""What any path may answer, whatever it serves."""


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

    def __iter__(self):
        return iter((self.status, self.body, self.headers))


class Caller:
    """Asks an application with one key, and checks that each answer is one that the OpenAPI document tells of."""

    def __init__(self, app, key=None):
        self.app = app
        self.key = key

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, value=None, **more):
        return self.ask("POST", path, value, **more)

    def patch(self, path, value=None, **more):
        return self.ask("PATCH", path, value, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def ask(self, method, path, value=None, *, raw=None, headers=None, key=...):
        body = raw if raw is not None else b"" if value is None else json.dumps(value).encode()
        sent = {"content-type": "application/json"} if value is not None else {}
        token = self.key if key is ... else key
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        sent |= headers or {}
        answer = _asked(self.app, method, path, body, {name: text for name, text in sent.items() if text is not None})
        self._hold(method, path.partition("?")[0], answer)
        return answer

    def _hold(self, method, path, answer):
        document = description_of(self.app)
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", answer.headers["x-request-id"])
        operation = operation_of(document, method, path)
        if operation is None or (answer.status in SURPRISES and str(answer.status) not in operation["responses"]):
            return
        if "default" in operation["responses"] and str(answer.status) not in operation["responses"]:
            return
        assert str(answer.status) in operation["responses"], f"{method} {path} answered {answer.status}: {answer.body}"
        described = operation["responses"][str(answer.status)].get("content", {})
        if "application/json" in described and described["application/json"]["schema"]:
            schema = {**described["application/json"]["schema"], "components": document["components"]}
            jsonschema_rs.validate(schema, answer.body)


_made: list[Any] = []


def description_of(app):
    """Return the OpenAPI document, made once: every application here is of the same routes."""
    if not _made:
        _made.append(app.openapi())
    return _made[0]


def operation_of(document, method, path):
    """Return what the document says of a request; None when nothing is served there."""
    plain = document["paths"].get(path)
    if plain:
        return plain.get(method.lower())
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if "{" in template and re.fullmatch(pattern, path):
            return operations.get(method.lower())
    return None


def _asked(app, method, path, body, headers):
    sent, (place, _, query) = [], path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), text.encode("latin-1")) for name, text in headers.items()],
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("localhost", 1),
        "root_path": "",
    }
    parts = [body[start : start + 60_000] for start in range(0, len(body), 60_000)] or [b""]

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent[1:])
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    is_json = content and names.get("content-type", "").startswith("application/json")
    return Answer(sent[0]["status"], json.loads(content) if is_json else content, names)


@pytest.fixture
def installation(tmp_path, new_database):
    configure_logging()
    with Installation(Settings(data_dir=tmp_path / "data", database_url=new_database())) as installation:
        yield installation


@pytest.fixture
def app(installation):
    return _app(installation)


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A caller of an application that stands for all tests of a module: for those that leave nothing behind."""
    with Installation(Settings(data_dir=tmp_path_factory.mktemp("standing"))) as installation:
        yield Caller(_app(installation), installation.keys.issue(installation.org, "admin", ["admin"])[1])


def _app(installation):
    return app_over(api_services(installation, lambda: {"ready": False, "executor": {"workers": 0}}))


@pytest.fixture
def key(installation):
    return installation.keys.issue(installation.org, "admin", ["admin"])[1]


@pytest.fixture
def api(app, key):
    """The caller with a key that may do everything."""
    return Caller(app, key)


@pytest.fixture
def other_api(app, installation):
    """The same for another organisation."""
    org = installation.orgs.create("other")
    return Caller(app, installation.keys.issue(org, "admin", ["admin"])[1])


@pytest.fixture
def scoped(app, installation):
    """Returns what makes a caller whose key carries only these scopes."""
    return lambda *scopes: Caller(app, installation.keys.issue(installation.org, "scoped", scopes)[1])
