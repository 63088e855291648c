"""The joint training: emotions and sentiment learn, while distillation keeps the embedding.

Without the distillation term the encoder forgets how to search (recall in the first ten results
falls to .01). The order of batches follows from the seed and the step alone, so an interrupted run
goes on from its last checkpoint as if it had not stopped (up to the dropout masks).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..readings import EMOTIONS
from . import data
from .model import JointModel, batch, mean_pool, new_encoder, pieces, starting_point, tokenizer
from .service import compose

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that was chosen; the figures are those of the model card."""

    seed: int = 20
    epochs: float = 2.0
    batch_size: int = 64
    longest: int = 64
    encoder_rate: float = 1.5e-4
    head_rate: float = 1e-3
    weight_decay: float = 0.01
    emotion_weight: float = 10.0
    distil_weight: float = 5.0
    warmup: float = 0.05
    checkpoint_every: int = 500
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """One task's rows as word pieces, their targets, and the original embedding of each.

    Targets: (n, 28) of zeros and ones for emotions, (n,) classes for sentiment, (n, 29) with the
    class last for service text, which has both.
    """

    task: data.Task
    rows: list[list[int]]
    targets: Tensor
    teacher: Tensor


def train(source: Path, out: Path, recipe: Recipe) -> Path:
    """Train into ``out/model.pt`` (a state dict) and return that path; resumes where it stopped."""
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    start = starting_point()
    model = JointModel(new_encoder(start))
    corpora = _corpora(source, out, recipe, model, start)
    steps_an_epoch = sum(-(-len(corpus.rows) // recipe.batch_size) for corpus in corpora)
    steps = int(steps_an_epoch * recipe.epochs)
    weights = _class_weights(corpora)
    optimiser = _optimiser(model, recipe)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: rate(step, steps, recipe.warmup)
    )
    checkpoint = out / "checkpoint.pt"
    done = _resume(checkpoint, model, optimiser, schedule)
    log.info("%d steps, starting at %d", steps, done)
    model.train()
    began = time.monotonic()
    sums: dict[str, list[float]] = {}
    for step, (corpus, chosen) in enumerate(order(corpora, recipe, steps)):
        if step < done:
            continue
        losses = _losses(model, corpus, chosen, weights, recipe)
        total = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        for name, loss in losses.items():
            sums.setdefault(name, []).append(float(loss.detach()))
        if (step + 1) % 50 == 0:
            speed = (time.monotonic() - began) / (step + 1 - done)
            means = " ".join(f"{name} {np.mean(seen):.4f}" for name, seen in sorted(sums.items()))
            log.info("step %d/%d %s %.2f s/step %.0f min left", step + 1, steps, means, speed,
                     speed * (steps - step - 1) / 60)  # fmt: skip
            sums.clear()
        if (step + 1) % recipe.checkpoint_every == 0:
            _save(checkpoint, step + 1, model, optimiser, schedule)
    torch.save(model.state_dict(), out / "model.pt")
    log.info("trained in %.0f minutes", (time.monotonic() - began) / 60)
    return out / "model.pt"


def _corpora(
    source: Path, out: Path, recipe: Recipe, model: JointModel, start: Path
) -> list[Corpus]:
    emotion = data.goemotions(source, "train")
    sentiment = data.semeval(source).train
    anchors = data.banking77(source)
    hot = torch.zeros(len(emotion), len(EMOTIONS))
    for n, example in enumerate(emotion):
        hot[n, list(example.labels)] = 1.0
    classes = torch.tensor([example.labels[0] for example in sentiment])
    # Each of our own phrases is seen twice an epoch: they are few.
    service = compose(seed=recipe.seed) * 2
    both = torch.zeros(len(service), len(EMOTIONS) + 1)
    for n, composed in enumerate(service):
        both[n, list(composed.emotions)] = 1.0
        both[n, -1] = composed.sentiment
    split = tokenizer(start)
    corpora = []
    wanted: list[tuple[data.Task, list[data.Example], Tensor]] = [
        ("emotion", emotion, hot),
        ("sentiment", sentiment, classes),
        ("service", [data.Example(text=composed.text) for composed in service], both),
        ("distil", anchors, torch.zeros(len(anchors))),
    ]
    for task, examples, targets in wanted:
        rows = pieces(split, [example.text for example in examples], longest=recipe.longest)
        teacher = _teach(model, rows, out / f"teacher-{task}-{recipe.longest}.npy")
        corpora.append(Corpus(task=task, rows=rows, targets=targets, teacher=teacher))
        log.info("%s: %d texts", task, len(rows))
    return corpora


def _teach(model: JointModel, rows: list[list[int]], cache: Path) -> Tensor:
    """The untouched encoder's embedding of every row, kept in a file for the next run."""
    if cache.exists():
        kept = np.load(cache)
        if len(kept) == len(rows):
            return torch.from_numpy(kept)
    model.eval()
    found = torch.zeros(len(rows), model.encoder.config.hidden_size, dtype=torch.float16)
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for first in range(0, len(order), 128):
            chosen = order[first : first + 128]
            ids, mask = batch([rows[n] for n in chosen])
            words = model.encoder(input_ids=ids, attention_mask=mask)[0]
            found[chosen] = mean_pool(words.float(), mask).half()
    np.save(cache, found.numpy())
    return found


def order(corpora: list[Corpus], recipe: Recipe, steps: int) -> Iterator[tuple[Corpus, list[int]]]:
    """Batches of texts of like length, tasks mixed, a new shuffle each epoch."""
    given = 0
    epoch = 0
    while given < steps:
        dice = random.Random(recipe.seed * 1000 + epoch)
        batches: list[tuple[Corpus, list[int]]] = []
        for corpus in corpora:
            order = list(range(len(corpus.rows)))
            dice.shuffle(order)
            stretch = recipe.batch_size * 50
            for first in range(0, len(order), stretch):
                part = sorted(order[first : first + stretch], key=lambda n: len(corpus.rows[n]))
                batches += [
                    (corpus, part[at : at + recipe.batch_size])
                    for at in range(0, len(part), recipe.batch_size)
                ]
        dice.shuffle(batches)
        yield from batches[: steps - given]
        given += len(batches)
        epoch += 1


def _losses(
    model: JointModel, corpus: Corpus, chosen: list[int], weights: Tensor, recipe: Recipe
) -> dict[str, Tensor]:
    ids, mask = batch([corpus.rows[n] for n in chosen])
    emotion = sentiment = None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        words = model.encoder(input_ids=ids, attention_mask=mask)[0]
        if corpus.task in ("emotion", "service"):
            emotion = model.emotion(words, mask)
        if corpus.task in ("sentiment", "service"):
            sentiment = model.sentiment(words, mask)
    kept = mean_pool(words.float(), mask)
    near = (kept * corpus.teacher[chosen].float()).sum(-1)
    losses = {"distil": recipe.distil_weight * (1 - near).mean()}
    targets = corpus.targets[chosen]
    if emotion is not None:
        loss = nn.functional.binary_cross_entropy_with_logits(
            emotion.float(), targets[:, : len(EMOTIONS)]
        )
        losses["emotion"] = recipe.emotion_weight * loss
    if sentiment is not None:
        wanted = targets if targets.dim() == 1 else targets[:, -1].long()
        losses["sentiment"] = nn.functional.cross_entropy(sentiment.float(), wanted, weight=weights)
    return losses


def _class_weights(corpora: list[Corpus]) -> Tensor:
    classes = next(corpus.targets for corpus in corpora if corpus.task == "sentiment")
    counts = torch.bincount(classes, minlength=3).float()
    return counts.sum() / (3 * counts)


def _optimiser(model: JointModel, recipe: Recipe) -> torch.optim.Optimizer:
    groups = []
    for rate, parts in (
        (recipe.encoder_rate, [model.encoder]),
        (recipe.head_rate, [model.emotion, model.sentiment]),
    ):
        parameters = [p for part in parts for p in part.parameters() if p.requires_grad]
        groups += [
            {"params": [p for p in parameters if p.dim() > 1], "lr": rate},
            {"params": [p for p in parameters if p.dim() <= 1], "lr": rate, "weight_decay": 0.0},
        ]
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)


def rate(step: int, steps: int, warmup: float) -> float:
    ramp = max(1, int(steps * warmup))
    return (step + 1) / ramp if step < ramp else max(0.0, (steps - step) / (steps - ramp))


def _save(
    path: Path,
    step: int,
    model: JointModel,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> None:
    state = {
        "step": step,
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "dice": torch.get_rng_state(),
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)
    log.info("checkpoint at step %d", step)


def _resume(
    path: Path,
    model: JointModel,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["dice"])
    return int(state["step"])
