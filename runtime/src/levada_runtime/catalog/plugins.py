"""The plugin manager: trusted extensions are loaded as pluggy does it, connectors only ever as stand-ins."""

from collections.abc import Iterable
from typing import Any

import pluggy

from levada import hookspecs
from levada_runtime.catalog.installed import ConnectorPlugin, InstalledConnector
from levada_runtime.contracts.projections import unknown_word
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.vocabulary import Vocabulary

EXTENSIONS = "levada.extensions"


def load_extensions(registry: Registry, vocabulary: Vocabulary | None = None) -> pluggy.PluginManager:
    """Return a manager with every extension of this installation.

    Their contracts join the registry, and their classes and verbs the graph's vocabulary.

    Raises UsageFailure naming an extension that cannot be loaded: it is trusted code, and running without it would be
    running something else than was installed.
    """
    plugins = pluggy.PluginManager("levada")
    plugins.add_hookspecs(hookspecs)
    try:
        plugins.load_setuptools_entrypoints(EXTENSIONS)
        plugins.check_pending()
    except Exception as error:
        raise _broken(f"an extension cannot be loaded: {type(error).__name__}: {error}") from error
    found = sorted((name, plugin) for name, plugin in plugins.list_name_plugin() if plugin is not None)
    _take_contracts(registry, found)
    for name, plugin in found:
        if vocabulary is not None and hasattr(plugin, "levada_graph_vocabulary"):
            vocabulary.extend(name, plugin.levada_graph_vocabulary())
    if vocabulary is not None:
        _check_projections(registry, vocabulary)
    return plugins


def _check_projections(registry: Registry, vocabulary: Vocabulary) -> None:
    for contract in registry:
        owned = registry.owned(contract.document_type)
        projection = contract.projection
        unknown = unknown_word(projection, vocabulary.classes, vocabulary.verbs) if projection else None
        if unknown is not None and owned is not None:
            whose = owned.widened_by or owned.owner
            raise _broken(f"{whose} projects {contract.document_type!r} by {unknown}, which the graph does not know")


def _take_contracts(registry: Registry, plugins: Iterable[tuple[str, Any]]) -> None:
    """Add what extensions offer: new types before wider ones, and what is widened before what widens it further."""
    offers = [
        (name, contract)
        for name, plugin in plugins
        if hasattr(plugin, "levada_contracts")
        for contract in _offered(name, plugin)
    ]
    offers.sort(key=lambda one: len(getattr(one[1], "__mro__", ())) if getattr(one[1], "widens", False) else 0)
    for name, contract in offers:
        registry.extend(name, [contract])


def _offered(name: str, plugin: Any) -> list[Any]:
    try:
        return list(plugin.levada_contracts())
    except Exception as error:
        raise _broken(f"the extension {name} offers no contracts: {type(error).__name__}: {error}") from error


def _broken(what: str) -> UsageFailure:
    hint = f"mend or remove what offers the entry point group {EXTENSIONS}"
    return UsageFailure(what, code="extension_broken", hint=hint)


def register_connectors(plugins: pluggy.PluginManager, installed: Iterable[InstalledConnector]) -> None:
    """Put the connectors' stand-ins into the manager, each under its entry point's name, in place of earlier ones."""
    for connector in installed:
        name = f"connector:{connector.key}"
        if plugins.has_plugin(name):
            plugins.unregister(name=name)
        plugins.register(ConnectorPlugin(connector), name)


def registered_connectors(plugins: pluggy.PluginManager) -> list[InstalledConnector]:
    """Return what the hook `levada_connectors` answers, sorted by key."""
    answers: list[list[InstalledConnector]] = plugins.hook.levada_connectors()
    return sorted((one for answer in answers for one in answer), key=lambda one: one.key)
