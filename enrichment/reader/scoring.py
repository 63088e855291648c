"""From the raw outputs of a message's units to one reading of the message.

Every weight is a prior with its reason beside it. The message is not the mean of its sentences:
facts weigh little, complaints weigh double (losses loom larger than gains), what stands after
"but" is what was meant, and the last word stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..readings import EMOTIONS, Sentiment
from .artefact import Calibration, Shift
from .sentences import Role

Floats = NDArray[np.float64]

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
NEGATIVE_EMOTIONS = (
    "fear", "nervousness", "remorse", "embarrassment", "disappointment", "sadness", "grief",
    "disgust", "anger", "annoyance", "disapproval",
)  # fmt: skip
POSITIVE_EMOTIONS = (
    "amusement", "excitement", "joy", "love", "desire", "optimism", "caring", "pride",
    "admiration", "gratitude", "relief", "approval",
)  # fmt: skip
_PLAINLY_GLAD = ("joy", "gratitude", "relief", "admiration", "love", "excitement", "amusement")
_NEUTRAL_LABEL = EMOTIONS.index("neutral")
_MOST_LABELS = 5
_SUREST = 0.9  # no threshold is raised above this
#: A unit with nothing to feel about still counts this much, so that calm has a say.
_LEAST_WEIGHT = 0.02
_NEGATIVITY = 2.0
_ROLE = {Role.PLAIN: 1.0, Role.TURN: 1.5, Role.CONCESSION: 0.5}
_LAST = 1.25
#: Both poles above this, of the message as a whole: the words pull both ways, nobody can tell.
_TORN = 0.36
#: A class needs more than chance (a third) to be shown as anything.
LEAST_CONFIDENCE = 0.40
#: An emotion this sure against the sentiment of the same words: one of the two is wrong.
_AT_ODDS = 0.6


@dataclass(frozen=True, kw_only=True)
class UnitScores:
    """Probabilities of each unit: emotions (n, 28), classes (n, 3)."""

    emotions: Floats
    classes: Floats

    @property
    def valence(self) -> Floats:
        """(n,) in [-1, 1]."""
        found: Floats = self.classes[:, POSITIVE] - self.classes[:, NEGATIVE]
        return found


@dataclass(frozen=True, kw_only=True)
class Label:
    """An emotion that stands out, how strongly, and the number of the unit that shows it."""

    emotion: str
    probability: float
    unit: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Sentiment of the whole message, and the number of the unit that shows it best."""

    valence: float
    confidence: float
    unit: int
    is_torn: bool


def unit_scores(
    emotion: NDArray[np.float32], sentiment: NDArray[np.float32], calibration: Calibration
) -> UnitScores:
    """Logits to probabilities, the sentiment's as ``class_probabilities`` has them."""
    emotions = 1.0 / (1.0 + np.exp(-emotion.astype(np.float64)))
    classes = class_probabilities(sentiment, emotions, calibration.temperature, calibration.calm)
    return UnitScores(emotions=emotions, classes=classes)


def class_probabilities(
    logits: NDArray[np.float32], emotions: NDArray[Any], temperature: float, calm: float
) -> Floats:
    """Softmax at a temperature, then held against the emotions; (n, 3).

    The sentiment head alone takes a bare fact ("the page says account not found") for a
    complaint. Where the emotions are neutral, each pole gives a share to the middle:
    ``calm * P(neutral emotion) * (1 - P(strongest emotion of that pole))``. Both numbers are
    those with the least log-loss on development data.
    """
    cooled = logits.astype(np.float64) / temperature
    raised = np.exp(cooled - cooled.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    for pole, names in ((NEGATIVE, NEGATIVE_EMOTIONS), (POSITIVE, POSITIVE_EMOTIONS)):
        felt = emotions[:, [EMOTIONS.index(name) for name in names]].max(axis=1)
        given = found[:, pole] * calm * emotions[:, _NEUTRAL_LABEL] * (1.0 - felt)
        found[:, pole] -= given
        found[:, NEUTRAL] += given
    return found


def weigh(scores: UnitScores, roles: Sequence[Role]) -> Verdict:
    """The message's valence: sum(w * v) / sum(w), with the weights named above."""
    valence = scores.valence
    weights = _LEAST_WEIGHT + (1.0 - scores.classes[:, NEUTRAL]) ** 2
    weights = weights * np.array([_ROLE[role] for role in roles])
    weights = weights * np.where(valence < 0, _NEGATIVITY, 1.0)
    weights[-1] *= _LAST
    total = float(weights.sum())
    whole = float((weights * valence).sum() / total)
    classes = (weights[:, None] * scores.classes).sum(axis=0) / total
    step = Sentiment.from_valence(whole)
    if step in (Sentiment.NEGATIVE, Sentiment.VERY_NEGATIVE):
        chosen, shows = NEGATIVE, -valence * weights
    elif step is Sentiment.NEUTRAL:
        chosen, shows = NEUTRAL, scores.classes[:, NEUTRAL]
    else:
        chosen, shows = POSITIVE, valence * weights
    return Verdict(
        valence=min(1.0, max(-1.0, whole)),
        confidence=float(min(1.0, classes[chosen])),
        unit=int(shows.argmax()),
        is_torn=bool(min(classes[NEGATIVE], classes[POSITIVE]) >= _TORN)
        or _is_at_odds(scores.emotions[int(shows.argmax())], chosen),
    )


def _is_at_odds(emotions: Floats, chosen: int) -> bool:
    """Whether the deciding unit's emotions speak surely for the other pole."""
    glad = emotions[[EMOTIONS.index(name) for name in _PLAINLY_GLAD]].max()
    sore = emotions[[EMOTIONS.index(name) for name in NEGATIVE_EMOTIONS]].max()
    if chosen == NEGATIVE:
        return bool(glad >= _AT_ODDS and glad > sore)
    return bool(chosen == POSITIVE and sore >= _AT_ODDS and sore > glad)


def message_emotions(scores: UnitScores) -> dict[str, float]:
    """Each emotion as strong as in the unit that shows it most; "neutral" is the mean."""
    strongest = scores.emotions.max(axis=0)
    strongest[_NEUTRAL_LABEL] = scores.emotions[:, _NEUTRAL_LABEL].mean()
    return {name: float(strongest[n]) for n, name in enumerate(EMOTIONS)}


def labels(scores: UnitScores, calibration: Calibration) -> list[Label]:
    """The emotions over their thresholds in at least one unit, strongest first, at most five."""
    cuts = np.tile([calibration.thresholds[name] for name in EMOTIONS], (len(scores.classes), 1))
    for shift, column in ((calibration.negative, NEGATIVE), (calibration.positive, POSITIVE)):
        cuts = _shifted(cuts, shift, scores.classes[:, column], calibration.lowest)
    over = np.where(scores.emotions > cuts, scores.emotions, 0.0)
    over[:, _NEUTRAL_LABEL] = 0.0
    units = over.argmax(axis=0)
    found = [
        Label(emotion=name, probability=float(over[units[n], n]), unit=int(units[n]))
        for n, name in enumerate(EMOTIONS)
        if over[units[n], n] > 0.0
    ]
    return sorted(found, key=lambda label: -label.probability)[:_MOST_LABELS]


def _shifted(cuts: Floats, shift: Shift, gate: Floats, lowest: float) -> Floats:
    """Thresholds as they hold for text unlike Reddit: lower where the sentiment head agrees.

    And higher for emotions that contradict it.
    """
    columns = [EMOTIONS.index(name) for name in shift.emotions]
    others = [EMOTIONS.index(name) for name in shift.contrary]
    moved = cuts.copy()
    moved[:, columns] = np.minimum(
        cuts[:, columns], np.maximum(cuts[:, columns] * shift.factor, lowest)
    )
    moved[:, others] = np.minimum(cuts[:, others] * shift.contrary_factor, _SUREST)
    found: Floats = np.where((gate >= shift.gate)[:, None], moved, cuts)
    return found
