"""What a run came to, in a few words."""

from typing import Any


def summary(view: dict[str, Any]) -> str:
    """Return a run's counts in a few words."""
    counts = view["counts"]
    names = ("created", "updated", "unchanged", "retired", "failed")
    told = [f"{counts[name]} {name}" for name in names if counts.get(name)]
    told += [_in_graph(name, count) for name, count in counts.get("graph", {}).items() if count]
    return ", ".join(told) or "nothing"


def _in_graph(name: str, count: int) -> str:
    if name == "held":
        return f"{count} {'sync' if count == 1 else 'syncs'} held"
    things, _, outcome = name.partition("_")
    one = {"entities": "entity", "relationships": "relationship"}[things]
    return f"{count} {one if count == 1 else things} {outcome}"
