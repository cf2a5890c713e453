"""A stranger's URL never makes us call a machine that strangers cannot reach themselves."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.sending.targets import (
    TargetRefused,
    check_address,
    check_url,
    is_public,
    parse_networks,
)

INSIDE = [
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
        "240.0.0.0/4",
    )
]  # fmt: skip
"""Written down again, from the registries of IANA."""

inside = st.sampled_from(INSIDE).flatmap(
    lambda network: st.integers(int(network.network_address), int(network.broadcast_address)).map(
        IPv4Address
    )
)
anywhere = st.integers(0, 2**32 - 1).map(IPv4Address)


def disguises(address: IPv4Address) -> list[IPv6Address]:
    """Every way in which an IPv6 address can mean this IPv4 address."""
    number = int(address)
    return [
        IPv6Address((0xFFFF << 32) | number),  # mapped
        IPv6Address(int(IPv6Address("64:ff9b::")) | number),  # NAT64
        IPv6Address((0x2002 << 112) | number << 80),  # 6to4
        IPv6Address((0x20010000 << 96) | (number ^ 0xFFFF_FFFF)),  # Teredo
        IPv6Address(number),  # compatible, of old
    ]


@given(inside)
def test_nothing_inside_is_called_whatever_it_is_dressed_as(address: IPv4Address) -> None:
    assert not is_public(address)
    assert not any(map(is_public, disguises(address)))


@given(anywhere)
def test_what_is_called_is_in_no_closed_network(address: IPv4Address) -> None:
    if is_public(address):
        assert not any(address in network for network in INSIDE)


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "::1", "::",
        "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "fc00::1", "64:ff9b:1::1",
        "::ffff:169.254.169.254", "::ffff:127.0.0.1", "2001:db8::1", "100::1", "255.255.255.255",
        "fe80::1%eth0", "not-an-address", "127.1", "0x7f000001",
    ],
)  # fmt: skip
def test_places_that_keep_credentials_or_neighbours_are_refused(text: str) -> None:
    with pytest.raises(TargetRefused):
        check_address(text, ())


@pytest.mark.parametrize("text", ["1.1.1.1", "203.119.25.1", "2400:3200::1", "2606:4700::1111"])
def test_the_public_internet_is_not_refused(text: str) -> None:
    check_address(text, ())


def test_the_operator_opens_networks_by_name_and_no_others() -> None:
    networks = parse_networks("10.1.0.0/16, 127.0.0.1")

    check_address("10.1.2.3", networks)
    check_address("::ffff:10.1.2.3", networks)
    check_address("127.0.0.1", networks)
    for other in ("10.2.0.1", "127.0.0.2", "169.254.169.254"):
        with pytest.raises(TargetRefused):
            check_address(other, networks)
    with pytest.raises(ValueError):
        parse_networks("10.1.0.0/40")


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/in", "ftp://erp.example", "https://", "https://user:pw@erp.example/",
        "https://erp.example/#a", "https://erp.example:99999/", "https://127.0.0.1/",
        "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest/meta-data",
        "https://erp.example/ x", "https://erp.example/\n", "https://例子.example/", "",
        "https://erp.example/" + "a" * 2_000, "https://erp.example:0/", "https://[fe80::1/",
    ],
)  # fmt: skip
def test_a_url_that_is_none_of_the_public_internet_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(TargetRefused):
        check_url(url, ())


def test_without_tls_only_where_the_operator_has_networks_of_its_own() -> None:
    check_url("https://erp.example:8443/in?x=1", ())
    check_url("http://erp.example/in", parse_networks("10.0.0.0/8"))


def test_every_address_has_an_answer() -> None:
    for number in range(0, 2**32, 104_729 * 7):
        is_public(ip_address(number))
