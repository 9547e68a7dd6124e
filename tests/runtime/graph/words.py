"""Short words for what tests say to a graph and ask of it."""

from levada_runtime.graph.model import EntityDraft, RelationshipDraft

ORG = 1


def host(key, class_="Host", name=None, **traits):
    return EntityDraft("host", key, class_, name, traits)


def runs(start, stop, **properties):
    return RelationshipDraft("host", start, "RUNS", "host", stop, properties)


def sync(graph, source, entities, relationships=(), org=ORG):
    counts = graph.sync(org, f"sync:{source}", "id", list(entities), list(relationships))
    names = ("created", "updated", "unchanged", "deleted")
    return tuple(tuple(getattr(counts, f"{what}_{name}") for name in names) for what in ("entities", "relationships"))


def traits(graph, key, kind="host", org=ORG):
    found = graph.find(org, kind, key)
    return None if found is None else found.traits


def edges(graph, key):
    return [(one.edge[0][1], one.edge[2][1], one.properties) for one in graph.relationships(ORG, "host", key)]


def events(store, org=ORG):
    with store.read() as uow:
        found = uow.events.between(org, 0, 0, 1 << 62, 1000)
    return [(one.source, one.subject) for one in found]


def rows(store, table):
    with store.read() as uow:
        return uow._connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
