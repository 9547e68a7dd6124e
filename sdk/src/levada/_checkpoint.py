"""How far a stream has come: values that are saved together with the records that lead up to them."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Protocol, Self

from levada._encoding import encode_json, plain


class Checkpoint(Protocol):
    """What the last committed page left for the next run."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return a saved value."""
        ...

    def save(self, **values: Any) -> None:
        """End the page: everything emitted since the last save is committed with these values, or none of it is."""
        ...

    def partition(self, **by: Any) -> "Checkpoint":
        """Return the checkpoint of one partition, such as a region or an account."""
        ...


class RouteCheckpoint:
    """The `checkpoint` of one route; `save` is handed the partition and its whole new mapping."""

    __slots__ = ("_partition", "_save", "_saved")

    def __init__(
        self,
        saved: Mapping[str, Mapping[str, Any]],
        save: Callable[[str, dict[str, Any]], None],
        _partition: str = "",
    ) -> None:
        self._saved = saved if _partition else {name: dict(values) for name, values in saved.items()}
        self._save = save
        self._partition = _partition

    def get(self, key: str, default: Any = None) -> Any:
        """Return a saved value."""
        return deepcopy(self._saved.get(self._partition, {}).get(key, default))

    def save(self, **values: Any) -> None:
        """End the page with these values."""
        following = {
            **self._saved.get(self._partition, {}),
            **{name: plain(item, name) for name, item in values.items()},
        }
        self._save(self._partition, following)
        self._saved[self._partition] = following  # type: ignore[index]  # the first of the family made it a dict

    def partition(self, **by: Any) -> Self:
        """Return the checkpoint of one partition."""
        name = encode_json(dict(sorted(by.items()))).decode()
        return type(self)(self._saved, self._save, name)
