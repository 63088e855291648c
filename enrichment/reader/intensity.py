"""How strongly something is felt (arousal), in [0, 1].

    felt      = sum(p[e] * arousal[e]) / sum(p[e])        over the 28 emotions of a unit
    surface   = 1 - exp(-(0.5*exclamations + 0.7*shouted + 0.35*intensifiers + 0.6*curses))
    intensity = felt + (1 - felt) * 0.6 * surface          of the unit with the most

The arousal of each emotion is a prior in the order of the circumplex (Russell 1980): rage and
panic high, sadness and calm approval low. The surface counts because people who cannot raise
their voice in writing raise their type.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from ..readings import EMOTIONS

AROUSAL: dict[str, float] = {
    "admiration": 0.50, "amusement": 0.50, "anger": 0.90, "annoyance": 0.60, "approval": 0.30,
    "caring": 0.35, "confusion": 0.45, "curiosity": 0.35, "desire": 0.50, "disappointment": 0.45,
    "disapproval": 0.50, "disgust": 0.65, "embarrassment": 0.55, "excitement": 0.90, "fear": 0.85,
    "gratitude": 0.40, "grief": 0.60, "joy": 0.65, "love": 0.60, "nervousness": 0.75,
    "optimism": 0.40, "pride": 0.55, "realization": 0.35, "relief": 0.40, "remorse": 0.45,
    "sadness": 0.40, "surprise": 0.75, "neutral": 0.15,
}  # fmt: skip
_AROUSAL = np.array([AROUSAL[name] for name in EMOTIONS])
_SURFACE_SHARE = 0.6
_INTENSIFIER = re.compile(
    r"\b(?:very|really|so|extremely|absolutely|completely|totally|utterly|incredibly|beyond|deeply|"
    r"super|terribly|highly|seriously|ever|never again|immediately|asap|urgent(?:ly)?|right now|"
    r"at once|worst|best)\b",
    re.IGNORECASE,
)
_CURSE = re.compile(
    r"\b(?:hell|damn\w*|wtf|fuck\w*|shit\w*|bloody|crap\w*|bullshit|freaking|goddamn|omg|ffs)\b",
    re.IGNORECASE,
)
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
_LETTERS = re.compile(r"[^\W\d_]")


def surface_force(text: str) -> float:
    """What the type alone says, in [0, 1): exclamation marks, capitals, strong words."""
    exclamations = min(3, text.count("!"))
    shouted = min(3, len(_SHOUTED.findall(text))) if _is_shouting(text) else 0
    intensifiers = min(3, len(_INTENSIFIER.findall(text)))
    curses = min(2, len(_CURSE.findall(text)))
    force = 0.5 * exclamations + 0.7 * shouted + 0.35 * intensifiers + 0.6 * curses
    return 1.0 - math.exp(-force)


def intensity(emotions: NDArray[np.float64], texts: list[str]) -> float:
    """The intensity of a message from its units' emotion probabilities (n, 28) and wordings."""
    felt = (emotions * _AROUSAL).sum(axis=1) / np.maximum(emotions.sum(axis=1), 1e-9)
    units = [
        calm + (1.0 - calm) * _SURFACE_SHARE * surface_force(text)
        for calm, text in zip(felt.tolist(), texts, strict=True)
    ]
    return float(min(1.0, max(0.0, *units)))


def _is_shouting(text: str) -> bool:
    """Two shouted words, or a text of capitals: one alone is as likely a product or a country."""
    letters = _LETTERS.findall(text)
    capitals = sum(letter.isupper() for letter in letters)
    return len(_SHOUTED.findall(text)) >= 2 or (len(letters) >= 4 and capitals == len(letters))
