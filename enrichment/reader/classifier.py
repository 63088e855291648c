"""The model as flair knows it: document embeddings and two text classifiers, built in code.

flair's own files are pickles, which run code when opened; ours are an ONNX file and JSON. The
heads live inside the ONNX file, so the "embedding" of a sentence is everything the model says of
it, side by side, and each classifier's decoder only picks its columns.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..readings import EMOTIONS
from .encoder import WIDTH, Encoder

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("FLAIR_DEVICE", "cpu")

with warnings.catch_warnings():
    # flair's dependencies warn of their own old syntax and interfaces, which no user can mend.
    warnings.simplefilter("ignore")
    import flair
    import torch
    from flair.data import Dictionary, Sentence
    from flair.embeddings import DocumentEmbeddings
    from flair.models import TextClassifier

if TYPE_CHECKING:
    from numpy.typing import NDArray

SENTIMENTS = ("negative", "neutral", "positive")
_EMOTION_COLUMNS = slice(0, len(EMOTIONS))
_SENTIMENT_COLUMNS = slice(len(EMOTIONS), len(EMOTIONS) + len(SENTIMENTS))

# flair logs to standard output, which belongs to the command that runs.
flair.logger.handlers.clear()
flair.logger.propagate = True
flair.logger.setLevel(logging.WARNING)


class JointEmbeddings(DocumentEmbeddings):  # type: ignore[misc]
    """Attaches 28 emotion logits, 3 sentiment logits and the 384 of the recall embedding."""

    embeddings_name = "KeepsakeJointEmbeddings"

    def __init__(self, encoder: Encoder) -> None:
        self.name = "keepsake-joint"
        self.static_embeddings = True
        super().__init__()
        self._encoder = encoder

    @property
    def embedding_length(self) -> int:
        return len(EMOTIONS) + len(SENTIMENTS) + WIDTH

    def _add_embeddings_internal(self, sentences: list[Sentence]) -> None:
        outputs = self._encoder.run([sentence.text for sentence in sentences])
        joined = torch.from_numpy(
            np.concatenate([outputs.emotion, outputs.sentiment, outputs.embedding], axis=1)
        )
        for sentence, vector in zip(sentences, joined, strict=True):
            sentence.set_embedding(self.name, vector)


class Columns(torch.nn.Module):
    """A decoder whose work the ONNX file has done: it returns its part of the vector."""

    def __init__(self, columns: slice) -> None:
        super().__init__()
        self._columns = columns

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors[:, self._columns]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Raw logits of every text, (n, 28) and (n, 3)."""

    emotion: NDArray[np.float32]
    sentiment: NDArray[np.float32]


def quieten() -> None:
    """One thread for torch: what is left to it (a softmax over 28 numbers) takes microseconds,
    and waking a team of threads for it takes milliseconds where others are at work. The encoder
    has threads of its own."""
    torch.set_num_threads(1)


class JointClassifier:
    """Both flair classifiers over one pass of the encoder."""

    def __init__(self, encoder: Encoder, thresholds: dict[str, float]) -> None:
        self.embeddings = JointEmbeddings(encoder)
        self.emotion = TextClassifier(
            embeddings=self.embeddings,
            label_type="emotion",
            label_dictionary=_dictionary(EMOTIONS),
            multi_label=True,
            multi_label_threshold={"default": 0.5, **thresholds},
            decoder=Columns(_EMOTION_COLUMNS),
        )
        self.sentiment = TextClassifier(
            embeddings=self.embeddings,
            label_type="sentiment",
            label_dictionary=_dictionary(SENTIMENTS),
            decoder=Columns(_SENTIMENT_COLUMNS),
        )
        self.emotion.eval()
        self.sentiment.eval()

    def predict(self, texts: Sequence[str]) -> tuple[list[Sentence], Scores]:
        """flair sentences with their labels of both types, and the logits these came from.

        No text may be empty; each is in the model's wording.
        """
        # One token a text: flair's own tokenizer would change what the word pieces are made of.
        sentences = [Sentence([text]) for text in texts]
        for classifier in (self.emotion, self.sentiment):
            classifier.predict(
                sentences, mini_batch_size=max(1, len(sentences)), embedding_storage_mode="cpu"
            )
        names = self.embeddings.get_names()
        vectors = torch.stack([sentence.get_embedding(names) for sentence in sentences]).numpy()
        return sentences, Scores(
            emotion=vectors[:, _EMOTION_COLUMNS], sentiment=vectors[:, _SENTIMENT_COLUMNS]
        )


def _dictionary(names: Sequence[str]) -> Dictionary:
    found = Dictionary(add_unk=False)
    for name in names:
        found.add_item(name)
    return found
