"""What is left of a source's patience, in the spellings that sources have for it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.outbound.quota import Quota, quota_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"X-RateLimit-Limit": "60"}, None, id="a limit and no word of what is left"),
        pytest.param(
            {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "30"},
            Quota(7, 30, 60),
            id="a wait",
        ),
        pytest.param({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH + 90)}, Quota(0, 90), id="a moment"),
        pytest.param(
            {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str((EPOCH + 90) * 1000)},
            Quota(0, 90),
            id="a moment in milliseconds",
        ),
        pytest.param(
            {"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "2026-03-01T12:00:05Z"},
            Quota(3, 5),
            id="a moment in ISO",
        ),
        pytest.param(
            {"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "Sun, 01 Mar 2026 12:00:05 GMT"},
            Quota(3, 5),
            id="a moment as in mail",
        ),
        pytest.param(
            {
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(EPOCH + 70),
                "Date": "Sun, 01 Mar 2026 12:01:00 GMT",
            },
            Quota(0, 10),
            id="the source's clock is a minute ahead",
        ),
        pytest.param(
            {"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "9", "X-RateLimit-Reset-After": "0.25"},
            Quota(2, 0.25),
            id="a wait of its own name",
        ),
        pytest.param({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}, Quota(0, 1), id="less than a second"),
        pytest.param({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0.3"}, Quota(0, 0.3), id="a third"),
        pytest.param({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, Quota(0), id="not to be read"),
        pytest.param({"X-RateLimit-Remaining": "few"}, None, id="no number"),
        pytest.param(
            {"RateLimit-Limit": "10, 10;w=1, 1000;w=3600", "RateLimit-Remaining": "4", "RateLimit-Reset": "1"},
            Quota(4, 1, 10, 1),
            id="the third draft",
        ),
        pytest.param(
            {"RateLimit": "limit=10, remaining=4, reset=2", "RateLimit-Policy": "10;w=1, 1000;w=3600"},
            Quota(4, 2, 10, 1),
            id="the seventh draft",
        ),
        pytest.param(
            {"RateLimit": '"burst";r=4;t=2', "RateLimit-Policy": '"burst";q=10;w=1,"daily";q=9000;w=86400'},
            Quota(4, 2, 10, 1),
            id="the ninth draft",
        ),
        pytest.param(
            {"RateLimit": '"day";r=3;t=4000, "burst";r=9;t=1', "RateLimit-Policy": '"day";q=90;w=86400'},
            Quota(3, 4000, 90, 86400),
            id="of several what is left least",
        ),
        pytest.param({"RateLimit": "default"}, None, id="a combined one that says nothing"),
        pytest.param({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "999999"}, Quota(5, 86400), id="for a day"),
    ],
)
def test_it_is_read(headers, quota):
    """Whatever is not understood is as if it were not there."""
    assert quota_of(tuple(headers.items()), NOW) == quota


FAMILIES, PARTS = ("RateLimit", "X-RateLimit", "X-Rate-Limit"), ("Limit", "Remaining", "Reset")
NAMES = st.sampled_from(
    [*(f"{family}-{part}" for family in FAMILIES for part in PARTS), "RateLimit", "RateLimit-Policy", "Date"]
)
WORDS = st.text(st.sampled_from('0123456789;=,"rtqw. -:TZGMabl'), max_size=30)


@given(st.dictionaries(NAMES, WORDS | st.integers(-5, 10**20).map(str)))
def test_nothing_that_a_source_says_is_too_much(headers):
    """It may be wrong, or mean harm; a wait is never negative, nor longer than a day."""
    quota = quota_of(tuple(headers.items()), NOW)
    if quota is not None:
        assert quota.remaining >= 0
        assert quota.resets_in_s is None or 0 <= quota.resets_in_s <= 86_400
        assert quota.limit is None or quota.limit > 0
        assert quota.per_s is None or quota.per_s > 0
