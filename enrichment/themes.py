"""Themes: what a ticket is about, so that "the third contact about the same thing" is counted.

A ticket joins the theme of an earlier ticket of the same person when both name the same order,
invoice or case number, or when the vectors of their first words lie close, within half a year.
Otherwise it begins a theme of its own. Vectors are kept as one signed byte a number: the cosine
moves by less than .01 and a state stays small.
"""

from __future__ import annotations

import base64
import math
from array import array
from collections.abc import Sequence

_STEPS = 127


def packed(vector: Sequence[float]) -> str | None:
    """The vector as base64 of signed bytes, scaled to its largest number; None for a zero vector
    or one that holds no number."""
    largest = max((abs(float(value)) for value in vector), default=0.0)
    if largest == 0.0 or not all(math.isfinite(value) for value in vector):
        return None
    steps = array("b", (round(_STEPS * float(value) / largest) for value in vector))
    return base64.b64encode(steps.tobytes()).decode("ascii")


def unpacked(kept: str) -> list[int]:
    steps = array("b")
    steps.frombytes(base64.b64decode(kept))
    return list(steps)


def likeness(one: str, other: str) -> float:
    """Cosine of two packed vectors; 0 when they come from different embeddings (lengths)."""
    a, b = unpacked(one), unpacked(other)
    if len(a) != len(b):
        return 0.0
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
