import json
import re
import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError

from services.gateway.security.auth import Keys, digest, main
from services.gateway.settings import Settings
from shared.callbacks.address import owner_secret
from tests.conftest import ROOT

SECRET = "s" * 32


def test_a_new_key_is_recognized_by_its_hash() -> None:
    command = [sys.executable, "-m", "services.gateway.security.auth", "web.page-1"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    key, hashed = re.findall(r": +(\S.*)$", printed, re.MULTILINE)
    settings = Settings(api_keys=json.loads(hashed), link_secret=SECRET)
    assert key not in hashed
    assert Keys(settings.api_keys).name(key) == "web.page-1"
    assert Keys(settings.api_keys).name(key[:-1]) is None


def test_a_key_has_one_name_and_an_unknown_key_none() -> None:
    keys = Keys({"web": digest("one"), "phone": digest("zwölf")})
    assert [keys.name(key) for key in ("one", "zwölf", "", digest("one"))] == ["web", "phone", None, None]


@pytest.mark.parametrize(
    ("name", "hashed", "secret", "error"),
    [
        ("web", digest("key"), "", "API_KEYS needs a LINK_SECRET of 32 characters"),
        ("web", digest("key"), "short", "openssl rand"),
        ("$where", digest("key"), SECRET, "pattern"),
        ("a/b", digest("key"), SECRET, "pattern"),
        ("web", "the key itself", SECRET, "pattern"),
    ],
)
def test_unsafe_settings_are_refused_and_secrets_are_not_printed(
    name: str, hashed: str, secret: str, error: str
) -> None:
    with pytest.raises(ValidationError, match=error) as refused:
        Settings.model_validate({"api_keys": {name: hashed}, "link_secret": secret})
    assert hashed not in str(refused.value)
    assert "short" not in str(refused.value)


def test_without_keys_no_link_secret_is_needed() -> None:
    assert not Keys(Settings().api_keys)


def test_the_command_prints_a_key_and_the_callback_secret_of_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["auth", "web"])
    main()
    assert "whsec_" not in capsys.readouterr().out
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    main()
    assert owner_secret(SecretStr(SECRET), "web") in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["auth"])
    main()
    assert capsys.readouterr().out.split() == ["callbacks'", "secret:", owner_secret(SecretStr(SECRET), None)]
