"""How sentences add up to a message."""

from __future__ import annotations

import numpy as np
import pytest

from enrichment.reader.artefact import Calibration, Shift
from enrichment.reader.intensity import AROUSAL, surface_force
from enrichment.reader.scoring import UnitScores, labels, unit_scores, weigh
from enrichment.reader.sentences import Role
from enrichment.readings import EMOTIONS

NEGATIVE = (0.8, 0.15, 0.05)
NEUTRAL = (0.05, 0.9, 0.05)
POSITIVE = (0.05, 0.15, 0.8)


def scores(*classes: tuple[float, float, float], **emotions: float) -> UnitScores:
    found = np.full((len(classes), 28), 0.01)
    for name, value in emotions.items():
        found[:, EMOTIONS.index(name)] = value
    return UnitScores(emotions=found, classes=np.array(classes))


def calibrated() -> Calibration:
    return Calibration(
        thresholds=dict.fromkeys(EMOTIONS, 0.4),
        temperature=1.0,
        calm=0.0,
        lowest=0.05,
        negative=Shift(
            emotions=("anger",), factor=0.25, gate=0.5, contrary=("joy",), contrary_factor=2.0
        ),
        positive=Shift(
            emotions=("joy",), factor=0.5, gate=0.6, contrary=("anger",), contrary_factor=2.0
        ),
    )


def test_facts_around_a_complaint_do_not_dilute_it() -> None:
    verdict = weigh(scores(NEUTRAL, NEUTRAL, NEGATIVE, NEUTRAL), [Role.PLAIN] * 4)
    assert verdict.valence < -0.4
    assert verdict.unit == 2


def test_a_complaint_outweighs_a_compliment() -> None:
    assert weigh(scores(POSITIVE, NEGATIVE), [Role.PLAIN] * 2).valence < -0.2


def test_a_concession_yields_to_what_follows() -> None:
    plain = weigh(scores(NEGATIVE, POSITIVE), [Role.PLAIN, Role.PLAIN]).valence
    turned = weigh(scores(NEGATIVE, POSITIVE), [Role.CONCESSION, Role.TURN]).valence
    assert turned > plain


def test_words_that_pull_both_ways_are_torn() -> None:
    assert weigh(scores((0.45, 0.1, 0.45)), [Role.PLAIN]).is_torn
    assert not weigh(scores(NEGATIVE), [Role.PLAIN]).is_torn


def test_thresholds_fall_only_where_the_sentiment_agrees() -> None:
    assert [x.emotion for x in labels(scores(NEGATIVE, anger=0.15), calibrated())] == ["anger"]
    assert labels(scores(NEUTRAL, anger=0.15), calibrated()) == []
    assert labels(scores(NEGATIVE, joy=0.5), calibrated()) == []
    assert labels(scores(NEUTRAL, joy=0.5), calibrated())[0].emotion == "joy"


def test_neutral_is_never_a_label() -> None:
    assert labels(scores(NEUTRAL, neutral=0.99), calibrated()) == []


def test_the_temperature_softens_and_keeps_the_order() -> None:
    logits = np.array([[2.0, 0.0, -2.0]], dtype=np.float32)
    emotions = np.zeros((1, 28), dtype=np.float32)
    found = unit_scores(emotions, logits, calibrated())
    assert found.classes.sum() == pytest.approx(1.0)
    assert found.classes[0].argmax() == 0
    assert found.emotions[0, 0] == pytest.approx(0.5)


def test_every_emotion_has_its_arousal() -> None:
    assert set(AROUSAL) == set(EMOTIONS)
    assert all(0.0 < value < 1.0 for value in AROUSAL.values())


def test_type_has_force() -> None:
    assert surface_force("this does not work") == 0.0
    assert surface_force("This does not work!!!") > 0.7
    assert surface_force("THIS DOES NOT WORK") > surface_force("the NATO office")
