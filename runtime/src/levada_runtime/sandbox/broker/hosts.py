"""Which hosts a connector may ask: the manifest's list, read with a connection's settings. Values in, values out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from levada import ConnectorMistake, Forbidden, HostNotDeclared, Manifest
from levada_runtime.outbound import AllowPrivate, Refused, Target, parse_url

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HTTPS: Final = ("https", 443)


@dataclass(frozen=True, slots=True)
class HostList:
    """The declared hosts of one connection: bases are URLs from settings, patterns are names."""

    connector: str
    rules: tuple[Target | str, ...]
    allowed: AllowPrivate

    @classmethod
    def of(cls, manifest: Manifest, settings: Mapping[str, Any], allowed: AllowPrivate) -> "HostList":
        """Read the manifest's rules; a setting without a value, given or by default, declares nothing.

        Raises Refused for a setting whose URL cannot be called.
        """
        defaults = {setting.name: setting.default for setting in manifest.settings}
        rules: list[Target | str] = []
        for rule in manifest.hosts:
            if rule.pattern is not None:
                rules.append(rule.pattern.lower())
            elif rule.setting is not None and (base := settings.get(rule.setting) or defaults.get(rule.setting)):
                rules.append(parse_url(str(base)))
        return cls(manifest.key, tuple(rules), allowed)

    def resolve(self, url: str, params: list[tuple[str, str]]) -> Target:
        """Return where a request goes: an absolute URL as it is, a path behind the first host.

        Raises Refused for a URL that cannot be called, HostNotDeclared when there is no first host.
        """
        if url.startswith("//"):
            raise Refused("the URL has no scheme; write https: before it", code="url_not_absolute")
        absolute = url if _ABSOLUTE.match(url) else _behind(self._first(), url)
        return parse_url(absolute).with_params(params)

    def check(self, target: Target, after: Target | None = None) -> None:
        """Raise HostNotDeclared, naming the host and the way out, unless the target is one of the declared.

        `after` is the target whose redirect leads there.
        """
        if any(self._covers(rule, target) for rule in self.rules):
            return
        asks = f"{self.connector} asks" if after is None else f"{after.place} redirects {self.connector} to"
        raise HostNotDeclared(
            f"{asks} {target.scheme}://{target.place}, which it does not declare "
            f"(declared: {self._named()}); add the host to the connector's hosts, "
            "or a url setting with from_setting() when it differs from connection to connection",
            details={"declared": [self._name(rule) for rule in self.rules]},
        )

    def _covers(self, rule: Target | str, target: Target) -> bool:
        if isinstance(rule, Target):
            return rule.origin == target.origin
        if (target.scheme, target.port) != _HTTPS and not self.allowed.lists(target.host, target.port):
            return False
        if rule.startswith("*."):
            label, _, rest = target.host.partition(".")
            return bool(label) and rest == rule[2:]
        return target.host == rule

    def _first(self) -> str:
        first = self.rules[0] if self.rules else None
        if first is None:
            raise HostNotDeclared(
                f"{self.connector} asks for a path, but it declares no host that a path could be on: "
                "name one in hosts, or give the setting that names it a value"
            )
        if isinstance(first, Target):
            return first.without_query
        if first.startswith("*."):
            raise ConnectorMistake(
                f"{self.connector} asks for a path, but its first host is {first}: write the whole URL"
            )
        return f"https://{first}"

    def _named(self) -> str:
        return ", ".join(self._name(rule) for rule in self.rules) or "none"

    def _name(self, rule: Target | str) -> str:
        return f"{rule.scheme}://{rule.place}" if isinstance(rule, Target) else rule


def forbidden(refusal: Refused) -> Forbidden:
    """Return a refusal of the outbound rules as what a route sees."""
    return Forbidden(refusal.message, details={"rule": refusal.code})


def _behind(base: str, path: str) -> str:
    if path.startswith(("?", "#")) or not path:
        return base + path
    return f"{base.rstrip('/')}/{path.lstrip('/')}"
