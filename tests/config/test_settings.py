from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.names import example_env, unknown_environment
from config.settings import BadSettings, Settings, load, variable

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.delenv("KEEPSAKE_ENV_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_everything_lies_in_one_folder(tmp_path: Path) -> None:
    found = load()
    var = tmp_path / "var"
    assert found.data_dir == var
    assert found.database_url == f"sqlite:///{var}/app.db"
    assert found.engine_database_url == f"sqlite:///{var}/engine.db"
    assert found.key_file == var / "secret.key"
    assert found.rules_dir == var / "rules"
    assert (found.host, found.port) == ("127.0.0.1", 8710)
    assert found.public_url == "http://127.0.0.1:8710"
    assert found.max_webhook_bytes == 1024 * 1024
    assert not var.exists()


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "KEEPSAKE_PORT=9000\nKEEPSAKE_DATA_DIR=/srv/keepsake\nPATH_OF_OTHERS=x\n"
    )
    monkeypatch.setenv("KEEPSAKE_PORT", "9001")
    found = load()
    assert (found.port, found.data_dir) == (9001, Path("/srv/keepsake"))
    assert load(env_file=None).data_dir == tmp_path / "var"


def test_the_engine_follows_the_data_to_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPSAKE_DATABASE_URL", "postgresql://user:hush@db/keepsake")
    found = load()
    assert found.engine_database_url == found.database_url
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "99999", "less than or equal"),
        ("PORT", "hush", "valid integer"),
        ("QUOTA_SHARE", "0", "greater than 0"),
        ("LOG_LEVEL", "hush", "debug"),
        ("PUBLIC_URL", "keepsake.example.com", "https://"),
        ("PUBLIC_URL", "https://example.com/hush", "without a path"),
        ("SESSION_HOURS", "-1", "greater than 0"),
        ("WEBHOOK_DESTINATIONS", "hush", "JSON"),
        (
            "WEBHOOK_DESTINATIONS",
            '{"ops": {"url": "https://a.example", "secret": "hush"}}',
            "base64",
        ),
        ("WEBHOOK_DESTINATIONS", f'{{"ops": {{"url": "hush", "secret": "{SECRET}"}}}}', "https://"),
        ("WEBHOOK_DESTINATIONS", '{"ops": {"url": "https://a.example"}}', "required"),
        ("DESTINATIONS_FILE", "/nowhere/destinations.toml", "there is no file"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"KEEPSAKE_{name}", value)
    with pytest.raises(BadSettings) as caught:
        load()
    assert says in str(caught.value)
    assert "hush" not in str(caught.value)
    if "FILE" not in name:
        assert f"KEEPSAKE_{name}" in str(caught.value)


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPSAKE_PORT", "")
    assert load().port == 8710


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPSAKE_OUTBOUND_ALLOWED", " hooks.corp, 10.0.0.0/8 ,")
    monkeypatch.setenv("KEEPSAKE_EXTRA_HOSTS", "keepsake.internal")
    found = load()
    assert found.outbound_allowed == ("hooks.corp", "10.0.0.0/8")
    assert found.extra_hosts == ("keepsake.internal",)


def test_destinations_come_from_a_file_and_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "destinations.toml").write_text(
        f'[ops]\nurl = "https://ops.example/hook"\nsecret = "{SECRET}"\n'
        f'[shop]\nurl = "https://shop.example/hook"\nsecret = "{SECRET}"\n'
    )
    monkeypatch.setenv(
        "KEEPSAKE_WEBHOOK_DESTINATIONS",
        f'{{"ops": {{"url": "https://other.example", "secret": "{SECRET}"}}}}',
    )
    found = load()
    assert {name: one.url for name, one in found.webhook_destinations.items()} == {
        "ops": "https://other.example",
        "shop": "https://shop.example/hook",
    }
    assert found.webhook_destinations["shop"].secret.get_secret_value() == SECRET
    assert SECRET not in repr(found)
    assert SECRET not in repr(found.webhook_destinations)


@pytest.mark.parametrize(
    "text", ["[ops", 'ops = "x"', '[ops]\nurl = "https://a.example"\nsecret = "hush"\n']
)
def test_a_destinations_file_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "destinations.toml").write_text(text)
    with pytest.raises(BadSettings, match=r"destinations\.toml") as caught:
        load()
    assert "hush" not in str(caught.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load().port = 1  # type: ignore[misc]


def test_misspelt_names_are_found_with_what_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEEPSAKE_QUOTASHARE=1\nKEEPSAKE_HOST=x\nOTHER=1\n")
    environment = {
        "KEEPSAKE_DATABSE_URL": "x",
        "keepsake_prot": "x",
        "KEEPSAKE_XYZZY": "x",
        "KEEPSAKE_PORT": "1",
        "keepsake_log_level": "info",
        "KEEPSAKEX": "x",
    }
    found = unknown_environment(environment)
    assert [(one.name, one.nearest) for one in found] == [
        ("KEEPSAKE_DATABSE_URL", "KEEPSAKE_DATABASE_URL"),
        ("KEEPSAKE_QUOTASHARE", "KEEPSAKE_QUOTA_SHARE"),
        ("KEEPSAKE_XYZZY", None),
        ("keepsake_prot", "KEEPSAKE_PORT"),
    ]
    assert unknown_environment({}, env_file=None) == []


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_example_file_is_that_of_the_settings() -> None:
    from config import settings

    example = Path(settings.__file__).with_name(".env.example")
    assert example.read_text() == example_env(), (
        "write it anew: python -c 'from config.names import example_env; "
        'print(example_env(), end="")\' > config/.env.example'
    )


def test_the_example_file_holds_the_defaults(tmp_path: Path) -> None:
    switched_on = "\n".join(
        line.removeprefix("#")
        for line in example_env().splitlines()
        if line.startswith("#KEEPSAKE_")
    )
    (tmp_path / ".env").write_text(switched_on)
    assert load() == load(env_file=None)


def test_another_file_than_dotenv_can_be_named_and_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("KEEPSAKE_PORT=9000\nKEEPSAKE_PROT=1\n")
    (tmp_path / "other.env").write_text("KEEPSAKE_PORT=9001\nKEEPSAKE_HOTS=x\n")
    monkeypatch.setenv("KEEPSAKE_ENV_FILE", "other.env")
    assert load().port == 9001
    assert [one.name for one in unknown_environment()] == ["KEEPSAKE_HOTS"]
    monkeypatch.setenv("KEEPSAKE_ENV_FILE", "")
    assert load().port == 8710
    assert unknown_environment() == []
    monkeypatch.delenv("KEEPSAKE_ENV_FILE")
    assert load().port == 9000
    assert [one.name for one in unknown_environment()] == ["KEEPSAKE_PROT"]


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPSAKE_ENV_FILE", "nowhere.env")
    with pytest.raises(BadSettings, match="KEEPSAKE_ENV_FILE"):
        load()


def test_a_file_cannot_name_itself(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEEPSAKE_ENV_FILE=other.env\n")
    assert [one.name for one in unknown_environment({})] == ["KEEPSAKE_ENV_FILE"]
