"""Which addresses are on the public internet; decided from IANA's registries, alike on every version of Python."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_NOT_GLOBAL_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and one cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by number, but a cloud's host agent to the machines in it
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, and one cloud's metadata
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_NOT_GLOBAL_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_global(address: Address) -> bool:
    """Tell whether an address is one that a public service can have.

    IPv4 addresses dressed as IPv6 (mapped, compatible, 6to4, Teredo) are not; NAT64's well-known prefix is what a
    network without IPv4 resolves every IPv4 service to, so there the address inside decides.
    """
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOT_GLOBAL_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_global(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_V6 and not any(address in block for block in _NOT_GLOBAL_V6)
