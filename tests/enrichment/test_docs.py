"""The pages on memory and fields say what the code does: the build fails when they lie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.records import RecordKind
from enrichment.fields import FIELDS, TAGS
from enrichment.memory import retention
from enrichment.priors import PRIORS, reasons

DOCS = Path(__file__).parents[2] / "docs"
MEMORY = (DOCS / "memory-model.md").read_text(encoding="utf-8")
FIELD_PAGE = (DOCS / "fields.md").read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.startswith("| "))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_prior_is_on_the_page_with_its_value_and_reason() -> None:
    table = {row[0].strip("`"): (row[1], row[2]) for row in rows(MEMORY.split("## Priors")[1])[1:]}
    assert table == {name: (f"{value:g}", reasons()[name]) for name, value in PRIORS}


def test_the_forgetting_table_on_the_page_is_what_the_code_computes() -> None:
    table = [row for row in rows(MEMORY) if re.fullmatch(r"\d+ days", row[0])]
    assert len(table) == 5
    for row in table:
        half_life = float(row[0].split()[0])
        for days, shown in zip((7, 30, 365), row[1:], strict=True):
            assert retention(days, half_life, PRIORS.psi) == pytest.approx(float(shown), abs=0.005)


def test_the_tags_on_the_page_are_those_produced() -> None:
    table = rows(MEMORY.split("## Moments produced so far")[1].split("## Arcs")[0])
    assert {row[0].strip("`") for row in table[1:]} == {tag.value for tag in TAGS}


@pytest.mark.parametrize("record", [RecordKind.TICKET, RecordKind.CONTACT])
def test_the_fields_on_the_page_are_those_of_the_catalogue(record: RecordKind) -> None:
    part = FIELD_PAGE.split(f"## On the {record.value}")[1].split("## ")[0]
    shown = [(row[0].strip("`"), row[1], row[2]) for row in rows(part)[1:]]
    assert shown == [
        (spec.key, spec.label, spec.type.value.replace("_", " "))
        for spec in FIELDS
        if spec.record is record
    ]
