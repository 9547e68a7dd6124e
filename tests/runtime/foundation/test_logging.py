"""What is known to be secret is in no line of the log."""

from levada_runtime.foundation.logging import MASK, hide, hide_for_now, mask


def test_a_secret_that_begins_another_leaves_nothing_of_it():
    """Whatever order they became known in."""
    hide(["swordfish", "swordfish-and-chips", "sword"])
    hide(["swordfish-and"])
    assert mask("they said swordfish-and-chips, swordfish and sword") == f"they said {MASK}, {MASK} and {MASK}"


def test_what_is_secret_for_an_hour_is_masked_and_in_the_end_forgotten():
    """Tokens come and go as long as a worker lives; its mask stays as large as it is."""
    hide(["a secret for good"])
    for number in range(300):
        hide_for_now([f"token-number-{number:03}", f"token-number-{number:03}"])
    assert mask("token-number-299, a secret for good") == f"{MASK}, {MASK}"
    assert mask("token-number-044") == MASK
    assert mask("token-number-043") == "token-number-043"
