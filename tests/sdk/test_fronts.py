"""What a route is given beside http: ingest, checkpoint, log, secrets and a delivery."""

from datetime import UTC, datetime

import pytest

from levada import BadRecord, NotJson, Request, SecretNotExposed, UnknownDocumentType, UnknownStream
from levada._checkpoint import RouteCheckpoint
from levada._ingest import BatchResult, RouteIngest
from levada._run import RouteLog
from levada._secrets import RouteSecrets

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Port:
    """Remembers the drafts it is handed."""

    def __init__(self):
        self.calls = []

    def emit(self, stream, document_type, drafts, *, continue_on_error):
        taken = list(drafts)
        self.calls.append((stream, document_type, taken, continue_on_error))
        return BatchResult("ingested", document_type, len(taken), len(taken), 0, (), ())

    def retire(self, stream, document_type, *, idempotency_key, source_time):
        self.calls.append((stream, document_type, idempotency_key, source_time))


@pytest.fixture
def port():
    return Port()


@pytest.fixture
def ingest(port):
    return RouteIngest(
        port, stream="events", streams=frozenset({"events", "customers"}), emits=frozenset({"customer", "payment"})
    )


def drafts(port, call=-1):
    return port.calls[call][2]


def test_keys_ids_and_times_are_values_or_callables(ingest, port):
    """Of the payload, or of the payload and its place."""
    payloads = [{"id": "a"}, {"id": "b"}]
    ingest.batch(
        "customer",
        payloads,
        idempotency_key=lambda p: f"k:{p['id']}",
        source_id=lambda p, at: f"{p['id']}{at}",
        source_time=lambda p: NOON,
    )
    assert [(one.idempotency_key, one.source_id, one.source_time) for one in drafts(port)] == [
        ("k:a", "a0", NOON),
        ("k:b", "b1", NOON),
    ]
    assert not any(one.source_id_fixed for one in drafts(port))
    ingest.batch("customer", payloads[:1], idempotency_key="k", source_id="delivery-1", source_time=NOON)
    (one,) = drafts(port)
    assert (one.payload, one.idempotency_key, one.source_id_fixed) == (b'{"id":"a"}', "k", True)


def test_a_callable_with_a_default_takes_the_payload_alone(ingest, port):
    """Binding a loop's variable by a default is natural Python."""
    ingest.batch("customer", [{"id": "a"}], idempotency_key=lambda p, prefix="acme": f"{prefix}:{p['id']}")
    assert drafts(port)[0].idempotency_key == "acme:a"


@pytest.mark.parametrize("key", [lambda p: p["missing"], lambda p: "", lambda p: None, "", None])
def test_a_key_that_is_missing_fails_its_record_alone(ingest, port, key):
    """Neither an exception nor an empty value fails the batch."""
    ingest.batch("customer", [{"id": "a"}, {"id": "b", "missing": "k"}], idempotency_key=key)
    assert drafts(port)[0].failure.reason == "idempotency_key_missing"
    assert drafts(port)[0].payload == b'{"id":"a"}'


def test_what_is_not_json_becomes_a_draft_without_bytes(ingest, port):
    """Its key is told all the same, so that it is found again."""
    ingest.batch("customer", [{"id": float("nan")}, {"id": "b"}], idempotency_key=lambda p: f"k:{p['id']}")
    broken, whole = drafts(port)
    assert (broken.payload, broken.failure.reason, broken.failure.path) == (None, "not_json", "id")
    assert broken.idempotency_key == "k:nan"
    assert whole.failure is None


def test_a_payload_that_cannot_be_written_fails_alone(port):
    """Whatever an author's own model raises when it is told what it holds."""

    def encode(payload):
        return b"%d" % (6 // payload)

    ingest = RouteIngest(port, stream="events", streams=frozenset(), emits=None, encode=encode)
    ingest.batch("customer", [2, 0], idempotency_key="k")
    fine, broken = port.calls[0][2]
    assert (fine.payload, broken.failure.reason) == (b"3", "not_json")
    assert broken.failure.message.startswith("ZeroDivisionError: ")


def test_streams_and_types_are_those_declared(ingest, port):
    """The route's own stream is the default; another declared one may be named."""
    ingest.batch("customer", [], idempotency_key="k", stream="customers")
    assert port.calls[-1][:2] == ("customers", "customer")
    with pytest.raises(UnknownStream, match="did you mean 'customers'"):
        ingest.batch("customer", [], idempotency_key="k", stream="custmers")
    with pytest.raises(UnknownDocumentType, match="did you mean 'payment'"):
        ingest.canonical("payments", {}, idempotency_key="k")


def test_retiring_needs_the_key(ingest, port):
    """There is no payload to make one from."""
    ingest.retire("customer", idempotency_key="k", source_time=NOON)
    assert port.calls[-1] == ("events", "customer", "k", NOON)
    with pytest.raises(BadRecord, match="needs the idempotency key"):
        ingest.retire("customer", idempotency_key="")
    with pytest.raises(BadRecord, match="aware"):
        ingest.retire("customer", idempotency_key="k", source_time=datetime(2026, 1, 1))  # noqa: DTZ001 - on purpose


def test_a_checkpoint_merges_and_hands_over_the_whole():
    """A save names what changed; what is kept is all of it."""
    saved = []
    checkpoint = RouteCheckpoint({"": {"since": "t0", "page": 1}}, lambda *told: saved.append(told))
    assert checkpoint.get("since") == "t0"
    assert checkpoint.get("none", "default") == "default"
    checkpoint.save(since=NOON)
    assert saved == [("", {"since": "2026-01-01T12:00:00+00:00", "page": 1})]
    assert checkpoint.get("since") == "2026-01-01T12:00:00+00:00"


def test_each_partition_has_its_own_checkpoint():
    """Partitions are told apart by value, in whatever order they are named."""
    saved = []
    checkpoint = RouteCheckpoint({'{"account":"a","region":1}': {"since": "t1"}}, lambda *told: saved.append(told))
    one = checkpoint.partition(region=1, account="a")
    other = checkpoint.partition(region=2, account="a")
    assert (one.get("since"), other.get("since"), checkpoint.get("since")) == ("t1", None, None)
    other.save(since="t2")
    assert saved == [('{"account":"a","region":2}', {"since": "t2"})]
    assert checkpoint.partition(account="a", region=2).get("since") == "t2"


def test_what_is_read_from_a_checkpoint_is_a_copy():
    """Only `save` changes it."""
    checkpoint = RouteCheckpoint({"": {"seen": ["a"]}}, lambda *_: None)
    checkpoint.get("seen").append("b")
    assert checkpoint.get("seen") == ["a"]


def test_a_save_that_fails_is_not_remembered():
    """A page that was not written leaves the checkpoint where it was."""

    def refuse(*_told):
        raise RuntimeError

    checkpoint = RouteCheckpoint({"": {"since": "t0"}}, refuse)
    with pytest.raises(RuntimeError):
        checkpoint.save(since="t1")
    assert checkpoint.get("since") == "t0"
    with pytest.raises(NotJson, match="since"):
        checkpoint.save(since={1, 2})


def test_log_lines_have_a_level_and_fields():
    """They are the run's."""
    lines = []
    log = RouteLog(lambda *line: lines.append(line))
    log.debug("d")
    log.info("i", rows=2)
    log.warning("w")
    log.error("e")
    assert lines == [("debug", "d", {}), ("info", "i", {"rows": 2}), ("warning", "w", {}), ("error", "e", {})]


def test_only_exposed_secrets_are_there():
    """The message tells a secret that stays outside from one that does not exist."""
    secrets = RouteSecrets({"shown": "value"}, ["shown", "hidden"])
    assert secrets["shown"] == "value"
    assert list(secrets) == ["shown"]
    assert "value" not in repr(secrets)
    with pytest.raises(SecretNotExposed, match="expose=True"):
        _ = secrets["hidden"]
    with pytest.raises(SecretNotExposed, match="did you mean 'shown'"):
        _ = secrets["shwon"]


def test_a_delivery_that_is_not_json_is_a_bad_record():
    """It will not get better by trying again."""
    assert Request(b'{"a": 1}', {}).json == {"a": 1}
    with pytest.raises(BadRecord, match="not JSON"):
        _ = Request(b"a=1", {}).json


@pytest.mark.parametrize(
    "front",
    [
        RouteCheckpoint({}, print),
        RouteLog(print),
        RouteIngest(Port(), stream="a", streams=frozenset(), emits=None),
        RouteSecrets({}),
    ],
)
def test_fronts_hold_nothing_that_can_be_reached(front):
    """Connector code holds these: they have the protocol's methods and no other public attribute."""
    protocol = {
        "RouteCheckpoint": {"get", "save", "partition"},
        "RouteLog": {"debug", "info", "warning", "error"},
        "RouteIngest": {"batch", "canonical", "retire"},
        "RouteSecrets": {"get", "items", "keys", "values"},
    }[type(front).__name__]
    assert {name for name in dir(front) if not name.startswith("_")} == protocol
    assert not hasattr(front, "__dict__")
