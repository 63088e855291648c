"""The shipped model is the one whose checksums are shipped beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from enrichment.reader import ArtefactAltered, ArtefactMissing, load_reader
from enrichment.reader.artefact import calibration, default_folder, verify
from enrichment.training.export import write_checksums


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "model"))


def test_the_shipped_files_are_whole() -> None:
    verify(default_folder())


def test_every_shipped_file_has_a_checksum() -> None:
    listed = {
        line.split()[1] for line in (default_folder() / "SHA256SUMS").read_text().splitlines()
    }
    present = {path.name for path in default_folder().iterdir()} - {"SHA256SUMS"}
    assert present == listed
    assert {"model.onnx", "tokenizer.json", "MODEL_CARD.md", "metrics.json"} <= listed


def test_an_altered_file_is_refused_before_it_is_loaded(copy: Path) -> None:
    with (copy / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ArtefactAltered, match="Restore it from the release"):
        load_reader(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    with pytest.raises(ArtefactMissing, match=r"tokenizer\.json"):
        verify(copy)


def test_a_folder_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMissing, match="Restore the folder"):
        load_reader(tmp_path)


@pytest.mark.parametrize("line", ["0" * 64 + "  ../../etc/passwd", "0" * 64 + "  /etc/passwd"])
def test_checksums_cannot_point_outside(copy: Path, line: str) -> None:
    with (copy / "SHA256SUMS").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ArtefactAltered, match="outside"):
        verify(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"sentiment_temperature": 0},
        {"thresholds": {"joy": 0.5}},
        {"service_text": {}},
        {"lowest_threshold": "much"},
    ],
)
def test_senseless_thresholds_are_refused(copy: Path, change: dict[str, object]) -> None:
    path = copy / "thresholds.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    write_checksums(copy)
    with pytest.raises(ArtefactAltered, match=r"thresholds\.json cannot be used"):
        calibration(copy)


def test_the_artefact_is_small() -> None:
    assert sum(path.stat().st_size for path in default_folder().iterdir()) < 30_000_000
