"""A reader that needs no model: one word decides. For tests in which reading is not the point.

It is handed in where the real one would be (``Home(load_reader=...)``), so nothing is patched.
"""

from __future__ import annotations

import hashlib
import math
import random
import threading
from collections import Counter
from collections.abc import Sequence

from enrichment.readings import EMOTIONS, Reading, Sentiment, Span

#: The word looked for, the emotion it stands for, valence and intensity.
WORDS = (
    ("furious", "anger", -0.9, 0.9),
    ("annoyed", "annoyance", -0.6, 0.6),
    ("disappointed", "disappointment", -0.5, 0.5),
    ("grateful", "gratitude", 0.8, 0.6),
    ("delighted", "joy", 0.8, 0.7),
)
SIZE = 64


class PlainReader:
    """``read_texts`` counts what was read, so that tests can say that nothing was read twice."""

    model = "plain@1"

    def __init__(self) -> None:
        self.read_texts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def read(self, texts: Sequence[str]) -> list[Reading]:
        with self._lock:
            self.read_texts.update(texts)
        return [self._reading(text) for text in texts]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Texts with the same first line (a ticket's subject) lie together, others far apart."""
        return [_place(text.partition("\n")[0]) for text in texts]

    def _reading(self, text: str) -> Reading:
        for word, emotion, valence, intensity in WORDS:
            at = text.casefold().find(word)
            if at >= 0:
                span = Span(start=at, end=at + len(word), quote=text[at : at + len(word)])
                return Reading(
                    model=self.model,
                    language="en",
                    emotions={**dict.fromkeys(EMOTIONS, 0.01), emotion: 0.9},
                    labels=(emotion,),
                    sentiment=Sentiment.from_valence(valence),
                    valence=valence,
                    intensity=intensity,
                    confidence=0.9,
                    evidence={emotion: span, "sentiment": span},
                )
        if not text.strip():
            return Reading(model=self.model, language=None, unknown="too little text")
        return Reading(
            model=self.model,
            language="en",
            emotions={**dict.fromkeys(EMOTIONS, 0.01), "neutral": 0.9},
            sentiment=Sentiment.NEUTRAL,
            valence=0.0,
            intensity=0.1,
            confidence=0.8,
        )


def _place(subject: str) -> list[float]:
    dice = random.Random(hashlib.sha256(subject.encode()).digest())
    numbers = [dice.gauss(0.0, 1.0) for _ in range(SIZE)]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]
