"""What is known to be secret is in no line of the log."""

from levada_runtime.foundation.logging import MASK, hide, mask


def test_a_secret_that_begins_another_leaves_nothing_of_it():
    """Whatever order they became known in."""
    hide(["swordfish", "swordfish-and-chips", "sword"])
    hide(["swordfish-and"])
    assert mask("they said swordfish-and-chips, swordfish and sword") == f"they said {MASK}, {MASK} and {MASK}"
