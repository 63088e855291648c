"""From the trained state to the folder that is shipped: one int8 ONNX file and its tokenizer.

The quantiser's defaults cost much (cosine .94 to the unquantised embedding); weights quantised
channel by channel give .99. Activations are quantised per call, so a text's result depends on
what shares its batch: the reader runs one text at a time, and so does the evaluation here.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import warnings
from pathlib import Path

import torch

from .model import TOKENIZER_NAME, empty_model, starting_point

log = logging.getLogger(__name__)

MODEL_NAME = "model.onnx"
OUTPUTS = ["emotion", "sentiment", "embedding"]


def export(state: Path, out: Path) -> Path:
    """Write ``model.onnx`` (int8) and ``tokenizer.json`` into ``out``; fp32 stays beside state."""
    # It needs onnx, which only the extra "train" brings; checksums are written without it.
    from onnxruntime.quantization import QuantType, quantize_dynamic

    start = starting_point()
    model = empty_model(start)
    model.load_state_dict(torch.load(state, weights_only=True))
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    full = state.with_name("model-fp32.onnx")
    example = torch.ones(2, 9, dtype=torch.long)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated; its successor fails on this model (torch 2.13).
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example, example),
            str(full),
            input_names=["input_ids", "attention_mask"],
            output_names=OUTPUTS,
            dynamic_axes={
                name: {0: "batch", 1: "words"}
                if name.startswith(("input", "att"))
                else {0: "batch"}
                for name in ["input_ids", "attention_mask", *OUTPUTS]
            },
            opset_version=17,
            dynamo=False,
        )
    quantize_dynamic(
        full,
        out / MODEL_NAME,
        per_channel=True,
        reduce_range=False,
        weight_type=QuantType.QInt8,
    )
    shutil.copyfile(start / TOKENIZER_NAME, out / TOKENIZER_NAME)
    log.info("%s: %.1f MB", out / MODEL_NAME, (out / MODEL_NAME).stat().st_size / 1e6)
    return out / MODEL_NAME


def write_checksums(folder: Path) -> None:
    """``SHA256SUMS`` over every other file of the folder, in the form ``sha256sum -c`` reads."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n", "utf-8")
