"""``python -m enrichment.training all``: train, then release; each is a step of its own, too."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports transformers

from ..reader.artefact import DEFAULT
from .export import write_checksums
from .release import describe, release
from .train import Recipe, train

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run one step, or all of them in order."""
    parser = argparse.ArgumentParser(prog="python -m enrichment.training", description=__doc__)
    parser.add_argument("step", choices=["train", "release", "card", "checksums", "all"])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, default=Path("build") / "reader")
    parser.add_argument(
        "--artefact", type=Path, default=ROOT / "enrichment" / "artefacts" / DEFAULT
    )
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--longest", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = Recipe(epochs=asked.epochs, longest=asked.longest, threads=asked.threads)
    if asked.step in ("train", "all"):
        train(asked.data, asked.work, recipe)
    if asked.step in ("release", "all"):
        release(asked.data, asked.work, asked.artefact, recipe)
    if asked.step == "card":
        describe(asked.artefact)
    if asked.step == "checksums":
        write_checksums(asked.artefact)


if __name__ == "__main__":
    main()
