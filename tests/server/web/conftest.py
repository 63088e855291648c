"""The world of ``world.py`` as fixtures: on SQLite, and where it matters on PostgreSQL too."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.store import Database, open_database


def _load() -> ModuleType:
    path = Path(__file__).with_name("world.py")
    name = "keepsake_tests_world"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def world_module() -> ModuleType:
    return _load()


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "web.db")
    with open_database(f"sqlite:///{tmp_path / 'web.db'}") as opened:
        yield opened


@pytest.fixture
def empty(world_module: ModuleType, sqlite: Database) -> Any:
    """Users and tokens, and nothing else."""
    return world_module.make(sqlite)


@pytest.fixture
def world(world_module: ModuleType, empty: Any) -> Any:
    """A helpdesk with customers, moments and interventions."""
    return world_module.fill(empty)


@pytest.fixture
def app(world: Any) -> Flask:
    made: Flask = world.app()
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def csrf(client: FlaskClient, path: str = "/login") -> str:
    """A form token out of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found.group(1)


@pytest.fixture
def form_token() -> Callable[..., str]:
    return csrf


@pytest.fixture
def log_in(world_module: ModuleType) -> Callable[..., FlaskClient]:
    def enter(app: Flask, role: str = "manager") -> FlaskClient:
        client = app.test_client()
        answer = client.post(
            "/login",
            data={
                "login": role,
                "password": world_module.PASSWORD,
                "csrf_token": csrf(client),
            },
        )
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return client

    return enter


@pytest.fixture
def me(app: Flask, log_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A manager's browser, logged in."""
    return log_in(app)
