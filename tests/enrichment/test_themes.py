"""Vectors kept small, and what that costs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.themes import likeness, packed, unpacked

vectors = st.lists(st.floats(-1, 1), min_size=64, max_size=64).filter(
    lambda vector: max(map(abs, vector)) > 1e-3
)


def cosine(one: list[float], other: list[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


@given(vectors, vectors)
def test_packing_moves_the_cosine_by_less_than_two_hundredths(
    one: list[float], other: list[float]
) -> None:
    kept, also = packed(one), packed(other)
    assert kept is not None
    assert also is not None
    assert likeness(kept, also) == pytest.approx(cosine(one, other), abs=0.02)


@given(vectors)
def test_a_vector_is_like_itself_and_small(vector: list[float]) -> None:
    kept = packed(vector)
    assert kept is not None
    assert likeness(kept, kept) == pytest.approx(1.0)
    assert len(kept) <= 4 * math.ceil(len(vector) / 3)
    assert max(map(abs, unpacked(kept))) == 127


@pytest.mark.parametrize("vector", [[], [0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_what_has_no_direction_is_not_kept(vector: list[float]) -> None:
    assert packed(vector) is None


def test_vectors_of_different_embeddings_are_not_alike() -> None:
    one, other = packed([1.0, 0.0]), packed([1.0, 0.0, 0.0])
    assert one is not None
    assert other is not None
    assert likeness(one, other) == 0.0
