"""Texts a second of the whole reader against onnxruntime and tokenizers alone.

Both sides are given the same messages, cut into the same sentences, the same int8 file and the
same number of threads. "Bare" is what one would write without flair and without anything around:
tokenise all sentences, run the model, throw the numbers away. Preparing, language, splitting,
flair, aggregation and evidence are the reader's own cost and count against it.

The bar is for the same batch: each sentence alone, on single-threaded sessions side by side, since
int8 activations are scaled per call and neighbours would change a reading. What that costs is
shown beside it: batches of 32, sorted by length, over all threads of one session.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from result import Result

from enrichment.reader import load_reader, prepare
from enrichment.reader.artefact import MODEL_FILE, TOKENIZER_FILE, default_folder
from enrichment.reader.sentences import units
from enrichment.reader.surface import model_text

BAR = 0.75
BAR = 0.75
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


def measure() -> list[Result]:
    found = run()
    rounds, spent = found["rounds"], found["processor_ms_a_text"]
    told = (
        f"{found['texts_per_s']['reader']} texts/s against {{}}; {found['texts']} texts of "
        f"{found['sentences']} sentences, {THREADS} threads, {rounds} rounds taken in turn"
    )
    return [
        Result(
            name=f"reading, of onnxruntime and tokenizers alone ({name})",
            value=found["ratio"][key],
            bar=bar,
            notes=(
                told.format(found["texts_per_s"][key]),
                f"processor: {spent['reader']} ms a text against {spent[key]}",
            ),
            figures=found,
        )
        for key, name, bar in (
            ("each_alone", "same batch: each sentence alone", BAR),
            ("batches_of_32", "batches of 32, where neighbours change a reading", None),
        )
    ]


def run(*, count: int = 96, rounds: int = 15) -> dict[str, Any]:
    """Texts a second, and the reader's share of the bare ways: medians over rounds."""
    import onnxruntime
    from tokenizers import Tokenizer

    texts = messages(count)
    sentences = [
        model_text(text[unit.start : unit.end])
        for text in texts
        for unit in units(text, prepare(text))
    ]
    folder = default_folder()
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()

    def session(threads: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(
            str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )

    alone, together = session(1), session(THREADS)
    pool = ThreadPoolExecutor(THREADS)

    def run_each(rows: Sequence[Sequence[int]]) -> None:
        for row in rows:
            ids = np.array([row], dtype=np.int64)
            alone.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})

    def each_alone() -> None:
        rows = [found.ids for found in tokenizer.encode_batch_fast(sentences)]
        list(pool.map(run_each, [rows[at : at + 16] for at in range(0, len(rows), 16)]))

    def batches(size: int = 32) -> None:
        rows = sorted((found.ids for found in tokenizer.encode_batch_fast(sentences)), key=len)
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            ids = np.zeros((len(part), len(part[-1])), dtype=np.int64)
            mask = np.zeros_like(ids)
            for n, row in enumerate(part):
                ids[n, : len(row)] = row
                mask[n, : len(row)] = 1
            together.run(None, {"input_ids": ids, "attention_mask": mask})

    with pool, load_reader(threads=THREADS) as reader:
        candidates: dict[str, Callable[[], object]] = {
            "reader": lambda: reader.read(texts),
            "each_alone": each_alone,
            "batches_of_32": batches,
        }
        taken: dict[str, list[float]] = {name: [] for name in candidates}
        spent = dict.fromkeys(candidates, 0.0)
        for turn in range(rounds + 1):
            for name, candidate in candidates.items():
                began, used = time.perf_counter(), time.process_time()
                candidate()
                if turn:  # the first turn warms up
                    taken[name].append(time.perf_counter() - began)
                    spent[name] += time.process_time() - used
    ours = taken.pop("reader")
    ratios = {
        name: [bare / our for bare, our in zip(times, ours, strict=True)]
        for name, times in taken.items()
    }
    return {
        "texts": count,
        "sentences": len(sentences),
        "threads": THREADS,
        "rounds": rounds,
        "texts_per_s": {
            name: round(count / median(times)) for name, times in {"reader": ours, **taken}.items()
        },
        "processor_ms_a_text": {
            name: round(1000 * seconds / (rounds * count), 2) for name, seconds in spent.items()
        },
        "ratio": {name: round(median(each), 3) for name, each in ratios.items()},
        "ratios": {name: [round(one, 3) for one in each] for name, each in ratios.items()},
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
