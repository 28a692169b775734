import socket
from ipaddress import ip_network

import pytest
from pydantic import SecretStr, ValidationError

from shared.callbacks.address import CallbackSettings, addresses, is_allowed, owner_secret, parse
from shared.errors import PermanentError, TransientError


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:4136:e378::1", "no address",
    ],
)  # fmt: skip
def test_any_other_address_is_refused(address: str) -> None:
    assert not is_allowed(address)


def test_an_address_in_a_network_of_the_operator_is_allowed() -> None:
    networks = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    assert is_allowed("10.1.2.3", networks)
    assert is_allowed("::ffff:10.1.2.3", networks)
    assert is_allowed("fd00::1", networks)
    assert not is_allowed("192.168.1.1", networks)


@pytest.mark.parametrize(
    "address",
    ["168.63.129.16", "192.0.0.192", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::ffff:a83f:8110"],
)
def test_services_of_clouds_are_refused_also_in_an_allowed_network(address: str) -> None:
    assert not is_allowed(address)
    assert not is_allowed(address, [ip_network("0.0.0.0/0"), ip_network("::/0")])


def test_a_forbidden_network_of_the_operator_is_refused_also_in_an_allowed_one() -> None:
    forbidden = CallbackSettings(callback_forbidden_networks=["10.96.0.0/12", "93.184.216.0/24"])
    for address in ("10.96.0.1", "::ffff:10.96.0.1", "93.184.216.34"):
        assert not is_allowed(address, [ip_network("10.0.0.0/8")], forbidden.callback_forbidden_networks)
    assert is_allowed("10.1.2.3", [ip_network("10.0.0.0/8")], forbidden.callback_forbidden_networks)


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "https:///path", "//example.com",
        "https://user:pass@example.com/", "https://user@example.com/", "javascript:alert(1)",
        "https://example.com/a b", "https://example.com/\n", "https://example.com:99999/", "https://example.com:x/",
        f"https://example.com/{'x' * 2000}", "http://[::1", "https://exa\x00mple.com/", "http://xn--a/", "https://:@example.com/",
        "http://example.com\\@127.0.0.1/", "http://\u202eexample.com/",
    ],
)  # fmt: skip
def test_a_text_that_is_no_web_url_is_refused(text: str) -> None:
    with pytest.raises(PermanentError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["https://example.com?to=me@example.com", "https://example.com/@me", "https://example.com#me@x"]
)
def test_an_at_sign_outside_the_authority_is_no_user_name(text: str) -> None:
    assert parse(text).host == "example.com"


async def test_a_private_host_gives_the_same_error_as_an_unknown_one() -> None:
    async def private(host: str, port: int) -> list[str]:
        return ["10.0.0.1"]

    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "as the system says")

    said = set()
    for resolving in (private, unknown):
        with pytest.raises(PermanentError) as refused:
            await addresses(parse("https://broker.internal/"), [], resolving)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_a_host_with_one_private_address_is_refused() -> None:
    async def both(host: str, port: int) -> list[str]:
        assert (host, port) == ("example.com", 443)
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(PermanentError, match="not public"):
        await addresses(parse("https://example.com/"), [], both)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:7f00:1]/",
        "http://localhost/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
    ],
)
async def test_every_spelling_of_a_loopback_address_is_refused(url: str) -> None:
    with pytest.raises(PermanentError):
        await addresses(parse(url), [])


@pytest.mark.parametrize(("number", "error"), [(socket.EAI_NONAME, PermanentError), (socket.EAI_AGAIN, TransientError)])
async def test_an_unknown_host_is_a_permanent_error_and_a_failed_look_up_a_transient_one(
    number: int, error: type[Exception]
) -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(number, "as the system says")

    with pytest.raises(error):
        await addresses(parse("https://example.com/"), [], fail)


def test_each_owner_has_its_own_constant_secret() -> None:
    secret = SecretStr("a secret of thirty-two characters")
    made = {owner_secret(secret, owner) for owner in ("web", "phone", None)}
    assert len(made) == 3
    assert made == {owner_secret(secret, owner) for owner in ("web", "phone", None)}
    assert all(text.startswith("whsec_") for text in made)


def test_a_short_secret_is_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError) as refused:
        CallbackSettings(webhook_secret=SecretStr("too short"))
    assert "too short" not in str(refused.value)
