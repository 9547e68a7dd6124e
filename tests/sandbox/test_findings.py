"""What the policy refused, as a child tells it: findings are read back, and what is none is no findings."""

import pytest

from levada_runtime.sandbox.language.findings import decode_findings, encode_findings
from levada_runtime.sandbox.language.policy import Finding


def test_findings_are_read_as_they_were_told():
    """Path, place, reason and way out come back."""
    found = [("levada_tide/__init__.py", Finding(3, 7, "no", "write it otherwise"))]
    assert decode_findings(encode_findings(found)) == found


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(None, id="nothing"),
        pytest.param(b"", id="no bytes"),
        pytest.param(b"\xc1", id="no msgpack"),
        pytest.param(b"\x91\x01", id="another shape"),
        pytest.param(b"\x91\x95\xa2\xff\xfe\x01\x01\xa1a\xc0", id="no UTF-8"),
    ],
)
def test_what_a_tampered_child_tells_is_no_findings(told):
    """Nothing that a child says at describe raises in its host."""
    assert decode_findings(told) == []
