"""Every setting there is, each with its meaning and its default.

A setting ``data_dir`` is read from the environment as ``KEEPSAKE_DATA_DIR``, or else from a file
``.env`` in the working directory; ``KEEPSAKE_ENV_FILE`` names another file, and empty it means
that no file counts (the demo says so, to itself and to its children). What pydantic-settings does not do is notice a misspelt name:
``names.unknown_environment`` finds those, and ``keepsake doctor`` shows them. Messages about wrong
values never repeat them, since a value may be a secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .destinations import WebhookDestination, read_destinations, said

PREFIX = "KEEPSAKE_"
ENV_FILE = Path(".env")
#: Which file to read in place of ``.env``. Not a setting: a file cannot say where it is.
ENV_FILE_VARIABLE = PREFIX + "ENV_FILE"

#: A list, written with commas between its parts.
Listed = Annotated[tuple[str, ...], NoDecode]


class BadSettings(Exception):
    """A setting cannot be used; the message names each with what is wrong, never its value."""


class Settings(BaseSettings):
    """The settings of one process, checked. Make it with ``load``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default=Path("var"),
        description="The folder for everything Keepsake keeps: database, key, downloaded parts.",
    )
    database_url: str = Field(
        default="",
        repr=False,
        description=(
            "Where the data lie: sqlite:///path/app.db or postgresql://user:password@host/name. "
            "Empty: app.db in the data folder."
        ),
    )
    engine_database_url: str = Field(
        default="",
        repr=False,
        description=(
            "Where the work engine keeps its tables. Empty: engine.db in the data folder, or the "
            "same PostgreSQL database as the data."
        ),
    )
    database_pool: int = Field(
        default=8, ge=1, le=100, description="Database connections one process keeps open."
    )
    host: str = Field(default="127.0.0.1", description="The address the web server listens on.")
    port: int = Field(default=8710, ge=1, le=65535, description="The port it listens on.")
    public_url: str = Field(
        default="",
        description=(
            "How people and source systems reach Keepsake, for links and webhooks. Source systems "
            "want https. Empty: http:// with host and port."
        ),
    )
    extra_hosts: Listed = Field(
        default=(),
        description="Other host names the web server answers to, with commas between them.",
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=10,
        description="How many reverse proxies of yours stand in front; 0 believes no forwarded header.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description=(
            "The key that seals secrets in the database (Fernet; several with commas, the newest "
            "first). Empty: the key file is used."
        ),
    )
    key_file: Path = Field(
        default=Path(),
        description=(
            "The file with that key, one a line, the newest first. Made at the first start, "
            "readable by its owner alone. Empty: secret.key in the data folder."
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged: debug, info, warning or error."
    )
    log_format: Literal["plain", "json"] = Field(
        default="plain", description="Lines for people (plain) or for machines (json)."
    )
    rules_dir: Path = Field(
        default=Path(),
        description="Your own rules, beside those that come with Keepsake. Empty: rules in the data folder.",
    )
    webhook_destinations: dict[str, WebhookDestination] = Field(
        default_factory=dict,
        repr=False,
        description=(
            "Where interventions may be sent, as JSON: "
            '{"name": {"url": "https://...", "secret": "whsec_..."}}.'
        ),
    )
    destinations_file: Path = Field(
        default=Path(),
        description=(
            "The same from a TOML file, a table for each name with url and secret. Empty: "
            "destinations.toml in the data folder, if it is there."
        ),
    )
    outbound_allowed: Listed = Field(
        default=(),
        description=(
            "Hosts, addresses and networks inside your own network that outgoing webhooks may "
            "reach, also without https; with commas between them."
        ),
    )
    write_back: bool = Field(
        default=True, description="Whether fields are written into source systems at all."
    )
    quota_share: float = Field(
        default=0.5,
        gt=0.0,
        le=1.0,
        description="The share of a source system's rate limit Keepsake may use.",
    )
    poll_seconds: float = Field(
        default=300.0,
        ge=10.0,
        le=86_400.0,
        description="How often source systems are asked what webhooks may have lost.",
    )
    backfill_days: int = Field(
        default=365, ge=1, le=3650, description="How far back the first pull goes, in days."
    )
    reader_threads: int = Field(
        default=2, ge=1, le=64, description="Threads the emotion model may use in one worker."
    )
    worker_concurrency: int = Field(
        default=8, ge=1, le=64, description="Pieces of work one worker does at the same time."
    )
    keep_days: int = Field(
        default=30,
        ge=3,
        le=3650,
        description="How long finished work, and verdicts that did not fire, are kept, in days.",
    )
    heartbeat_seconds: float = Field(
        default=60.0,
        ge=10.0,
        le=3600.0,
        description="A worker silent for so long is taken for dead, and its work is taken over.",
    )
    session_hours: float = Field(
        default=12.0, gt=0.0, le=720.0, description="How long a login lasts, in hours."
    )
    max_webhook_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="The largest webhook or form that is accepted, in bytes.",
    )

    @field_validator("extra_hosts", "outbound_allowed", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _is_root(cls, value: str) -> str:
        value = value.rstrip("/")
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("begins with http:// or https:// and names a host")
        if parts.path or parts.query or parts.fragment:
            raise ValueError("is the address alone, without a path")
        return value

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        data = self.data_dir.expanduser().absolute()
        filled: dict[str, Any] = {"data_dir": data}
        for name, file in (
            ("key_file", "secret.key"),
            ("rules_dir", "rules"),
            ("destinations_file", "destinations.toml"),
        ):
            given: Path = getattr(self, name)
            filled[name] = data / file if given == Path() else given.expanduser().absolute()
        app = self.database_url or f"sqlite:///{data / 'app.db'}"
        engine = f"sqlite:///{data / 'engine.db'}" if app.startswith("sqlite") else app
        filled["database_url"] = app
        filled["engine_database_url"] = self.engine_database_url or engine
        host = f"[{self.host}]" if ":" in self.host else self.host
        filled["public_url"] = self.public_url or f"http://{host}:{self.port}"
        was_named = self.destinations_file != Path()
        from_file = read_destinations(filled["destinations_file"], must_exist=was_named)
        filled["webhook_destinations"] = {**from_file, **self.webhook_destinations}
        # Frozen for everybody else.
        self.__dict__.update(filled)
        return self


def env_file_of(environment: Mapping[str, str] | None = None) -> Path | None:
    """The file settings may stand in: ``.env``, or what ``KEEPSAKE_ENV_FILE`` says (empty: none)."""
    given = (os.environ if environment is None else environment).get(ENV_FILE_VARIABLE)
    if given is None:
        return ENV_FILE
    return Path(given).expanduser() if given else None


def load(*, env_file: Path | Literal["as told"] | None = "as told") -> Settings:
    """The settings of this process, from the environment and ``env_file_of`` it. Raises
    ``BadSettings``."""
    if env_file == "as told":
        env_file = env_file_of()
        if env_file not in (None, ENV_FILE) and not env_file.is_file():
            raise BadSettings(f"{ENV_FILE_VARIABLE}: there is no such file")
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        lines = [f"{_name_of(problem['loc'])}: {said(problem)}" for problem in error.errors()]
        raise BadSettings("\n".join(lines)) from None
    except ValueError:
        # pydantic-settings, about JSON it could not read; its message quotes the text.
        raise BadSettings(f"{PREFIX}WEBHOOK_DESTINATIONS is not readable JSON") from None


def variable(field: str) -> str:
    """The name of a setting in the environment."""
    return PREFIX + field.upper()


def _name_of(location: tuple[int | str, ...]) -> str:
    if not location:
        return "settings"
    first, *rest = (str(part) for part in location)
    return ".".join([variable(first), *rest])
