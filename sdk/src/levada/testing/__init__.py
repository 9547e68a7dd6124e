"""Testing connectors: run them in process against scripted answers, and prove what every connector must keep.

The pytest plugin brings the fixture `connector_run`; `ConnectorConformance` is subclassed, once a connector. Nothing
here imports the runtime: what only the sandbox can prove is asked of whoever answers the hook `pytest_levada_wall`.
"""

from levada.testing.conformance import ConnectorConformance
from levada.testing.graph import MemoryEntities, MemoryGraph
from levada.testing.harness import ConnectorBench, RunResult
from levada.testing.memory import MemoryDocuments, MemoryIngest
from levada.testing.scripted import Pages, ScriptedHttp, SentRequest, UnscriptedRequest
from levada.testing.wall import Wall

__all__ = [
    "ConnectorBench",
    "ConnectorConformance",
    "MemoryDocuments",
    "MemoryEntities",
    "MemoryGraph",
    "MemoryIngest",
    "Pages",
    "RunResult",
    "ScriptedHttp",
    "SentRequest",
    "UnscriptedRequest",
    "Wall",
]
