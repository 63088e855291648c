"""Each connector says honestly how far it goes, and proof stands behind every "done"."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTS = sorted(ROOT.glob("connectors/*/quality.toml"))


def test_there_is_a_list_for_every_connector() -> None:
    folders = {path.parent for path in ROOT.glob("connectors/*/connector.py")}
    assert {path.parent for path in LISTS} == folders


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_the_list_is_honest(path: Path) -> None:
    for name, rule in tomllib.loads(path.read_text()).items():
        assert rule["says"].endswith("."), name
        match rule["status"]:
            case "done":
                file, _, test = rule["proof"].partition("::")
                found = (ROOT / file).read_text()
                assert re.search(rf"def {re.escape(test)}\(", found), f"{name}: no such test"
            case "todo" | "exempt":
                assert rule["why"].endswith("."), name
            case other:
                raise AssertionError(f"{name}: {other!r} is no status")


def test_all_lists_have_the_same_rules() -> None:
    rules = [set(tomllib.loads(path.read_text())) for path in LISTS]
    assert all(names == rules[0] for names in rules)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_the_folder_has_the_files_every_connector_has(path: Path) -> None:
    wanted = {"README.md", "connector.py", "client.py", "auth.py", "mapping.py", "webhook.py"}
    wanted |= {"provisioning.py"}
    assert wanted <= {file.name for file in path.parent.iterdir()}
