"""A connector that asks what it is told to ask, as a distribution in a folder on the path."""

from pathlib import Path

CONNECTOR = '''
"""A connector that asks what it is told to ask."""

from levada import Connector, LevadaError, bearer, from_setting, secret, text, unverified, url

connector = Connector(
    "explorer",
    hosts=[from_setting("api_base")],
    auth=bearer("key"),
    settings=[url("api_base"), text("ask", default="/"), secret("key", expose=True)],
)


@connector.poll("asks", every="0 0 1 1 *")
def asks(http, settings, log):
    """Asks one thing after another, and says what came of it."""
    for place in settings["ask"].split():
        try:
            answer = http.get(place)
        except LevadaError as error:
            log.error(f"{place}: {error.code}")
        else:
            log.info(f"{place}: {answer.status}")


@connector.poll("rows", every="0 0 1 1 *", emits=("customer",))
def rows(http, ingest, checkpoint, secrets, now, log):
    """Customers page by page; its requests hold the moment, and its secret where no secret belongs."""
    params = {"since": checkpoint.get("since"), "until": now}
    for page in http.pages("/rows", params=params, headers={"X-Trace": secrets["key"]}):
        ingest.batch("customer", page, idempotency_key=lambda row: row["customer_id"], continue_on_error=True)
        checkpoint.save(since=page[-1]["customer_id"])
    log.info("done with " + secrets["key"], key=secrets["key"])
    http.post("/done", json={"key": secrets["key"]}).raise_for_status()


@connector.poll("broken", every="0 0 1 1 *")
def broken(http):
    """Trips over what the source says."""
    http.get("/rows").json["no such key"]


@connector.webhook("told", verify=unverified(reason="A test of it."), emits=("customer",))
def told(request, http, ingest):
    """Fetches what it is told of."""
    row = http.get(f"/rows/{request.json['id']}").json
    ingest.batch("customer", [row], idempotency_key=lambda row: row["customer_id"])
'''


def install(folder: Path) -> Path:
    """Install the connector in a folder that is to be put on the path, and return that folder."""
    (folder / "levada_explorer").mkdir(parents=True)
    (folder / "levada_explorer" / "__init__.py").write_text(CONNECTOR)
    info = folder / "levada_explorer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: levada-explorer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\nexplorer = levada_explorer:connector\n")
    return folder
