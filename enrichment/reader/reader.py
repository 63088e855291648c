"""The reader: customers' words in, readings out, silent where it would have to guess.

The order of doubts: nothing of the customer's own to read; not English; then, with the model's
scores at hand, likely sarcasm; words that pull both ways; a sentiment barely above chance. In
each case the reading is unknown and says why, because unknown is not neutral.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..readings import EMOTIONS, Reading, SentenceReading, Sentiment, Span
from . import doubt, language, scoring
from .artefact import Calibration, calibration, default_folder, verify
from .intensity import intensity
from .prepare import prepare
from .sentences import Unit, units
from .surface import model_text

if TYPE_CHECKING:
    from .classifier import JointClassifier
    from .encoder import Encoder

SARCASM = "unsure: possible sarcasm"
MIXED = "unsure: mixed signals"
WEAK = "unsure: no clear sentiment"
NOTHING_NEW = "no words of the customer's own"
_CLEARLY_NEGATIVE = -0.4
_PLACES = 4  # readings are compared and stored: no digits beyond what the model can mean


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A text on its way: its units, or why there are none."""

    text: str
    language: str | None = None
    units: tuple[Unit, ...] = ()
    wordings: tuple[str, ...] = ()
    unknown: str | None = None


class Reader:
    """Reads with the shipped model; made by ``load_reader``. Safe to share between threads."""

    def __init__(
        self,
        *,
        model: str,
        encoder: Encoder,
        classifier: JointClassifier,
        calibration: Calibration,
    ) -> None:
        self._model = model
        self._encoder = encoder
        self._classifier = classifier
        self._calibration = calibration

    @property
    def model(self) -> str:
        """Name and version of the artefact, part of the key of every stored reading."""
        return self._model

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text, in order. Never raises for what a text contains."""
        drafts = [_draft(text) for text in texts]
        wordings = [wording for draft in drafts for wording in draft.wordings]
        if not wordings:
            return [self._unknown(draft, draft.unknown or NOTHING_NEW) for draft in drafts]
        _, scores = self._classifier.predict(wordings)
        found = scoring.unit_scores(scores.emotion, scores.sentiment, self._calibration)
        readings = []
        at = 0
        for draft in drafts:
            part = slice(at, at + len(draft.wordings))
            at = part.stop
            readings.append(
                self._reading(
                    draft,
                    scoring.UnitScores(emotions=found.emotions[part], classes=found.classes[part]),
                )
            )
        return readings

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings for recall, (n, 384), of length 1; a text without words gives zeros."""
        return self._encoder.embed(texts)

    def close(self) -> None:
        """End the reader's threads."""
        self._encoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reading(self, draft: _Draft, scores: scoring.UnitScores) -> Reading:
        if draft.unknown is not None or not draft.units:
            return self._unknown(draft, draft.unknown or NOTHING_NEW)
        believed = _believed(draft, scores)
        if not believed:
            return self._unknown(draft, SARCASM)
        draft = replace(draft, units=tuple(draft.units[n] for n in believed))
        scores = scoring.UnitScores(
            emotions=scores.emotions[believed], classes=scores.classes[believed]
        )
        verdict = scoring.weigh(scores, [unit.role for unit in draft.units])
        if verdict.is_torn:
            return self._unknown(draft, MIXED)
        if verdict.confidence < scoring.LEAST_CONFIDENCE:
            return self._unknown(draft, WEAK)
        labels = scoring.labels(scores, self._calibration)
        spans = [
            Span(start=unit.start, end=unit.end, quote=draft.text[unit.start : unit.end])
            for unit in draft.units
        ]
        valence = round(verdict.valence, _PLACES)
        evidence = {label.emotion: spans[label.unit] for label in labels}
        return Reading(
            model=self._model,
            language=draft.language,
            emotions=_rounded(scoring.message_emotions(scores)),
            labels=tuple(label.emotion for label in labels),
            sentiment=Sentiment.from_valence(valence),
            valence=valence,
            intensity=round(intensity(scores.emotions, [span.quote for span in spans]), _PLACES),
            confidence=round(verdict.confidence, _PLACES),
            evidence={**evidence, "sentiment": spans[verdict.unit]},
            sentences=tuple(
                SentenceReading(
                    span=span,
                    emotions=_rounded(dict(zip(EMOTIONS, emotions, strict=True))),
                    valence=round(float(value), _PLACES),
                    confidence=round(float(confidence), _PLACES),
                )
                for span, emotions, value, confidence in zip(
                    spans,
                    scores.emotions.tolist(),
                    scores.valence,
                    scores.classes.max(axis=1),
                    strict=True,
                )
            ),
        )

    def _unknown(self, draft: _Draft, why: str) -> Reading:
        return Reading(model=self._model, language=draft.language, unknown=why)


def load_reader(folder: Path | None = None, *, threads: int = 2) -> Reader:
    """The reader of the model in ``folder`` (the shipped one if None), about 6 s the first time.

    Files are checked against their checksums first. Raises ``ArtefactError``.
    """
    folder = default_folder() if folder is None else folder
    verify(folder)
    settings = calibration(folder)
    # torch, flair and onnxruntime are loaded here and not on import: the web process needs none.
    from .classifier import JointClassifier, quieten
    from .encoder import Encoder

    quieten()
    encoder = Encoder(folder, threads=threads)
    classifier = JointClassifier(encoder, dict(settings.thresholds))
    return Reader(model=folder.name, encoder=encoder, classifier=classifier, calibration=settings)


def _draft(text: str) -> _Draft:
    kept = prepare(text)
    own = "\n".join(text[part.start : part.end] for part in kept)
    if not own:
        return _Draft(text=text, unknown=NOTHING_NEW if text.strip() else "too little text")
    verdict = language.judge(own)
    if verdict.unknown is not None:
        return _Draft(text=text, language=verdict.language, unknown=verdict.unknown)
    found = [(unit, model_text(text[unit.start : unit.end])) for unit in units(text, kept)]
    found = [(unit, wording) for unit, wording in found if wording]
    return _Draft(
        text=text,
        language=verdict.language,
        units=tuple(unit for unit, _ in found),
        wordings=tuple(wording for _, wording in found),
        unknown=None if found else "too little text",
    )


def _believed(draft: _Draft, scores: scoring.UnitScores) -> list[int]:
    """The units to go by: all, or without the doubtful ones, or none if these leave it open.

    A jibe in a message that complains openly elsewhere changes nothing and is passed over.
    """
    parts = [draft.text[unit.start : unit.end] for unit in draft.units]
    beside = ["", *parts, ""]
    plain = [
        n
        for n, part in enumerate(parts)
        if not doubt.is_sarcastic(part, following=beside[n + 2], previous=beside[n])
        and not doubt.is_understated(part)
    ]
    if len(plain) == len(parts) or (plain and scores.valence[plain].min() <= _CLEARLY_NEGATIVE):
        return plain
    return []


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, _PLACES) for name, value in values.items()}
