"""The parts of training that can be wrong without anybody noticing."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from enrichment.reader.artefact import default_folder
from enrichment.readings import EMOTIONS
from enrichment.training.card import model_card
from enrichment.training.evaluate import (
    EKMAN,
    POLARITY,
    Predictions,
    calibrate,
    emotion_figures,
    neighbours,
    sentiment_figures,
    tune,
)
from enrichment.training.model import JointModel, batch
from enrichment.training.train import Corpus, Recipe, order, rate


@pytest.fixture(scope="module")
def tiny() -> JointModel:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=24, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32,
    )  # fmt: skip
    return JointModel(BertModel(config, add_pooling_layer=False)).eval()


def test_padding_changes_no_output(tiny: JointModel) -> None:
    alone = tiny(*batch([[2, 7, 9, 3]]))
    beside_longer = tiny(*batch([[2, 7, 9, 3], [2, 5, 6, 7, 8, 9, 10, 3]]))
    for one, other in zip(alone, beside_longer, strict=True):
        assert torch.allclose(one[0], other[0], atol=1e-5)


def test_the_model_has_three_outputs(tiny: JointModel) -> None:
    emotion, sentiment, embedding = tiny(*batch([[2, 7, 3], [2, 8, 3]]))
    assert emotion.shape == (2, 28)
    assert sentiment.shape == (2, 3)
    assert torch.allclose(embedding.norm(dim=-1), torch.ones(2))


def corpus(task: str, rows: int) -> Corpus:
    return Corpus(
        task=task,  # type: ignore[arg-type]
        rows=[[2] + [5] * (n % 7) + [3] for n in range(rows)],
        targets=torch.zeros(rows),
        teacher=torch.zeros(rows, 384),
    )


def test_batches_come_in_the_same_order_and_use_each_row_once_an_epoch() -> None:
    corpora = [corpus("emotion", 100), corpus("distil", 37)]
    recipe = Recipe(batch_size=16)
    steps = 7 + 3
    first = list(order(corpora, recipe, steps))
    assert [chosen for _, chosen in first] == [
        chosen for _, chosen in order(corpora, recipe, steps)
    ]
    for wanted in corpora:
        rows = itertools.chain(*(chosen for found, chosen in first if found is wanted))
        assert sorted(rows) == list(range(len(wanted.rows)))


def test_the_rate_climbs_and_falls_to_nothing() -> None:
    rates = [rate(step, 100, 0.1) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == 1.0
    assert rates[100] == 0.0


def test_groups_cover_every_emotion_once() -> None:
    for groups in (EKMAN, POLARITY):
        assert sorted(itertools.chain(*groups.values())) == sorted(EMOTIONS)


def test_a_threshold_is_put_where_it_parts_best() -> None:
    dice = np.random.default_rng(1)
    truth = (dice.random((400, 28)) < 0.2).astype(np.float32)
    emotion = np.where(truth == 1, 0.55, 0.25).astype(np.float32)
    emotion += dice.normal(0, 0.03, truth.shape).astype(np.float32)
    found = Predictions(emotion=emotion, sentiment=truth, embedding=truth)
    thresholds = tune(found, truth)
    assert all(0.28 < value < 0.52 for value in thresholds.values())
    figures = emotion_figures(found, truth, thresholds)
    low, high = figures["macro_f1_95"]
    assert low <= figures["macro_f1"] <= high
    assert figures["macro_f1"] > 0.95


def test_an_overconfident_head_is_cooled() -> None:
    dice = np.random.default_rng(2)
    truth = dice.integers(0, 3, 600)
    logits = dice.normal(0, 1, (600, 3)).astype(np.float32)
    logits[np.arange(600), truth] += 1.0
    emotion = np.full((600, 28), 0.01, dtype=np.float32)
    found = Predictions(emotion=emotion, sentiment=logits * 3, embedding=emotion)
    heat, calm = calibrate(found, truth)
    assert heat > 1.5
    before = sentiment_figures(found, truth, 1.0, 0.0)["calibration_error"]
    assert sentiment_figures(found, truth, heat, calm)["calibration_error"] < before


def test_neighbours_of_the_same_group_are_counted() -> None:
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]
    assert neighbours(vectors, list("aaabbb"), count=2) == 1.0


def test_the_shipped_card_says_what_the_shipped_figures_say() -> None:
    folder = default_folder()
    figures = json.loads((folder / "metrics.json").read_text("utf-8"))
    thresholds = json.loads((folder / "thresholds.json").read_text("utf-8"))["thresholds"]
    assert (folder / "MODEL_CARD.md").read_text("utf-8") == model_card(figures, thresholds)
