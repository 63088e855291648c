"""Thresholds from development data, then one look at each test set.

Nothing here chooses anything by a test figure: thresholds, temperature and the lowering for
service text come from the development splits, in full precision. The shipped int8 file is then
measured as the reader runs it, one text at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from ..reader.encoder import Encoder
from ..reader.scoring import NEGATIVE_EMOTIONS, POSITIVE_EMOTIONS, class_probabilities
from ..readings import EMOTIONS
from . import data
from .model import (
    batch,
    empty_model,
    mean_pool,
    new_encoder,
    pieces,
    starting_point,
    tokenizer,
)

log = logging.getLogger(__name__)
Matrix = NDArray[np.float32]

EKMAN = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "joy", "amusement", "approval", "excitement", "gratitude", "love", "optimism", "relief",
        "pride", "admiration", "desire", "caring",
    ),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
    "neutral": ("neutral",),
}  # fmt: skip
POLARITY = {
    "positive": POSITIVE_EMOTIONS,
    "negative": NEGATIVE_EMOTIONS,
    "ambiguous": ("realization", "surprise", "curiosity", "confusion"),
    "neutral": ("neutral",),
}


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Emotion probabilities (n, 28), sentiment logits (n, 3), embeddings (n, 384)."""

    emotion: Matrix
    sentiment: Matrix
    embedding: Matrix


def in_full(state: Path, texts: Sequence[str], *, longest: int = 128) -> Predictions:
    """What the unquantised model says, in batches of like length."""
    start = starting_point()
    model = empty_model(start)
    model.load_state_dict(torch.load(state, weights_only=True))
    model.eval()
    rows = pieces(tokenizer(start), texts, longest=longest)
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
    parts: list[list[Matrix]] = [[], [], []]
    with torch.no_grad():
        for first in range(0, len(order), 64):
            ids, mask = batch([rows[n] for n in order[first : first + 64]])
            for part, found in zip(parts, model(ids, mask), strict=True):
                part.append(found.numpy())
    back = np.argsort(np.array(order))
    emotion, sentiment, embedding = (np.concatenate(part)[back] for part in parts)
    return Predictions(emotion=_sigmoid(emotion), sentiment=sentiment, embedding=embedding)


def as_shipped(folder: Path, texts: Sequence[str], *, threads: int = 2) -> Predictions:
    """What the int8 file says, text by text."""
    encoder = Encoder(folder, threads=threads)
    found = encoder.run(texts)
    encoder.close()
    return Predictions(
        emotion=_sigmoid(found.emotion), sentiment=found.sentiment, embedding=found.embedding
    )


def original_embeddings(texts: Sequence[str]) -> Matrix:
    """The untouched MiniLM's embeddings, what ours were held near to."""
    start = starting_point()
    encoder = new_encoder(start).eval()
    rows = pieces(tokenizer(start), texts, longest=128)
    found = []
    with torch.no_grad():
        for first in range(0, len(rows), 64):
            ids, mask = batch(rows[first : first + 64])
            words = encoder(input_ids=ids, attention_mask=mask)[0]
            found.append(mean_pool(words, mask).numpy())
    return np.concatenate(found)


def neighbours(embeddings: Matrix, groups: Sequence[str], *, count: int = 5) -> float:
    """The share of each text's nearest others that are of its own group."""
    near = embeddings @ embeddings.T
    np.fill_diagonal(near, -1)
    best = np.argpartition(-near, count, axis=1)[:, :count]
    names = np.array(groups)
    return float((names[best] == names[:, None]).mean())


def tune(dev: Predictions, truth: Matrix) -> dict[str, float]:
    """Per emotion the threshold with the best F1 on the development split, ties to the middle."""
    steps = np.arange(0.03, 0.91, 0.01)
    found = {}
    for n, name in enumerate(EMOTIONS):
        scores = np.array([_f1(truth[:, n], dev.emotion[:, n] > step) for step in steps])
        # A rare label's curve is ragged: smoothing keeps one lucky row from choosing.
        smooth = np.convolve(np.pad(scores, 3, mode="edge"), np.ones(7) / 7, mode="valid")
        found[name] = round(float(steps[int(smooth.argmax())]), 2)
    return found


def calibrate(dev: Predictions, truth: NDArray[np.int64]) -> tuple[float, float]:
    """The softmax temperature and the share of calm with the least log-loss, in this order."""
    best = (np.inf, 1.0, 0.0)
    rows = np.arange(len(truth))
    for heat in np.arange(0.6, 2.41, 0.1):
        for calm in np.arange(0.0, 1.01, 0.1):
            found = class_probabilities(dev.sentiment, dev.emotion, heat, calm)
            loss = float(-np.log(found[rows, truth] + 1e-9).mean())
            best = min(best, (loss, round(float(heat), 2), round(float(calm), 2)))
    return best[1], best[2]


def emotion_figures(
    found: Predictions, truth: Matrix, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Macro- and micro-F1 of 28 labels with a bootstrap interval, and of both groupings."""
    cut = np.array([thresholds[name] for name in EMOTIONS], dtype=np.float32)
    said = found.emotion > cut
    each = {name: round(_f1(truth[:, n], said[:, n]), 3) for n, name in enumerate(EMOTIONS)}
    return {
        "macro_f1": round(float(np.mean(list(each.values()))), 4),
        "macro_f1_95": _interval(truth, said),
        "micro_f1": round(_f1(truth.ravel(), said.ravel()), 4),
        "ekman_macro_f1": _grouped(truth, said, EKMAN),
        "polarity_macro_f1": _grouped(truth, said, POLARITY),
        "by_label": each,
        "rows": len(truth),
    }


def sentiment_figures(
    found: Predictions, truth: NDArray[np.int64], heat: float, calm: float
) -> dict[str, Any]:
    """Accuracy, macro-F1 and how far the calibrated confidence is from the hit rate (ECE)."""
    classes_found = class_probabilities(found.sentiment, found.emotion, heat, calm)
    said = classes_found.argmax(1)
    confidence = classes_found.max(1)
    gap = 0.0
    for low in np.arange(0.3, 1.0, 0.1):
        inside = (confidence > low) & (confidence <= low + 0.1)
        if inside.any():
            hit_rate = float((said == truth)[inside].mean())
            gap += float(inside.mean()) * abs(hit_rate - float(confidence[inside].mean()))
    return {
        "accuracy": round(float(accuracy_score(truth, said)), 4),
        "macro_f1": round(float(f1_score(truth, said, average="macro")), 4),
        "calibration_error": round(gap, 4),
        "rows": len(truth),
    }


def hot(examples: Sequence[data.Example]) -> Matrix:
    """The labels as a matrix of zeros and ones."""
    found = np.zeros((len(examples), len(EMOTIONS)), dtype=np.float32)
    for n, example in enumerate(examples):
        found[n, list(example.labels)] = 1.0
    return found


def classes(examples: Sequence[data.Example]) -> NDArray[np.int64]:
    """The one class of each example."""
    return np.array([example.labels[0] for example in examples], dtype=np.int64)


def cosine(one: Matrix, other: Matrix) -> dict[str, float]:
    """How near two models' embeddings of the same texts are."""
    near = (one * other).sum(1)
    return {"mean": round(float(near.mean()), 4), "min": round(float(near.min()), 4)}


def _interval(truth: Matrix, said: NDArray[np.bool_], *, rounds: int = 1000) -> list[float]:
    """95 % of 1,000 resamplings of the rows; rare labels make it wide."""
    dice = np.random.default_rng(20)
    right, rows = truth.astype(bool), len(truth)
    hits, wrong, missed = right & said, ~right & said, right & ~said
    found = []
    for _ in range(rounds):
        weights = np.bincount(dice.integers(0, rows, rows), minlength=rows).astype(np.float32)
        tp, fp, fn = weights @ hits, weights @ wrong, weights @ missed
        found.append(float((2 * tp / np.maximum(2 * tp + fp + fn, 1e-9)).mean()))
    low, high = np.percentile(found, [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def _grouped(
    truth: Matrix, said: NDArray[np.bool_], groups: Mapping[str, tuple[str, ...]]
) -> float:
    scores = []
    for names in groups.values():
        columns = [EMOTIONS.index(name) for name in names]
        scores.append(_f1(truth[:, columns].max(1), said[:, columns].max(1)))
    return round(float(np.mean(scores)), 4)


def _f1(truth: NDArray[Any], said: NDArray[Any]) -> float:
    return float(f1_score(truth, said, zero_division=0))


def _sigmoid(logits: Matrix) -> Matrix:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)
