"""What is made of a webhook that arrived, and of what its route replied: values in, values out."""

import hashlib
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada import StreamManifest, hmac_sha256, unverified
from levada_runtime.runs import receiving
from levada_runtime.runs.replies import checked, read_reply
from levada_runtime.sandbox.model import Outcome


def stream_of(**declared):
    return StreamManifest(key="s", modes=("webhook",), description="", **declared)


VALUES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "a", "b"]), inner),
    max_leaves=6,
)


@given(
    body=st.binary() | VALUES.map(lambda value: json.dumps(value).encode()),
    path=st.sampled_from(["$.id", "$.a.b", "$.a[0].b", "$[1]"]),
)
def test_whatever_stands_at_the_place_of_an_id_the_delivery_has_an_identity(body, path):
    """An id that can be shown and kept, or the body's own hash."""
    stream = stream_of(verify=unverified(reason="A test."), delivery_id=path)
    identity = receiving.identify(stream, {}, body, "r")
    if identity.delivery_id is None:
        assert identity.key == f"body:{hashlib.sha256(body).hexdigest()}"
        assert identity.window == timedelta(hours=24)
    else:
        assert identity.delivery_id.isprintable()
        assert (identity.key, identity.window) == (f"id:{identity.delivery_id}", None)


@pytest.mark.parametrize(
    ("path", "found"),
    [("$.a.b[1].c", 7), ("$.a", {"b": [0, {"c": 7}]}), ("$.a.b[2]", None), ("$.a[0]", None), ("$.x.y", None)],
)
def test_a_place_in_a_body_is_found(path, found):
    """By names and numbers; what is not there is nothing."""
    assert receiving.read_path(b'{"a": {"b": [0, {"c": 7}]}}', path) == found


def test_the_header_of_the_proof_is_hidden_whatever_it_is_called():
    """And so is whatever sounds like a secret."""
    stream = stream_of(verify=hmac_sha256("X-Odd", secret="key"))
    kept = receiving.kept_headers({"X-Odd": "1", "X-Gitlab-Token": "2", "Accept": "3", "COOKIE": "4"})
    assert kept == {"x-odd": "1", "x-gitlab-token": "2", "accept": "3"}
    assert receiving.hidden_headers(stream, kept) == ["x-gitlab-token", "x-odd"]


NONSENSE = (b"", b"[]", b"\xff", b'{"status": 200}', b'{"status": 99, "json": 1}', b'{"status": true, "json": 1}')


@pytest.mark.parametrize("said", [*NONSENSE, b'{"status": 200, "json": 1, "more": 2}'])
def test_a_child_that_replies_nonsense_has_broken_the_protocol(said):
    """It is a stranger's word."""
    assert checked(Outcome(None, result=said)).reason == "protocol_violation"
    assert checked(Outcome(None, result=None)).reason is None
    assert read_reply(b'{"status": 204, "json": null}') == {"status": 204, "json": None}
