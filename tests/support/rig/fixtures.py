"""Fixtures for tests that want a whole installation; import them into a conftest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.zendesk.emulator import Emulator

from .clock import Clock
from .house import House, zendesk
from .receiver import Receiver


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> Iterator[Emulator]:
    with zendesk(clock) as running:
        yield running


@pytest.fixture
def receiver(clock: Clock) -> Iterator[Receiver]:
    with Receiver(clock=clock) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, emulator: Emulator, clock: Clock, receiver: Receiver) -> Iterator[House]:
    """An installation with nothing connected yet."""
    with House(tmp_path / "data", emulator, clock=clock, receiver=receiver) as one:
        yield one


@pytest.fixture
def live(house: House) -> House:
    """Connected, installed and pulled: what happens from now on comes by webhook."""
    house.connect()
    house.pull()
    house.settle()
    return house
