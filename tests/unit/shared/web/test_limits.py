"""Counting of connections by address."""

import pytest

from shared.web.limits import ConnectionLimit, network_of


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_network_counts_as_one_client(host: str, client: str) -> None:
    assert network_of(host) == client


def test_connections_above_the_limit_of_an_address_are_refused_until_one_ends() -> None:
    limit = ConnectionLimit(2)
    assert [limit.add("2001:db8::1"), limit.add("2001:db8::2"), limit.add("2001:db8::3")] == [True, True, False]
    assert limit.add("192.0.2.1")
    for _ in range(2):
        limit.remove("2001:db8::4")
    assert limit.add("2001:db8::5")


@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1", "::1", "10.1.2.3"])
def test_a_proxy_has_no_limit(host: str) -> None:
    limit = ConnectionLimit(1, "127.0.0.1,::1, 10.0.0.0/8,a name")
    assert all(limit.add(host) for _ in range(5))


def test_a_client_that_is_no_proxy_has_a_limit() -> None:
    limit = ConnectionLimit(1, "127.0.0.1,::1")
    for host in ("192.0.2.1", "::2", ""):
        assert [limit.add(host), limit.add(host)] == [True, False]


def test_every_address_may_be_a_proxy() -> None:
    limit = ConnectionLimit(1, "*")
    assert all(limit.add(host) for host in ("192.0.2.1", "2001:db8::1") for _ in range(5))
