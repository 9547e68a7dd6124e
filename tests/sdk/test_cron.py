"""Which schedules can be meant."""

import pytest

from levada._cron import check_cron


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/15 * * * *",
        "0 9-17/2 * * mon-fri",
        "0,30 0 1,15 * *",
        "H * * * *",
        "H/15 * * * *",
        "H(0-29)/10 H * * *",
        "0 0 l * *",
        "0 0 L * *",
        "0 0 * * 5#2",
        "0 0 * * L5",
        "0 0 * * mon#2,L5",
        "0 0 H(1-28) 2 *",
        "0 0 H 1 *",
        "0 0 30 H(3-5) *",
        "*/20,5 * * * *",
        "0 0 29 2 *",
        "0 0 30 1-3 *",
        "0 0 31 */2 *",
        "0 0 30 2 mon",
        "0 0 * JAN,feb SUN",
        "0 0 * * 7",
        "@hourly",
        "@daily",
        "@weekly",
        "@monthly",
        "@yearly",
    ],
)
def test_croniters_dialect_is_taken(expression):
    """What an operator may write is what croniter fires."""
    check_cron(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("*/61 * * * *", "/61 of the minute"),
        ("*/0 * * * *", "/0"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("* * * * * *", "6 fields"),
        ("* * * *", "4 fields"),
        ("", "0 fields"),
        ("R * * * *", "minute"),
        ("H(50-70) * * * *", "minute"),
        ("30-10 * * * *", "backwards"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 30,31 feb *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("0 0 * * 1#6", "day of week"),
        ("1,,2 * * * *", "minute"),
        ("@often", "@hourly"),
        ("@reboot", "@hourly"),
        ("٣ * * * *", "minute"),
        ("*,5 * * * *", "stands alone"),
        ("H,5 * * * *", "stands alone"),
        ("0 0 * * 5#L", "day of week"),
        ("0 0 * * Lfri", "day of week"),
        ("0 0 * * mon#2,fri", "no other day"),
        ("0 0 13 * 5#2", "no other day"),
        ("0 0 31 H *", "never comes"),
        ("0 0 H 2 *", "H(1-28)"),
        ("0 0 H(20-30) H(1-3) *", "never comes"),
    ],
)
def test_what_cannot_be_meant_names_the_field(expression, said):
    """The message leads to the field and the way out."""
    with pytest.raises(ValueError, match=r".") as caught:
        check_cron(expression)
    assert said in str(caught.value)
