"""What may be called: https, and addresses that are global or that the operator lists."""

from collections.abc import Sequence

from levada_runtime.outbound.addresses import Address, is_global
from levada_runtime.outbound.errors import Refused
from levada_runtime.outbound.private import AllowPrivate
from levada_runtime.outbound.url import Target


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


def _way_out(host: str, port: int, allowed: AllowPrivate) -> str:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"an operator may allow it with {allowed.variable}='[\"{place}\"]'"
