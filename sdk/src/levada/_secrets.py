"""The `secrets` of one route: only those declared with `expose=True` are there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from levada._nearest import did_you_mean
from levada.errors import Forbidden, SecretNotExposed


class RouteSecrets(Mapping[str, str]):
    """Exposed secrets by name; asking for another one says what stands in the way."""

    __slots__ = ("_declared", "_exposed")

    def __init__(self, exposed: Mapping[str, str], declared: Iterable[str] = ()) -> None:
        self._exposed = dict(exposed)
        self._declared = frozenset(declared)

    def __getitem__(self, name: str) -> str:
        if name in self._exposed:
            return self._exposed[name]
        if name in self._declared:
            raise SecretNotExposed(f"the secret {name!r} stays outside: declare it with secret({name!r}, expose=True)")
        raise SecretNotExposed(f"there is no secret {name!r}: {did_you_mean(name, self._declared)}")

    def __contains__(self, name: object) -> bool:
        return name in self._exposed

    def __iter__(self) -> Iterator[str]:
        return iter(self._exposed)

    def __len__(self) -> int:
        return len(self._exposed)

    def __repr__(self) -> str:
        return f"<secrets {', '.join(sorted(self._exposed))}>"

    def __reduce__(self) -> NoReturn:
        raise Forbidden("secrets cannot be copied")
