"""Texts a second of the whole reader against onnxruntime and tokenizers alone.

Both sides are given the same messages, cut into the same sentences, by the same session of the
same int8 file with the same number of threads. "Bare" is what one would write without flair and
without anything around: tokenise all sentences, sort by length, run batches of 32. Preparing,
language, splitting, aggregation and evidence are the reader's own cost and count against it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from enrichment.reader import load_reader, prepare
from enrichment.reader.artefact import MODEL_FILE, TOKENIZER_FILE, default_folder
from enrichment.reader.sentences import units
from enrichment.reader.surface import model_text

THREADS = 2
_SENTENCES = (
    "The export of our monthly report has been failing since the update on Monday.",
    "I have tried three browsers and two computers, and each time it stops at ninety percent.",
    "Your colleague was very kind, but nothing has happened since.",
    "We are worried that the figures for the board will not be ready in time.",
    "Could you please tell me when this will be fixed?",
    "I really appreciate that you looked into it so quickly.",
    "Order {n} was supposed to arrive last week and the tracking page has not changed.",
    "This is the third time I am writing about it and I am tired of it!",
    "Please find the log of customer {n} attached.",
    "I don't understand why the invoice shows two different amounts.",
)


def messages(count: int) -> list[str]:
    """Different messages of two to five sentences, about 60 word pieces each."""
    return [
        " ".join(_SENTENCES[(n * 3 + k) % len(_SENTENCES)].format(n=n) for k in range(2 + n % 4))
        for n in range(count)
    ]


def run(*, count: int = 160, rounds: int = 5) -> dict[str, float]:
    """Texts a second of both, median over rounds taken in turn, and their ratio."""
    import onnxruntime
    from tokenizers import Tokenizer

    texts = messages(count)
    sentences = [
        model_text(text[unit.start : unit.end])
        for text in texts
        for unit in units(text, prepare(text))
    ]
    folder = default_folder()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(
        str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()

    def bare(batch: int) -> None:
        rows = sorted((e.ids for e in tokenizer.encode_batch_fast(sentences)), key=len)
        for at in range(0, len(rows), batch):
            part = rows[at : at + batch]
            ids = np.zeros((len(part), len(part[-1])), dtype=np.int64)
            mask = np.zeros_like(ids)
            for n, row in enumerate(part):
                ids[n, : len(row)] = row
                mask[n, : len(row)] = 1
            session.run(None, {"input_ids": ids, "attention_mask": mask})

    with load_reader(threads=THREADS) as reader:
        candidates: dict[str, Callable[[], object]] = {
            "reader": lambda: reader.read(texts),
            "bare_batches_of_32": lambda: bare(32),
            "bare_one_by_one": lambda: bare(1),
        }
        taken: dict[str, list[float]] = {name: [] for name in candidates}
        for turn in range(rounds + 1):
            for name, candidate in candidates.items():
                began = time.perf_counter()
                candidate()
                if turn:  # the first turn warms up
                    taken[name].append(time.perf_counter() - began)
    speed = {name: count / median(times) for name, times in taken.items()}
    best = max(speed["bare_batches_of_32"], speed["bare_one_by_one"])
    return {
        "texts": count,
        "sentences": len(sentences),
        "threads": THREADS,
        **{f"{name}_texts_per_s": round(value, 1) for name, value in speed.items()},
        "ratio": round(speed["reader"] / best, 3),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
