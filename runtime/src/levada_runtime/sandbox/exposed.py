"""The secrets a connector asked to see."""

from collections.abc import Iterator, Mapping
from typing import NoReturn

from levada.errors import Forbidden, SecretNotExposed


class ExposedSecrets(Mapping[str, str]):
    """The secrets a manifest exposes; any other name raises SecretNotExposed, and none of them is ever shown."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        try:
            return self._values[name]
        except KeyError:
            raise SecretNotExposed(f"the secret {name!r} is not exposed: declare it with expose=True") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<{len(self._values)} secrets>"

    def __reduce__(self) -> NoReturn:
        raise Forbidden("secrets cannot be copied")
