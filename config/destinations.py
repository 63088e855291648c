"""Where interventions may be sent: a name, an address, and the secret shared with the receiver."""

from __future__ import annotations

import base64
import binascii
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator


class WebhookDestination(BaseModel):
    """Where interventions may be sent, under a name rules use."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="The address, https only unless allowed by outbound_allowed.")
    secret: SecretStr = Field(
        description="The signing secret shared with the receiver: whsec_ and base64, 24 to 64 bytes."
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address begins with https:// and names a host")
        return value

    @field_validator("secret")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().removeprefix("whsec_")
        try:
            size = len(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            raise ValueError("the secret is whsec_ and base64") from None
        if not 24 <= size <= 64:
            # Standard Webhooks, "Signature scheme".
            raise ValueError("the secret is base64 of 24 to 64 random bytes")
        return value


def read_destinations(file: Path, *, must_exist: bool) -> dict[str, WebhookDestination]:
    """The destinations in a TOML file, by name. Raises ``ValueError`` without quoting a value."""
    try:
        with file.open("rb") as opened:
            found = tomllib.load(opened)
    except FileNotFoundError:
        if must_exist:
            raise ValueError(f"there is no file {file}") from None
        return {}
    except (OSError, tomllib.TOMLDecodeError):
        raise ValueError(f"the destinations file {file} cannot be read as TOML") from None
    made = {}
    for name, values in found.items():
        try:
            made[name] = WebhookDestination.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, p['loc']))}: {said(p)}" for p in error.errors()
            )
            raise ValueError(f"the destination {name} in {file}: {problems}") from None
    return made


def said(problem: Any) -> str:
    """What pydantic says of a wrong value, without its own preamble."""
    message: str = problem["msg"]
    return message.removeprefix("Value error, ")
