"""Training material read from a folder that stays outside the project.

Tweets come from eleven files that overlap, and two test collections (TweetEval) overlap with
them: the readers remove duplicates and every text that serves to evaluate. What is held out of
SemEval is chosen by a hash of the text, so that it is the same on every machine.
"""

from __future__ import annotations

import csv
import hashlib
import html
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..reader.surface import model_text
from ..readings import EMOTIONS

SENTIMENTS = ("negative", "neutral", "positive")
Task = Literal["emotion", "sentiment", "service", "distil"]
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_COMPANY = re.compile(
    r"@(?:microsoft|amazon\w*|apple\w*|google\w*|att|verizon\w*|comcast\w*|dell\w*|netflix\w*|"
    r"ikea\w*|sony\w*|nintendo\w*|xbox\w*|playstation\w*|windows\w*|chipotle\w*|\w*airlines?|"
    r"\w*support|\w*help|\w*cares?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One text (already in the model's wording) and the indices of its labels."""

    text: str
    labels: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sentiments:
    """SemEval-2017 4A without duplicates, parted by a hash of the text: 92 / 4 / 4 in 100.

    ``service``: all tweets addressed to a company; none of them is trained or tuned on.
    """

    train: list[Example]
    dev: list[Example]
    test: list[Example]
    service: list[Example]


def goemotions(folder: Path, split: Literal["train", "dev", "test"]) -> list[Example]:
    """GoEmotions with its 28 labels; texts as in the file, several labels a text."""
    names = (folder / "goemotions" / "labels.txt").read_text("utf-8").split()
    if tuple(names) != EMOTIONS:
        raise ValueError("goemotions/labels.txt does not list the 28 labels in our order")
    examples = []
    for line in (folder / "goemotions" / f"{split}.tsv").read_text("utf-8").splitlines():
        text, labels, _ = line.split("\t")
        examples.append(
            Example(text=model_text(text), labels=tuple(int(n) for n in labels.split(",")))
        )
    return examples


def semeval(folder: Path) -> Sentiments:
    """All SemEval-2017 4A files, without duplicates and without any text TweetEval holds out."""
    held_out = {_key(text) for text in _tweeteval_texts(folder)}
    votes: dict[str, Counter[int]] = {}
    texts: dict[str, str] = {}
    service: set[str] = set()
    for path in sorted((folder / "semeval2017-4a").glob("*-A.t*")):
        for line in path.read_text("utf-8").splitlines():
            fields = [field for field in line.split("\t") if field]
            label = next((n for n, field in enumerate(fields) if field in SENTIMENTS), None)
            if label is None or label + 1 >= len(fields):
                continue
            raw = clean_tweet(fields[label + 1])
            key = _key(raw)
            if not key or key in held_out:
                continue
            texts.setdefault(key, model_text(raw))
            if _COMPANY.search(raw):
                service.add(key)
            votes.setdefault(key, Counter())[SENTIMENTS.index(fields[label])] += 1
    parts: dict[str, list[Example]] = {"train": [], "dev": [], "test": [], "service": []}
    for key, text in texts.items():
        (best, count), *rest = votes[key].most_common(2)
        if rest and rest[0][1] == count:
            continue  # The files contradict each other about this tweet: it teaches nothing.
        part = "service" if key in service else _part(key)
        parts[part].append(Example(text=text, labels=(best,)))
    return Sentiments(**parts)


def tweeteval_sentiment(folder: Path) -> list[Example]:
    """The 2,000 validation tweets of TweetEval's sentiment task."""
    place = folder / "tweeteval" / "sentiment"
    texts = _lines(place / "val_text.txt")
    labels = _lines(place / "val_labels.txt")
    return [
        Example(text=model_text(clean_tweet(text)), labels=(int(label),))
        for text, label in zip(texts, labels, strict=True)
    ]


def banking77(folder: Path) -> list[Example]:
    """Banking77's training questions, without their intents: they only anchor the embedding."""
    with (folder / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
        return [Example(text=model_text(row["text"])) for row in csv.DictReader(file)]


def banking77_test(folder: Path) -> tuple[list[str], list[str]]:
    """Banking77's test questions and the intent of each."""
    with (folder / "banking77" / "test.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [model_text(row["text"]) for row in rows], [row["category"] for row in rows]


def clean_tweet(text: str) -> str:
    r"""Undo what the files' makers did to a tweet: \\uXXXX escapes, HTML entities, quotes."""
    text = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    text = html.unescape(html.unescape(text)).replace('""', '"').strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        text = text[1:-1]
    return text


def _tweeteval_texts(folder: Path) -> list[str]:
    texts: list[str] = []
    for path in sorted((folder / "tweeteval").glob("*/*_text.txt")):
        if path.name != "train_text.txt":
            texts += [clean_tweet(text) for text in _lines(path)]
    return texts


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").rstrip("\n").split("\n")


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", model_text(text).lower())


def _part(key: str) -> str:
    bucket = hashlib.sha256(key.encode()).digest()[0] * 100 // 256
    return "dev" if bucket < 4 else "test" if bucket < 8 else "train"
