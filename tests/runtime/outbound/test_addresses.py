"""Which addresses are public, and which the operator allows all the same."""

from ipaddress import ip_address

import pytest

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.outbound import AllowPrivate
from levada_runtime.outbound.addresses import is_global

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4003::200e", "64:ff9b::808:808"]
NOT_PUBLIC = {
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "loopback": "127.0.0.1",
    "loopback far end": "127.255.255.254",
    "private 10": "10.0.0.5",
    "private 172": "172.31.255.255",
    "private 192": "192.168.1.1",
    "carrier": "100.64.0.1",
    "metadata": "169.254.169.254",
    "metadata of another cloud": "100.100.100.200",
    "metadata of a third": "192.0.0.192",
    "host agent": "168.63.129.16",
    "link local": "169.254.0.1",
    "documentation": "203.0.113.7",
    "benchmarking": "198.19.0.1",
    "relay": "192.88.99.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified 6": "::",
    "loopback 6": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "mapped public": "::ffff:8.8.8.8",
    "compatible": "::127.0.0.1",
    "translated": "::ffff:0:127.0.0.1",
    "6to4 loopback": "2002:7f00:1::",
    "6to4 public": "2002:808:808::",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 metadata": "64:ff9b::a9fe:a9fe",
    "local NAT64": "64:ff9b:1::7f00:1",
    "Teredo": "2001:0:7f00:1::",
    "unique local": "fd00:ec2::254",
    "link local 6": "fe80::1",
    "scoped": "fe80::1%1",
    "site local": "fec0::1",
    "multicast 6": "ff02::1",
    "documentation 6": "2001:db8::1",
    "new documentation 6": "3fff::1",
    "discard": "100::1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_global(address):
    """What services on the internet have, IPv4 behind a NAT64 among them."""
    assert is_global(ip_address(address))


@pytest.mark.parametrize("kind", NOT_PUBLIC)
def test_any_other_address_is_not(kind):
    """Nothing of the registries' special blocks, in whatever dress."""
    assert not is_global(ip_address(NOT_PUBLIC[kind]))


def test_the_operators_list_names_hosts_with_a_port_any_port_or_none():
    """No port and a star mean any."""
    allowed = AllowPrivate.read(["127.0.0.1:8420", "10.0.0.5", "Intranet.example:*", "[::1]:9000"])
    assert allowed.lists("127.0.0.1", 8420)
    assert not allowed.lists("127.0.0.1", 8421)
    assert allowed.lists("10.0.0.5", 1)
    assert allowed.lists("intranet.example", 8080)
    assert allowed.lists("::1", 9000)
    assert not allowed.lists("::1", 9001)


@pytest.mark.parametrize("entry", ["", "*", "*:80", "http://10.0.0.5", "10.0.0.0/8", "a:b", "127.1:80", "::1", "a b"])
def test_an_entry_that_cannot_be_meant_is_named(entry):
    """The operator sees which entry and how to write it."""
    with pytest.raises(UsageFailure) as refused:
        AllowPrivate.read([entry])
    assert repr(entry) in refused.value.message
    assert "127.0.0.1:8420" in refused.value.hint
