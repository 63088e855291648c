"""The page about the emulator tells the truth."""

from dataclasses import fields
from pathlib import Path

import pytest

from connectors.zendesk.emulator import FaultKind, Limits, Options, People
from connectors.zendesk.emulator.server import announcement

PAGE = (Path(__file__).parents[4] / "docs" / "emulator-zendesk.md").read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    [
        *(kind.value for kind in FaultKind),
        *(each.name for each in fields(Options)),
        *(each.name for each in fields(Limits)),
    ],
)
def test_every_fault_option_and_limit_is_explained(name):
    assert f"`{name}`" in PAGE


def test_every_act_of_people_is_named():
    for name in vars(People):
        assert name.startswith("_") or name == "play" or name in PAGE


def test_what_is_printed_at_the_start_is_named(emulator):
    for name in announcement(emulator.credentials):
        assert f"`{name}`" in PAGE or name in ("system", "control_url")


def test_every_area_of_the_api_is_named(account):
    rules = {rule.rule for rule in account.app.url_map.iter_rules()}
    heads = {rule.split("/")[3] for rule in rules if rule.startswith("/api/v2/")}
    assert [head for head in sorted(heads) if f"`{head}`" not in PAGE] == []
    controls = {rule.split("/")[2] for rule in rules if rule.startswith("/_control/")}
    assert [head for head in sorted(controls) if f"/{head}" not in PAGE] == []
