"""The names of all settings: which ones are misspelt, and the example file that lists them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import SecretStr

from .settings import ENV_FILE_VARIABLE, PREFIX, Settings, env_file_of, variable


@dataclass(frozen=True, kw_only=True)
class UnknownName:
    """A variable that looks like a setting and is none. ``nearest``: what may be meant."""

    name: str
    nearest: str | None


def unknown_environment(
    environment: Mapping[str, str] | None = None,
    *,
    env_file: Path | Literal["as told"] | None = "as told",
) -> list[UnknownName]:
    """Names that begin with KEEPSAKE_ and mean nothing, in the environment and in the file that
    it names (``.env``)."""
    given = os.environ if environment is None else environment
    # A file cannot say which file to read; in the environment the name is known.
    names = set(given) - {ENV_FILE_VARIABLE}
    file = env_file_of(given) if env_file == "as told" else env_file
    if file is not None and file.is_file():
        names.update(dotenv_values(file, encoding="utf-8"))
    known = [field.upper() for field in Settings.model_fields]
    found = []
    for name in sorted(names):
        # The names of environment variables are read without regard to capitals.
        prefix, rest = name.upper()[: len(PREFIX)], name.upper()[len(PREFIX) :]
        if prefix == PREFIX and rest not in known:
            near = difflib.get_close_matches(rest, known, n=1)
            nearest = variable(near[0]) if near else None
            found.append(UnknownName(name=name, nearest=nearest))
    return found


def example_env() -> str:
    """The text of ``.env.example``: every setting, switched off, with its default."""
    lines = [
        "# Copy this file to .env and take the # away from what you change.",
        "# A variable in the environment wins over the one here.",
        f"# {ENV_FILE_VARIABLE} in the environment names another file than .env; empty: no file counts.",
    ]
    for name, field in Settings.model_fields.items():
        lines += ["", f"# {field.description}", f"#{variable(name)}={_default_text(field)}"]
    return "\n".join(lines) + "\n"


def _default_text(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    match value:
        case SecretStr():
            return ""
        case Path():
            return "" if value == Path() else str(value)
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(value)
        case dict():
            return "{}"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
