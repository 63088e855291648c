"""``keepsake read``: what the reader sees in a text, and the words that show it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from .failing import Problem

if TYPE_CHECKING:
    from enrichment.readings import Reading


@click.command()
@click.argument("text", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text.")
@click.option("--lines", is_flag=True, help="Standard input holds one text a line.")
def read(text: tuple[str, ...], as_json: bool, lines: bool) -> None:
    """Read what a customer feels from TEXT (or from standard input)."""
    texts = [" ".join(text)] if text else _from_stdin(lines)
    from enrichment.reader import ArtefactError, load_reader

    try:
        reader = load_reader()
    except ArtefactError as error:
        raise Problem(str(error)) from error
    for reading in reader.read(texts):
        if as_json:
            from enrichment.reader.serial import reading_to_json

            click.echo(json.dumps(reading_to_json(reading), ensure_ascii=False))
        else:
            _show(reading)


def _from_stdin(lines: bool) -> list[str]:
    if sys.stdin.isatty():
        raise click.UsageError('say what to read: keepsake read "..." or pipe a text in')
    piped = sys.stdin.buffer.read().decode("utf-8", errors="replace")
    return [line for line in piped.splitlines() if line.strip()] if lines else [piped]


def _show(reading: Reading) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if reading.unknown is not None:
        console.print(Text(f"unknown: {reading.unknown}"))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_column(style="italic")
    for name, value, quote in _rows(reading):
        table.add_row(name, Text(value), Text(quote))
    console.print(table)


def _rows(reading: Reading) -> list[tuple[str, str, str]]:
    def quote(of: str) -> str:
        span = reading.evidence.get(of)
        return f"“{' '.join(span.quote.split())}”" if span else ""

    step: Any = reading.sentiment
    valence = reading.valence if reading.valence is not None else 0.0
    sentiment = step.value.replace("_", " ") if step else "unsure"
    rows = [
        (
            "sentiment",
            f"{sentiment} ({valence:+.2f}, confidence {reading.confidence or 0:.2f})",
            quote("sentiment"),
        ),
        ("intensity", f"{reading.intensity or 0:.2f}", ""),
    ]
    for label in reading.labels:
        rows.append((label, f"{reading.emotions[label]:.2f}", quote(label)))
    if not reading.labels:
        rows.append(("emotion", "none stands out", ""))
    return rows
