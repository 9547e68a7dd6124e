"""Ten thousand hostile payloads of every type: each is a failed record that says where and why, and harms no other."""

import collections
import http.client
import json
from contextlib import closing

import pytest
from tests.hostile import INVALID, KEYLESS, NOT_JSON, TOO_LARGE, pages
from tests.laws.test_ingest_laws import RealBench
from tests.serving import app_over, serving

from levada.contracts import CONTRACTS
from levada_runtime.daemon.api import api_services
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.sandbox.encode import encode_record

SEED = 20_260_301
COUNTS = {"sqlite": 10_000, "postgresql": 2_500}
"""On PostgreSQL enough of each crime to see what it keeps of them; what refuses them is the same."""
LONGEST_MESSAGE = 10_000
WHOLE = {TOO_LARGE, "json_invalid"}
"""What is wrong with a record as a whole has no path in it."""


@pytest.fixture
def bench(new_store):
    """The real service behind the frames of a child that may send any bytes for a record."""
    bench = RealBench(new_store())
    bench.ingest._encode = lambda payload: payload if isinstance(payload, bytes) else encode_record(payload)
    return bench


def test_each_of_ten_thousand_hostile_payloads_fails_alone(bench, database):
    """By its reason, with its path; the valid ones around it are kept."""
    told, expected, neighbours = collections.Counter(), collections.Counter(), set()
    by_crime = collections.defaultdict(collections.Counter)
    for page in pages(SEED, COUNTS[database], size=120):
        result = bench.ingest.batch(
            page[0].document_type,
            [one.payload for one in page],
            idempotency_key=lambda _payload, index, page=page: page[index].key,
            continue_on_error=True,
        )
        assert result.count == len(page)
        failed = {one.index: one for one in result.failed_records}
        for index, one in enumerate(page):
            assert (index in failed) == (one.crime is not None), (one.document_type, one.crime, str(one.payload)[:300])
            if one.crime is not None:
                _check(one, failed[index])
                told[failed[index].reason] += 1
                expected[one.reason] += 1
                by_crime[one.crime][failed[index].reason] += 1
            else:
                neighbours.add(one.key)
        bench.commit_page()
    print(f"seed {SEED}: {sum(told.values())} refused: {dict(told)}; {len(neighbours)} valid neighbours kept")
    for crime, reasons in sorted(by_crime.items()):
        print(f"  {crime}: {dict(reasons)}")
    assert told == expected
    assert (sum(told.values()), set(told)) == (COUNTS[database], {INVALID, NOT_JSON, TOO_LARGE, KEYLESS})
    assert set(bench.documents()) == neighbours
    assert set(bench.quarantined()) == set(told)


def _check(one, failed):
    about = (one.document_type, one.crime, str(one.payload)[:300], failed.reason, failed.message[:300])
    assert failed.reason == one.reason, about
    assert 0 < len(failed.message) < LONGEST_MESSAGE, about
    assert failed.errors, about
    for error in failed.errors:
        assert error.path or error.code in WHOLE or not isinstance(one.payload, dict), about
        assert error.code, about
        assert error.message, about


def test_the_api_refuses_each_with_the_place_and_goes_on(tmp_path):
    """A real server answers every hostile body with 4xx, a code and where; a valid one in between is taken."""
    statuses = collections.Counter()
    with Installation(Settings(data_dir=tmp_path / "data")) as installation:
        key = installation.keys.issue(installation.org, "admin", ["admin"])[1]
        with serving(app_over(api_services(installation, dict))) as port:
            asked = closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
            with asked as connection:
                for one in (one for page in pages(SEED + 1, 420, size=20) for one in page):
                    body = one.payload if isinstance(one.payload, bytes) else _written(one.payload)
                    if body is None or one.reason == KEYLESS:
                        continue  # no client could write it, or it is a valid document here
                    status, answer = _posted(connection, key, one.document_type, body)
                    statuses[status] += 1
                    _check_answer(one, body, status, answer)
    print(f"seed {SEED + 1}: {dict(statuses)}")
    assert {201, 400, 413, 422} <= set(statuses)
    assert sum(statuses.values()) > 300


def _check_answer(one, body, status, answer):
    about = (one.crime, one.document_type, body[:300], status, str(answer)[:300])
    if one.crime is None and b"\\u0000" not in body:
        assert status == 201, about
        return
    assert 400 <= status < 500, about
    assert answer["code"], about
    assert answer["message"], about
    assert status != 422 or answer["details"], about


def _written(payload):
    try:
        return json.dumps(payload).encode()
    except (TypeError, ValueError, RecursionError):
        return None


def _posted(connection, key, document_type, body):
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    try:
        connection.request("POST", f"/v1/{CONTRACTS[document_type].plural}", body, headers)
        answer = connection.getresponse()
    except (BrokenPipeError, ConnectionResetError):
        connection.close()
        return 413, {"code": "payload_too_large", "message": "the server hung up on a body that is too large"}
    return answer.status, json.loads(answer.read())
