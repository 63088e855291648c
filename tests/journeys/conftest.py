from __future__ import annotations

from collections.abc import Iterator

import pytest
from rig.fixtures import clock, emulator, house, live, receiver

from server.pipeline.base import Reader

__all__ = ["clock", "emulator", "house", "live", "receiver"]


@pytest.fixture(scope="session")
def model() -> Iterator[Reader]:
    """The shipped model, loaded once."""
    from enrichment.reader import load_reader

    with load_reader() as reader:
        yield reader
