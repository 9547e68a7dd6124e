"""Testing connectors: run them against scripted or recorded answers, and prove what every connector must keep.

The pytest plugin brings the fixture `connector_run`; `ConnectorConformance` is subclassed, once a connector. Routes run
in process, or behind the wall with `--levada-sandbox`. Nothing here imports the runtime: what only the sandbox can do
is asked of whoever answers the hook `pytest_levada_wall`.
"""

from levada._cassette import Cassette, CassetteMiss, InvalidCassette
from levada.testing.attempt import LogLine, PageLost, RunResult
from levada.testing.conformance import ConnectorConformance
from levada.testing.failures import RouteFailed
from levada.testing.graph import MemoryEntities, MemoryGraph
from levada.testing.harness import ConnectorBench
from levada.testing.memory import MemoryDocuments, MemoryIngest
from levada.testing.scripted import Pages, ScriptedHttp, SentRequest, UnscriptedRequest
from levada.testing.wall import Ports, RouteCall, RouteEnd, Wall

__all__ = [
    "Cassette",
    "CassetteMiss",
    "ConnectorBench",
    "ConnectorConformance",
    "InvalidCassette",
    "LogLine",
    "MemoryDocuments",
    "MemoryEntities",
    "MemoryGraph",
    "MemoryIngest",
    "PageLost",
    "Pages",
    "Ports",
    "RouteCall",
    "RouteEnd",
    "RouteFailed",
    "RunResult",
    "ScriptedHttp",
    "SentRequest",
    "UnscriptedRequest",
    "Wall",
]
