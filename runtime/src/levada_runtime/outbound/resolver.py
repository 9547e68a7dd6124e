"""Names to addresses, once: the addresses that were checked are the ones connected to.

A name that is looked up for a check and again for the connection can answer differently the second time (rebinding).
aiohttp connects to what its resolver returns, so the check stands inside the resolver.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from levada_runtime.outbound.addresses import Address, is_global
from levada_runtime.outbound.errors import Refused, Unreachable
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.url import Target

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]


def check_target(target: Target, allowed: AllowPrivate) -> None:
    """Refuse what can be refused before any lookup: plain http, and an address that is not global."""
    if allowed.lists(target.host, target.port):
        return
    if target.scheme != "https":
        raise Refused(
            f"{target.without_query} is not https; {_way_out(target.host, target.port, allowed)}", code="https_required"
        )
    if target.address is not None:
        check_addresses(target.host, target.port, [target.address], allowed)


def check_addresses(host: str, port: int, addresses: Sequence[Address], allowed: AllowPrivate) -> None:
    """Refuse a host when any of its addresses is not global: one bad address among good ones is a trick."""
    if allowed.lists(host, port):
        return
    for address in addresses:
        if not is_global(address) and not allowed.lists(str(address), port):
            raise Refused(
                f"{host} is at {address}, which is not a public address; {_way_out(host, port, allowed)}",
                code="private_address",
            )


class PinningResolver(AbstractResolver):
    """Look a host up, refuse it if it may not be called, and hand the very addresses checked to the connection."""

    def __init__(self, allowed: AllowPrivate, lookup: Lookup | None = None) -> None:
        self._allowed = allowed
        self._lookup = lookup or system_lookup

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 -- the signature is aiohttp's
    ) -> list[ResolveResult]:
        """Answer aiohttp with addresses of either family.

        Raises Refused for a host that may not be called.
        """
        addresses = [ip_address(text) for text in await self._lookup(host, port)]
        if not addresses:
            raise Unreachable(f"{host} has no address", code="no_address")
        check_addresses(host, port, addresses, self._allowed)
        return [_pinned(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Hold nothing, so close nothing."""


async def system_lookup(host: str, port: int) -> list[str]:
    """Ask the operating system for a host's addresses, each once and in its order."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise Unreachable(f"{host} cannot be looked up: {error.strerror or error}", code="no_address") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _pinned(host: str, port: int, address: Address) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=str(address),
        port=port,
        family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _way_out(host: str, port: int, allowed: AllowPrivate) -> str:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"an operator may allow it with {allowed.variable}='[\"{place}\"]'"
