"""Dealing words so that nothing is said twice before everything was said once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Decks:
    """One shuffled deck for each name asked for; reshuffled when its last card is dealt."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._left: dict[Hashable, list[int]] = {}

    def deal(self, name: Hashable, cards: Sequence[T]) -> T:
        left = self._left.get(name)
        if not left:
            left = list(range(len(cards)))
            self._dice.shuffle(left)
            self._left[name] = left
        return cards[left.pop()]
