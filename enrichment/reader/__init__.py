"""The reader: emotion and sentiment of customers' words, with the words that show them.

Importing this package loads neither torch nor flair; ``load_reader`` does.
"""

from .artefact import ArtefactAltered, ArtefactError, ArtefactMissing
from .html import html_to_text, looks_like_html
from .prepare import Kept, prepare
from .reader import Reader, load_reader
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
