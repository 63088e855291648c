"""The import contracts hold in this tree, and each of them bites in a tree that breaks it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = ROOT / "pyproject.toml"
CONFIG = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]

#: For every contract: the module that sins, and what it imports.
SINS = {
    "rooms": [
        ("connectors.sin", "import enrichment"),
        ("enrichment.sin", "import rules"),
        ("rules.sin", "import server"),
        ("connectors.sin", "import server"),
    ],
    "config": [("rules.sin", "import config"), ("connectors.sin", "import config")],
    "config-imports-nothing": [("config.sin", "import server")],
    "pure": [
        ("enrichment.sin", "import sqlalchemy"),
        ("rules.sin", "import httpx"),
        ("enrichment.sin", "import socket"),
    ],
    "sql": [
        ("server.web.sin", "import sqlalchemy"),
        ("connectors.sin", "import sqlite3"),
        ("server.pipeline.sin", "from sqlalchemy import select"),
    ],
    "emulators": [
        ("server.pipeline.sin", "import connectors.sandbox"),
        ("server.web.sin", "import connectors.zendesk.emulator"),
    ],
    "web-stays-light": [
        ("server.web.sin", "import torch"),
        ("connectors.sin", "import flair"),
    ],
}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
    ]  # fmt: skip
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def modules_named_by_contracts() -> set[str]:
    names = set(CONFIG["root_packages"])
    for contract in CONFIG["contracts"]:
        for key in ("layers", "source_modules", "forbidden_modules"):
            for name in contract.get(key, ()):
                if name.split(".")[0] in CONFIG["root_packages"]:
                    names.add(name)
    return names


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A miniature of the project: every module a contract names, each of them empty."""
    shutil.copy(PYPROJECT, tmp_path / "pyproject.toml")
    for name in modules_named_by_contracts():
        folder = tmp_path
        for part in name.split("."):
            folder = folder / part
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
    return tmp_path


def test_every_contract_has_a_sin_to_catch() -> None:
    assert {contract["id"] for contract in CONFIG["contracts"]} == set(SINS)


def test_an_innocent_tree_keeps_all_contracts(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [(name, module, line) for name, sins in SINS.items() for module, line in sins],
)
def test_a_contract_bites(tree: Path, contract: str, module: str, line: str) -> None:
    (tree / Path(*module.split(".")).with_suffix(".py")).write_text(line + "\n")
    result = lint(tree)
    named = next(c["name"] for c in CONFIG["contracts"] if c["id"] == contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{named} BROKEN" in result.stdout.replace("\n", " ")


def test_this_project_keeps_all_contracts() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
