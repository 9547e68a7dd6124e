"""What plugins of an installation may answer, by pluggy under the name `levada`.

Connectors never implement these: they are found without being imported, and the runtime answers for them. Extensions,
which are trusted, offer them through the entry point group `levada.extensions`.
"""

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from levada.contracts import Contract

hookspec = pluggy.HookspecMarker("levada")
hookimpl = pluggy.HookimplMarker("levada")


@hookspec
def levada_connectors() -> list[Any]:  # type: ignore[empty-body]  # a specification has none
    """Return the stand-ins of installed connectors.

    The runtime registers one plugin a connector, under its entry point's name; an extension may ask for all of them.
    """


@hookspec
def levada_contracts() -> "list[type[Contract]]":  # type: ignore[empty-body]  # a specification has none
    """Return contracts of further document types, and wider ones of types that there are.

    Called once, when a process of the runtime starts. Two owners of one document type are refused by naming both, and
    the runtime does not start. A class that says `widens: ClassVar[bool] = True` takes the place of the contract it is
    derived from, to which it may only add fields that are None by default.
    """


@hookspec
def levada_graph_vocabulary() -> dict[str, list[str]]:  # type: ignore[empty-body]  # a specification has none
    """Return further classes and verbs of the entity graph: `{"classes": ["Vessel"], "verbs": ["MOORS"]}`.

    Called once, when the runtime starts. Classes are spelled in PascalCase and verbs in UPPER_CASE; anything else is
    refused, and the runtime does not start. A kind of a class's name (`vessel`) is of that class by default.
    """
