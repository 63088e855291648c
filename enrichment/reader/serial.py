"""Readings as plain JSON values and back, for whoever stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..readings import Reading, SentenceReading, Sentiment, Span

_PLACES = 4  # digits kept: the model is not surer than that


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """A dict of JSON values; ``reading_from_json`` gives an equal reading, up to four digits."""
    return {
        "model": reading.model,
        "language": reading.language,
        "emotions": _rounded(reading.emotions),
        "labels": list(reading.labels),
        "sentiment": reading.sentiment.value if reading.sentiment is not None else None,
        "valence": _round(reading.valence),
        "intensity": _round(reading.intensity),
        "confidence": _round(reading.confidence),
        "evidence": {name: _span_to_json(span) for name, span in reading.evidence.items()},
        "sentences": [
            {
                "span": _span_to_json(sentence.span),
                "emotions": _rounded(sentence.emotions),
                "valence": _round(sentence.valence),
                "confidence": _round(sentence.confidence),
            }
            for sentence in reading.sentences
        ],
        "unknown": reading.unknown,
    }


def reading_from_json(raw: Mapping[str, Any]) -> Reading:
    """The reading that was stored. Raises ``ValueError`` when it is not one."""
    try:
        return Reading(
            model=raw["model"],
            language=raw["language"],
            emotions=dict(raw["emotions"]),
            labels=tuple(raw["labels"]),
            sentiment=Sentiment(raw["sentiment"]) if raw["sentiment"] is not None else None,
            valence=raw["valence"],
            intensity=raw["intensity"],
            confidence=raw["confidence"],
            evidence={name: _span_from_json(span) for name, span in raw["evidence"].items()},
            sentences=tuple(
                SentenceReading(
                    span=_span_from_json(sentence["span"]),
                    emotions=dict(sentence["emotions"]),
                    valence=sentence["valence"],
                    confidence=sentence["confidence"],
                )
                for sentence in raw["sentences"]
            ),
            unknown=raw["unknown"],
        )
    except (KeyError, TypeError, AttributeError) as broken:
        raise ValueError(f"not a stored reading: {broken!r}") from broken


def _span_to_json(span: Span) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "quote": span.quote}


def _span_from_json(raw: Mapping[str, Any]) -> Span:
    return Span(start=raw["start"], end=raw["end"], quote=raw["quote"])


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _PLACES) for name, value in values.items()}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES)
