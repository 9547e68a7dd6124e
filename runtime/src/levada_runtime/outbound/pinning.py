"""Names to addresses, once: the addresses that were checked are the ones connected to.

A name that is looked up for a check and again for the connection can answer differently the second time (rebinding).
aiohttp connects to what its resolver returns, so the check stands inside the resolver.
"""

import asyncio
import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from levada_runtime.outbound.addresses import Address
from levada_runtime.outbound.errors import Unreachable
from levada_runtime.outbound.model import Lookup
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.resolver import check_addresses


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
