"""A file of tickets somebody has: how it is read, and the one error that says what is wrong.

Whatever such a file holds, nothing but ``WorldError`` comes out of it. Messages name the place
(ticket and message, counted from 1) and the way out; they never repeat what a customer wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

MOST_BYTES = 64 * 1024 * 1024
MOST_TICKETS = 50_000
MOST_MESSAGES = 5_000
#: Longer messages are cut: helpdesks do not take them either.
MOST_LETTERS = 65_535


class WorldError(ValueError):
    """The file cannot become a world. The message is for whoever wrote the file."""


def read_source(source: Path | str) -> str:
    """The text of ``source``: a path, or the JSON itself when it begins like JSON."""
    if isinstance(source, str):
        if source.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            # Compared in letters: never more than the bytes they take.
            if len(source) > MOST_BYTES:
                raise WorldError(_TOO_LARGE)
            return source.lstrip("\ufeff")
        if "\n" in source or not source.strip() or len(source) > 1000:
            raise WorldError("this is neither the path of a file nor JSON: JSON begins with { or [")
    path = Path(source)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise WorldError(_TOO_LARGE)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise WorldError(f"{path.name} is not UTF-8 text: save it as UTF-8") from None
    except (OSError, ValueError) as error:
        if isinstance(error, WorldError):
            raise
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise WorldError(f"{path.name or 'the file'} cannot be read: {reason}") from None


_TOO_LARGE = f"the file is larger than {MOST_BYTES // 1024 // 1024} MiB: split it"


def parse(text: str) -> Any:
    """The JSON value, or a list of values when the text holds one JSON value on each line."""
    try:
        return _loads(text)
    except WorldError:
        raise
    except ValueError as error:
        whole = error
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    try:
        first = _loads(lines[0][1]) if len(lines) > 1 else None
    except WorldError:
        raise
    except ValueError:
        first = None
    if not isinstance(first, dict):
        where = f" (line {whole.lineno})" if isinstance(whole, json.JSONDecodeError) else ""
        raise WorldError(f"the file is not JSON{where}: {_reason(whole)}") from None
    values = []
    for number, line in lines:
        try:
            values.append(_loads(line))
        except WorldError:
            raise
        except ValueError as error:
            raise WorldError(f"line {number} is not JSON: {_reason(error)}") from None
    return values


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise WorldError("the JSON is nested too deeply to be a file of tickets") from None


def _refuse_constant(name: str) -> NoReturn:
    raise WorldError(f"{name} is not JSON: leave the value out or write null")


def _reason(error: ValueError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"


def rows_of(data: Mapping[str, Any], name: str) -> list[Any]:
    """The list under ``name``, empty when there is none."""
    rows = data.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise WorldError(f'"{name}" must be a list, it is {kind_of(rows)}')
    return rows


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
    }
    return kinds.get(type(value), "an object")
