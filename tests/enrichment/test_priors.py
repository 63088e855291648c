"""The one table of figures: each has a reason, nonsense is refused, a change has a new version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enrichment.priors import PRIORS, Priors, reasons


def test_every_prior_says_why() -> None:
    assert set(reasons()) == {name for name, _ in PRIORS}
    assert all(len(why) > 10 for why in reasons().values())


def test_another_figure_is_another_version() -> None:
    assert replace(PRIORS, psi=0.2).version != PRIORS.version
    assert Priors().version == PRIORS.version


@pytest.mark.parametrize(
    "wrong",
    [{"psi": 0.6}, {"share_recovery": 0.0}, {"severity_money": 1.5}, {"seen_kept": 0}],
)
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        replace(PRIORS, **wrong)
