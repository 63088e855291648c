"""The folder a model is shipped in: found, checked against its checksums, its settings read.

ArtefactError
├── ArtefactMissing      the folder or a file named in SHA256SUMS is not there
└── ArtefactAltered      a file is not the one that was shipped
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..readings import EMOTIONS

DEFAULT = "keepsake-reader-1"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
THRESHOLDS_FILE = "thresholds.json"
_CHECKSUMS = "SHA256SUMS"
_NEEDED = (MODEL_FILE, TOKENIZER_FILE, THRESHOLDS_FILE)


class ArtefactError(Exception):
    """The model's folder cannot be used; the message says what to do."""


class ArtefactMissing(ArtefactError):
    """A file is not there."""


class ArtefactAltered(ArtefactError):
    """A file differs from its checksum."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How thresholds are lowered for text unlike the training text, and when.

    Where the sentiment head gives its class at least ``gate``, the thresholds of ``emotions``
    are multiplied by ``factor``, and those of the ``contrary`` ones by ``contrary_factor``: joy in
    a sentence that is surely a complaint has to be surer of itself.
    """

    emotions: tuple[str, ...]
    factor: float
    gate: float
    contrary: tuple[str, ...]
    contrary_factor: float

    def __post_init__(self) -> None:
        if not 0.0 < self.factor <= 1.0 or not 0.0 <= self.gate <= 1.0:
            raise ValueError("a shift's factor lies in (0, 1] and its gate in [0, 1]")
        if self.contrary_factor < 1.0:
            raise ValueError("a contrary emotion's threshold is not lowered: its factor is >= 1")
        if unknown := {*self.emotions, *self.contrary} - set(EMOTIONS):
            raise ValueError(f"a shift names emotions the model has not: {sorted(unknown)}")


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What ``thresholds.json`` holds; every value was set on development data only."""

    thresholds: Mapping[str, float]
    temperature: float
    calm: float
    lowest: float
    negative: Shift
    positive: Shift

    def __post_init__(self) -> None:
        if set(self.thresholds) != set(EMOTIONS):
            raise ValueError("thresholds.json must have one threshold for each of the 28 emotions")
        if self.temperature <= 0 or not 0.0 <= self.calm <= 1.0:
            raise ValueError("the sentiment temperature is above 0, its calm in [0, 1]")


def default_folder() -> Path:
    """Where the shipped model lies, beside this package."""
    return Path(__file__).resolve().parents[1] / "artefacts" / DEFAULT


def verify(folder: Path) -> None:
    """Check every file against ``SHA256SUMS``. May raise ``ArtefactError``; repeats are safe."""
    listing = folder / _CHECKSUMS
    if not listing.is_file():
        raise ArtefactMissing(
            f"no model in {folder}: {_CHECKSUMS} is missing. Restore the folder from the release, "
            "or name another one."
        )
    expected = {}
    for line in listing.read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        expected[name.strip()] = digest
    if missing := [name for name in _NEEDED if name not in expected]:
        raise ArtefactAltered(f"{listing} does not list {', '.join(missing)}: restore the folder.")
    for name, digest in expected.items():
        if Path(name).name != name:
            raise ArtefactAltered(f"{listing} names a file outside its folder: restore the folder.")
        if not (folder / name).is_file():
            raise ArtefactMissing(f"{folder / name} is missing: restore it from the release.")
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != digest:
            raise ArtefactAltered(
                f"{folder / name} is not the file that was shipped (sha256 {found[:12]}..., "
                f"expected {digest[:12]}...). Restore it from the release; after training a model "
                "of your own, write its checksums with `python -m enrichment.training checksums`."
            )


def calibration(folder: Path) -> Calibration:
    """Read ``thresholds.json``. Raises ``ArtefactAltered`` when it makes no sense."""
    try:
        raw = json.loads((folder / THRESHOLDS_FILE).read_text("utf-8"))
        return Calibration(
            thresholds={name: float(value) for name, value in raw["thresholds"].items()},
            temperature=float(raw["sentiment_temperature"]),
            calm=float(raw["sentiment_calm"]),
            lowest=float(raw["lowest_threshold"]),
            negative=_shift(raw["service_text"]["negative"]),
            positive=_shift(raw["service_text"]["positive"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise ArtefactAltered(f"{folder / THRESHOLDS_FILE} cannot be used: {broken}") from broken


def _shift(raw: Mapping[str, Any]) -> Shift:
    return Shift(
        emotions=tuple(raw["emotions"]),
        factor=float(raw["factor"]),
        gate=float(raw["gate"]),
        contrary=tuple(raw["contrary"]),
        contrary_factor=float(raw["contrary_factor"]),
    )
