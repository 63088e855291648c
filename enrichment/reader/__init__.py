"""The reader: emotion and sentiment of customers' words, with the words that show them.

Importing this package loads neither torch nor flair nor numpy (the web process needs the cues in
``signals`` and nothing else); asking it for ``load_reader`` does.
"""

from typing import TYPE_CHECKING, Any

from .artefact import ArtefactAltered, ArtefactError, ArtefactMissing
from .html import html_to_text, looks_like_html
from .prepare import Kept, prepare
from .serial import reading_from_json, reading_to_json

__all__ = [
    "ArtefactAltered",
    "ArtefactError",
    "ArtefactMissing",
    "Kept",
    "Reader",
    "html_to_text",
    "load_reader",
    "looks_like_html",
    "prepare",
    "reading_from_json",
    "reading_to_json",
]

if TYPE_CHECKING:
    from .reader import Reader, load_reader


def __getattr__(name: str) -> Any:
    if name in ("Reader", "load_reader"):
        from . import reader

        return getattr(reader, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
