"""The shipped model, loaded once for all tests that read with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from enrichment.reader import Reader, load_reader


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    with load_reader() as loaded:
        yield loaded
