"""A connector: what it may reach, what it asks an operator for, and the routes that serve its streams."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from levada._auth import AuthScheme, names_in
from levada._cron import check_cron
from levada._manifest import HostRule, Manifest, Mode, StreamManifest
from levada._nearest import did_you_mean
from levada._rate import read_rates
from levada._routes import Route, parameters_of
from levada._settings import Setting
from levada._verify import VerifyScheme, secrets_in
from levada.errors import InvalidDefinition, UnknownStream

Function = TypeVar("Function", bound=Callable[..., Any])

_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_DELIVERY_ID = re.compile(r"[A-Za-z0-9!#%&'*+.^_`|~-]+|\$(\.[A-Za-z_][A-Za-z0-9_-]*|\[\d{1,6}\])+")
_SLICE = re.compile(r"P(?=.*[1-9])(\d+W|(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?)?)")


def from_setting(name: str) -> HostRule:
    """Declare the host, port and scheme of a URL setting, for sources that operators host themselves."""
    return HostRule(setting=name)


class Connector:
    """Reads one source system. Its routes are plain functions, bound to streams by its decorators."""

    __slots__ = ("_auth", "_check", "_hosts", "_key", "_libraries", "_rate_limit", "_routes", "_settings", "_title")

    def __init__(
        self,
        key: str,
        *,
        title: str | None = None,
        hosts: Sequence[str | HostRule] = (),
        auth: AuthScheme | None = None,
        settings: Iterable[Setting] = (),
        libraries: Iterable[str] = (),
        rate_limit: str | Iterable[str] | None = None,
    ) -> None:
        """Describe the source; `rate_limit` says what its operator grants one credential, as `10/s` or `5000/h`."""
        self._key = _checked_key(key, "a connector")
        self._title = title or key.replace("_", " ").replace("-", " ").title()
        self._settings = _checked_settings(settings)
        self._hosts = tuple(_checked_host(host, self._settings) for host in hosts)
        self._auth = auth
        self._libraries = tuple(libraries)
        self._rate_limit = read_rates(rate_limit)
        self._routes: dict[tuple[str, str], Route] = {}
        self._check: Route | None = None
        if auth is not None:
            self._check_names(names_in(auth), "auth")

    @property
    def key(self) -> str:
        """The connector's key, which is also the name of its entry point."""
        return self._key

    @property
    def check_route(self) -> Route | None:
        """The route that proves that settings and secrets work."""
        return self._check

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route that serves a stream, in the order of definition."""
        return tuple(self._routes.values())

    def poll(
        self,
        stream: str,
        *,
        every: str,
        timezone: str = "UTC",
        emits: Sequence[str] | None = None,
        timeout: float | None = None,
        observe: Literal["allow"] | None = None,
    ) -> Callable[[Function], Function]:
        """Serve a stream on a schedule: `every` is a cron expression of five fields; `H` spreads streams over time."""
        _checked_schedule(stream, every, timezone)
        return self._serving(
            "poll",
            stream,
            emits=emits,
            schedule=every,
            timezone=timezone,
            timeout_s=timeout,
            observe_allow=observe == "allow",
        )

    def backfill(
        self,
        stream: str,
        *,
        slice: str = "P7D",  # noqa: A002 - what authors call it
        emits: Sequence[str] | None = None,
        timeout: float | None = None,
        observe: Literal["allow"] | None = None,
    ) -> Callable[[Function], Function]:
        """Fill a stream's past, one slice of time a run: `slice` is an ISO 8601 duration such as `P7D` or `PT6H`."""
        if not _SLICE.fullmatch(slice):
            raise InvalidDefinition(f"the slice {slice!r} of {stream!r} is no ISO 8601 duration such as P7D or PT6H")
        return self._serving(
            "backfill", stream, emits=emits, slice=slice, timeout_s=timeout, observe_allow=observe == "allow"
        )

    def webhook(
        self,
        stream: str,
        *,
        verify: VerifyScheme,
        reply: bool = False,
        delivery_id: str | None = None,
        dedupe: bool = True,
        emits: Sequence[str] | None = None,
        timeout: float | None = None,
        observe: Literal["allow"] | None = None,
    ) -> Callable[[Function], Function]:
        """Serve what the source pushes, once its signature is verified.

        A delivery that comes twice is taken once: by the id that the scheme knows, by the one that `delivery_id` names
        (a header, or a place in the JSON body such as `$.event.id`), else by its body within a day; never by anything
        with `dedupe=False`.
        """
        self._check_names(secrets_in(verify), "verify")
        if delivery_id is not None and not _DELIVERY_ID.fullmatch(delivery_id):
            raise InvalidDefinition(
                f"the delivery_id {delivery_id!r} of {stream!r} is neither a header nor a place such as $.event.id"
            )
        return self._serving(
            "webhook",
            stream,
            emits=emits,
            verify=verify,
            reply=reply,
            delivery_id=delivery_id,
            dedupe=dedupe,
            timeout_s=timeout,
            observe_allow=observe == "allow",
        )

    def check(self, function: Function) -> Function:
        """Prove that settings and secrets work: the route raises when they do not. It cannot ingest."""
        if self._check is not None:
            raise InvalidDefinition("the connector has a check already")
        self._check = Route("check", "check", function, parameters_of(function, "check"), _described(function))
        return function

    def route(self, mode: str, stream: str) -> Route:
        """Return the route that serves a stream in a mode. Raises UnknownStream."""
        route = self._routes.get((mode, stream))
        if route is None:
            known = [key for served, key in self._routes if served == mode]
            raise UnknownStream(f"{self._key!r} serves no {mode} stream {stream!r}: {did_you_mean(stream, known)}")
        return route

    def manifest(self) -> Manifest:
        """Return the connector as data."""
        keys = dict.fromkeys(route.stream for route in self._routes.values())
        return Manifest(
            key=self._key,
            title=self._title,
            hosts=self._hosts,
            auth=self._auth,
            settings=self._settings,
            streams=tuple(self._stream(key) for key in keys),
            check=self._check is not None,
            libraries=self._libraries,
            rate_limit=self._rate_limit,
        )

    def _serving(
        self, mode: Mode, stream: str, *, emits: Sequence[str] | None, **declared: Any
    ) -> Callable[[Function], Function]:
        _checked_key(stream, "a stream")
        if (mode, stream) in self._routes:
            raise InvalidDefinition(f"the stream {stream!r} has a {mode} route already")

        def bind(function: Function) -> Function:
            self._routes[mode, stream] = Route(
                mode,
                stream,
                function,
                parameters_of(function, mode),
                _described(function),
                emits=None if emits is None else tuple(emits),
                **declared,
            )
            return function

        return bind

    def _stream(self, key: str) -> StreamManifest:
        routes = [route for route in self._routes.values() if route.stream == key]
        emitted = [route.emits for route in routes]
        any_type = None in emitted
        return StreamManifest(
            key=key,
            modes=tuple(route.mode for route in routes),  # type: ignore[misc]  # only the three modes are bound
            description=routes[0].description,
            schedule=_first(routes, "schedule"),
            timezone=next((route.timezone for route in routes if route.mode == "poll"), "UTC"),
            verify=_first(routes, "verify"),
            emits=None if any_type else tuple(dict.fromkeys(kind for kinds in emitted for kind in kinds or ())),
            timeout_s=_first(routes, "timeout_s"),
            slice=_first(routes, "slice"),
            reply=any(route.reply for route in routes),
            delivery_id=_first(routes, "delivery_id"),
            dedupe=all(route.dedupe for route in routes),
            observe_allow=any(route.observe_allow for route in routes),
        )

    def _check_names(self, names: Iterable[str], where: str) -> None:
        known = [setting.name for setting in self._settings]
        for name in names:
            if name not in known:
                raise InvalidDefinition(f"{where} names {name!r}, which is no setting: {did_you_mean(name, known)}")


def _first(routes: Sequence[Route], field: str) -> Any:
    return next((value for route in routes if (value := getattr(route, field)) is not None), None)


def _described(function: Callable[..., Any]) -> str:
    return (getattr(function, "__doc__", None) or "").strip()


def _checked_key(key: str, what: str) -> str:
    if not _KEY.fullmatch(key):
        raise InvalidDefinition(f"{key!r} cannot be the key of {what}: lower-case letters, digits, - and _")
    return key


def _checked_settings(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    found = tuple(settings)
    names = [setting.name for setting in found]
    for name in names:
        if names.count(name) > 1:
            raise InvalidDefinition(f"the setting {name!r} is declared twice")
    return found


def _checked_host(host: str | HostRule, settings: Sequence[Setting]) -> HostRule:
    if isinstance(host, HostRule):
        urls = [setting.name for setting in settings if setting.kind == "url"]
        if host.setting is not None and host.setting not in urls:
            raise InvalidDefinition(
                f"hosts name the setting {host.setting!r}, which is no url: {did_you_mean(host.setting, urls)}"
            )
        return host
    if not _HOST.fullmatch(host):
        raise InvalidDefinition(f"{host!r} is no host: a name in lower case, without scheme, port or path")
    return HostRule(pattern=host)


def _checked_schedule(stream: str, every: str, timezone: str) -> None:
    try:
        check_cron(every)
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError) as error:
        raise InvalidDefinition(f"the schedule of {stream!r} cannot be meant: {error}") from None
