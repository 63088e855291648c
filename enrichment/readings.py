"""What the model says of one customer's words: a reading, with the words that show it.

Unknown is not neutral: a reading that could not be made has no emotions, no sentiment and a
reason in ``unknown``. Everything downstream must treat it as silence, not as calm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

#: The 28 labels of GoEmotions (Demszky et al. 2020), in the order the model's head has them.
EMOTIONS: tuple[str, ...] = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion",
    "curiosity", "desire", "disappointment", "disapproval", "disgust", "embarrassment",
    "excitement", "fear", "gratitude", "grief", "joy", "love", "nervousness", "optimism",
    "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)  # fmt: skip

#: How the reason of an unknown reading begins when there were words to read and the reader would
#: have had to guess (as opposed to: no words, another language).
UNSURE = "unsure"


class Sentiment(StrEnum):
    """Five steps, as agents see them. There is no step for "unknown": that is ``None``."""

    VERY_NEGATIVE = "very_negative"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    VERY_POSITIVE = "very_positive"

    @classmethod
    def from_valence(cls, valence: float) -> Sentiment:
        """The step for a valence in [-1, 1]; the outer steps begin at 0.6, neutral within 0.2."""
        if valence <= -0.6:
            return cls.VERY_NEGATIVE
        if valence < -0.2:
            return cls.NEGATIVE
        if valence <= 0.2:
            return cls.NEUTRAL
        if valence < 0.6:
            return cls.POSITIVE
        return cls.VERY_POSITIVE


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where in the original text the evidence stands: ``text[start:end] == quote``."""

    start: int
    end: int
    quote: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs 0 <= start < end, not {self.start}..{self.end}")


@dataclass(frozen=True, kw_only=True)
class SentenceReading:
    """One sentence (or clause) of the text and what the model said of it alone."""

    span: Span
    emotions: Mapping[str, float]
    valence: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one piece of customer text says.

    ``emotions``: all 28 probabilities in [0, 1], empty when unknown. ``labels``: the emotions
    above their thresholds, strongest first ("neutral" is never a label here). ``valence`` in
    [-1, 1], ``intensity`` (arousal) in [0, 1], ``confidence`` in [0, 1] belongs to the
    sentiment. ``evidence``: the span that best shows each label, and under the key
    ``"sentiment"`` the one that best shows the sentiment. ``unknown``: why nothing was read.
    """

    model: str
    language: str | None
    emotions: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    labels: tuple[str, ...] = ()
    sentiment: Sentiment | None = None
    valence: float | None = None
    intensity: float | None = None
    confidence: float | None = None
    evidence: Mapping[str, Span] = field(default_factory=lambda: MappingProxyType({}))
    sentences: tuple[SentenceReading, ...] = ()
    unknown: str | None = None

    def __post_init__(self) -> None:
        known = self.unknown is None
        if known and (self.valence is None or self.intensity is None or not self.emotions):
            raise ValueError("a reading has emotions, valence and intensity, or says why not")
        if not known and (self.emotions or self.labels or self.sentiment is not None):
            raise ValueError("an unknown reading carries no label: unknown is not neutral")
        for name in ("intensity", "confidence"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} lies in [0, 1], not {value}")
        if self.valence is not None and not -1.0 <= self.valence <= 1.0:
            raise ValueError(f"valence lies in [-1, 1], not {self.valence}")

    @property
    def is_known(self) -> bool:
        return self.unknown is None

    @property
    def top(self) -> str | None:
        """The strongest label, or None when no emotion stands out."""
        return self.labels[0] if self.labels else None


class Reads(Protocol):
    """Anything that turns customers' words into readings; the same words give the same reading."""

    @property
    def model(self) -> str:
        """Name and version, part of every key under which a reading is stored."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text, in order. Never raises for what a text contains."""
