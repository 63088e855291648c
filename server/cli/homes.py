"""Opening this installation for a command, and closing it again."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .failing import Problem

if TYPE_CHECKING:
    from config.settings import Settings

    from ..wiring import Home


def settings() -> Settings:
    """The settings, or a sentence that says which of them is wrong."""
    from config.settings import BadSettings, load

    try:
        return load()
    except BadSettings as error:
        raise Problem(f"these settings cannot be used:\n{error}") from error


@contextmanager
def home() -> Iterator[Home]:
    """This installation, opened with its settings."""
    from ..security.secrets import KeyProblem, Unreadable
    from ..store.connections import UnknownConnection
    from ..store.people import UnknownPerson
    from ..wiring import open_home

    opened = open_home(settings())
    try:
        yield opened
    except (KeyProblem, Unreadable, UnknownConnection, UnknownPerson) as error:
        raise Problem(str(error)) from error
    finally:
        opened.close()


def actor() -> str:
    """Who runs the command, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"
