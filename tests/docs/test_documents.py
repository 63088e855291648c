"""What the documents say must be so: links lead somewhere, commands exist, nothing private leaks."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli.main import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
] or [path for path in ROOT.rglob("*") if ".venv" not in path.parts and path.is_file()]
DOCUMENTS = sorted(path for path in TRACKED if path.suffix == ".md" and path.exists())
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:^|[`(])\s*keepsake ((?:[a-z]+)(?: [a-z]+)?)", re.M)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_a_document_names_exists(document: Path) -> None:
    named = {found.split()[0] for found in COMMAND.findall(document.read_text())}
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert len(result.output.splitlines()) > 4


def test_the_list_of_commands_names_them_all() -> None:
    listed = CliRunner().invoke(cli, ["--help"]).output
    assert all(re.search(rf"^  {name} ", listed, re.M) for name in COMMANDS)


def test_the_readme_is_about_what_a_newcomer_needs() -> None:
    readme = (ROOT / "README.md").read_text()
    for needed in ("make demo", "make test", "keepsake connect zendesk", "GPL", "not there yet"):
        assert needed in readme


def test_no_file_names_the_machine_it_was_written_on() -> None:
    private = re.compile(rf"{re.escape(str(ROOT))}/|/home/[a-z]+/|/Users/[A-Za-z]+/")
    texts = {".py", ".md", ".toml", ".yaml", ".json", ".txt", ".cfg", ".html", ".svg", ""}
    found = [
        path.relative_to(ROOT)
        for path in TRACKED
        if path.suffix in texts
        and path.exists()
        and path != Path(__file__)
        and path.stat().st_size < 500_000
        and private.search(path.read_text(errors="replace"))
    ]
    assert not found
