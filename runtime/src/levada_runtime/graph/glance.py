"""A glance at what is said of the graph: quick to see that nothing is wrong with it, which is almost always so.

What a glance does not take need not be wrong; it is looked at closely then, place by place.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from levada._graph_rows import KIND
from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.vocabulary import Vocabulary

KIND_BYTES: Final = 255
KEY_BYTES: Final = 2048
INTEGERS: Final = range(-(1 << 63), 1 << 63)
_SPOILT = re.compile("[\0\ud800-\udfff]").search
_SURE_LETTERS = KEY_BYTES // 4
"""As many take no more bytes than a key may have, whatever they are."""


class QuickLook:
    """Looks at what one batch says, and remembers the words that come again and again."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._classes = vocabulary.classes | {None}
        self._verbs = vocabulary.verbs
        self._kinds: set[str] = set()
        self._names: set[Any] = set()

    def takes_entity(self, draft: EntityDraft) -> bool:
        """Tell whether the graph surely takes this."""
        kind, name = draft.kind, draft.display_name
        return (
            (kind in self._kinds or self._is_kind(kind))
            and _is_key(draft.external_id)
            and draft.class_ in self._classes
            and (name is None or _is_kept(name))
            and self._are_flat(draft.traits)
        )

    def takes_relationship(self, draft: RelationshipDraft) -> bool:
        """Tell whether the graph surely takes this."""
        start, stop = draft.from_kind, draft.to_kind
        return (
            (start in self._kinds or self._is_kind(start))
            and (stop in self._kinds or self._is_kind(stop))
            and draft.verb in self._verbs
            and _is_key(draft.from_key)
            and _is_key(draft.to_key)
            and self._are_flat(draft.properties)
        )

    def _is_kind(self, kind: str) -> bool:
        if len(kind) > KIND_BYTES or not KIND.fullmatch(kind):
            return False
        self._kinds.add(kind)
        return True

    def _are_flat(self, properties: Mapping[str, Any]) -> bool:
        for name, value in properties.items():
            if name not in self._names and not self._is_name(name):
                return False
            of = type(value)
            if of is str:
                if not _is_kept(value):
                    return False
            elif of is int:
                if value not in INTEGERS:
                    return False
            elif not (of is bool or value is None or (of is float and isfinite(value)) or _is_list(value)):
                return False
        return True

    def _is_name(self, name: Any) -> bool:
        if type(name) is not str or not _is_kept(name):
            return False
        self._names.add(name)
        return True


def _is_kept(text: str) -> bool:
    return "\0" not in text if text.isascii() else not _SPOILT(text)


def _is_key(key: str) -> bool:
    return 0 < len(key) <= _SURE_LETTERS and _is_kept(key)


def _is_list(value: Any) -> bool:
    return type(value) is list and all(type(one) is str and _is_kept(one) for one in value)
