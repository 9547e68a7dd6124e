"""The inventory that is measured: hosts, services and users, and two relationships for each; always the same ones.

What is made depends on numbers alone: any part of an inventory of any size can be had without keeping the rest.
"""

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
EMPTY: Row = {"entities": [], "relationships": []}

EDGES_EACH = 2
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "ap-south-1")
KINDS = (("host", "Host"), ("host", "Host"), ("service", "Service"), ("user", "User"))
CHANGED_EVERY = 100
"""Of a changed inventory one entity and one relationship of so many say something else."""


def body(count: int, *, changed: bool = False, connector: str = "bench") -> Row:
    """Return the body of a sync of `count` entities and twice as many relationships."""
    return {
        "connector_id": connector,
        "sync_id": "changed" if changed else "first",
        "entities": [entity(number, changed=changed) for number in range(count)],
        "relationships": list(relationships(range(count), count, changed=changed)),
    }


def part(numbers: range, *, leading_to: int = 0) -> Row:
    """Return some entities with two relationships that lead from each: to the one before it, and to itself.

    With `leading_to` the first leads to one of so many others instead, from all over the graph.
    """
    edges = []
    for number in numbers:
        far = number * 7919 % leading_to if leading_to else max(number - 1, numbers.start)
        for verb, to in (("USES", far), ("CONNECTS", number)):
            ends = {"from_type": kind(number), "from_key": key(number), "to_type": kind(to), "to_key": key(to)}
            edges.append({**ends, "verb": verb, "properties": {"port": 443}})
    return {"entities": [entity(number) for number in numbers], "relationships": edges}


def entity(number: int, *, changed: bool = False) -> Row:
    """Return an entity of six properties."""
    named, class_ = KINDS[number % len(KINDS)]
    differs = changed and number % CHANGED_EVERY == 0
    return {
        "entity_type": named,
        "entity_key": key(number),
        "entity_class": class_,
        "display_name": f"{named} {number}",
        "properties": {
            "region": REGIONS[number % len(REGIONS)],
            "state": "stopped" if differs else "running",
            "cpus": number % 64 + 1,
            "load": number % 1000 / 8,
            "public": number % 3 == 0,
            "tags": [f"team:{number % 17}", f"cost:{number % 101}"],
        },
    }


def relationships(numbers: range, count: int, *, changed: bool = False) -> Iterator[Row]:
    """Yield the relationships that start at these entities of an inventory of `count`."""
    for number in numbers:
        for each in range(EDGES_EACH):
            to = (number * 7 + 13 * each + 1) % count
            differs = changed and (number * EDGES_EACH + each) % CHANGED_EVERY == 0
            yield {
                "from_type": kind(number),
                "from_key": key(number),
                "verb": ("USES", "CONNECTS")[each],
                "to_type": kind(to),
                "to_key": key(to),
                "properties": {"port": 8080 if differs else 443},
            }


def kind(number: int) -> str:
    """Return an entity's kind."""
    return KINDS[number % len(KINDS)][0]


def key(number: int) -> str:
    """Return an entity's key."""
    return f"arn:aws:bench:{number:09}"
