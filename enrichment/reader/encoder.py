"""The shipped model over onnxruntime: texts in, raw outputs out.

Activations are quantised per call, so what shares a batch with a text would change its numbers
(by up to 1.1 in a logit, measured). The same words must give the same reading; therefore each
text runs alone, and speed comes from running several at a time on single-threaded sessions. On
two cores that beats batches of 32 spread over two threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .artefact import MODEL_FILE, TOKENIZER_FILE
from .surface import model_text

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WIDTH = 384
LONGEST_PIECES = 128
_A_TASK = 16  # texts handed to a thread at once
_WINDOW = 100  # word pieces of a window when a long text is embedded


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Logits and embeddings, one row a text: (n, 28), (n, 3), (n, 384), float32."""

    emotion: NDArray[np.float32]
    sentiment: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Encoder:
    """Tokenizer and session; safe to call from several threads."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        import onnxruntime
        from tokenizers import Tokenizer  # type: ignore[import-untyped]

        if threads < 1:
            raise ValueError("the encoder needs at least one thread")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self._session: InferenceSession = onnxruntime.InferenceSession(
            str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    def run(self, texts: Sequence[str]) -> Outputs:
        """One row for each text; ``texts`` are in the model's wording (``model_text``) already."""
        return self._run(
            [_cut(found.ids) for found in self._tokenizer.encode_batch_fast(list(texts))]
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings of length 1, (n, 384); long texts by windows; a text of no words gives 0."""
        rows: list[list[int]] = []
        owners: list[int] = []
        for owner, text in enumerate(texts):
            ids = self._tokenizer.encode(model_text(text)).ids
            for at in range(1, len(ids) - 1, _WINDOW):
                rows.append([ids[0], *ids[at : min(at + _WINDOW, len(ids) - 1)], ids[-1]])
                owners.append(owner)
        found = np.zeros((len(texts), WIDTH), dtype=np.float32)
        if rows:
            weights = np.array([len(row) - 2 for row in rows], dtype=np.float32)
            np.add.at(found, owners, self._run(rows).embedding * weights[:, None])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        found /= lengths
        return found

    def close(self) -> None:
        """End the threads; the encoder is of no use afterwards."""
        self._pool.shutdown()

    def _run(self, rows: Sequence[list[int]]) -> Outputs:
        tasks = [rows[at : at + _A_TASK] for at in range(0, len(rows), _A_TASK)]
        done = [row for task in self._pool.map(self._run_each, tasks) for row in task]
        emotion, sentiment, embedding = zip(*done, strict=True) if done else ([], [], [])
        return Outputs(
            emotion=_stacked(emotion), sentiment=_stacked(sentiment), embedding=_stacked(embedding)
        )

    def _run_each(self, rows: Sequence[list[int]]) -> list[list[NDArray[np.float32]]]:
        found = []
        for row in rows:
            ids = np.array([row], dtype=np.int64)
            found.append(
                self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
            )
        return found


def _cut(ids: list[int]) -> list[int]:
    return ids if len(ids) <= LONGEST_PIECES else [*ids[: LONGEST_PIECES - 1], ids[-1]]


def _stacked(rows: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    found = list(rows)
    return np.concatenate(found) if found else np.zeros((0, 0), dtype=np.float32)
