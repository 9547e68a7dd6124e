"""The plugin manager: trusted extensions are loaded as pluggy does it, connectors only ever as stand-ins."""

from collections.abc import Iterable

import pluggy

from levada import hookspecs
from levada_runtime.catalog.installed import ConnectorPlugin, InstalledConnector
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
        raise UsageFailure(
            f"an extension cannot be loaded: {type(error).__name__}: {error}",
            code="extension_broken",
            hint=f"mend or remove what offers the entry point group {EXTENSIONS}",
        ) from error
    for name, plugin in plugins.list_name_plugin():
        if plugin is not None and hasattr(plugin, "levada_contracts"):
            registry.extend(name, plugin.levada_contracts())
        if vocabulary is not None and plugin is not None and hasattr(plugin, "levada_graph_vocabulary"):
            vocabulary.extend(name, plugin.levada_graph_vocabulary())
    return plugins


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
