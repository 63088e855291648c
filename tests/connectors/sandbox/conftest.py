from __future__ import annotations

import pytest

from connectors.sandbox.build import Making, make_world
from connectors.sandbox.world import World


@pytest.fixture(scope="session")
def making() -> Making:
    return make_world()


@pytest.fixture(scope="session")
def world(making: Making) -> World:
    return making.world
