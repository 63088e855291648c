"""Is this English? Short answers are, unless they plainly are not.

The model reads English only, and a German complaint read as English comes out as calm. The
identifier (py3langid, 0.6 s to load) is sure of long texts and guesses at short ones: "nope" is
Finnish to it. So the fewer the words, the surer it must be before a text counts as foreign.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .surface import emoji_name

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
_LONGEST_LOOK = 2_000  # characters shown to the identifier
#: What customers plausibly write in; fewer candidates make short texts surer.
_CANDIDATES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs", "sk", "hu", "ro",
    "bg", "hr", "sl", "lt", "lv", "et", "el", "tr", "ru", "uk", "ar", "he", "fa", "hi", "bn", "ta",
    "th", "vi", "id", "ms", "tl", "ja", "ko", "zh", "ca", "af", "sw",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_MASKED = re.compile(r"\S{0,80}@\S{1,80}|(?:https?://|www\.)\S{1,2000}|\[[A-Z]{2,12}\]")
_COMMON = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "am",
        "it",
        "its",
        "it's",
        "this",
        "that",
        "these",
        "those",
        "i",
        "i'm",
        "i've",
        "my",
        "me",
        "we",
        "our",
        "us",
        "you",
        "your",
        "he",
        "she",
        "they",
        "them",
        "their",
        "not",
        "no",
        "don't",
        "doesn't",
        "didn't",
        "can't",
        "won't",
        "isn't",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "will",
        "would",
        "can",
        "could",
        "should",
        "to",
        "of",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "by",
        "about",
        "when",
        "what",
        "why",
        "how",
        "where",
        "who",
        "there",
        "here",
        "please",
        "thanks",
        "thank",
        "hi",
        "hello",
        "yes",
        "ok",
        "okay",
        "still",
        "again",
        "just",
        "so",
        "very",
        "really",
        "too",
        "only",
        "get",
        "got",
        "now",
        "all",
        "any",
        "some",
        "more",
    ]
)
#: Whole messages of one or two words that are plain to people, but too short for the identifier.
_TELLTALE = {
    "de": "danke bitte hallo guten nein nicht kaputt schlecht scheisse scheiße frechheit wann warum",
    "fr": "merci bonjour bonsoir salut oui s'il mauvais pourquoi quand nul remboursement",
    "es": "gracias hola buenos buenas sí malo pésimo porqué cuándo ayuda reembolso perfecto",
    "pt": "obrigado obrigada olá bom não péssimo ajuda reembolso",
    "it": "grazie ciao buongiorno pessimo perché aiuto rimborso",
    "nl": "dank bedankt hallo slecht waarom niet",
    "sv": "tack hej inte", "pl": "dziękuję dzień nie dlaczego", "tr": "teşekkürler merhaba",
}  # fmt: skip
_TELLTALE_WORDS = {
    word: code for code, words in reversed(_TELLTALE.items()) for word in words.split()
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The language's code when it could be told, and why the text cannot be read, or None."""

    language: str | None
    unknown: str | None


def judge(text: str) -> Verdict:
    """Whether the model may read this text."""
    looked_at = _MASKED.sub(" ", text[:_LONGEST_LOOK]).replace("’", "'")
    words = _WORD.findall(looked_at)
    if not any(words):
        if any(emoji_name(character) for character in looked_at):
            return Verdict(language=None, unknown=None)
        return Verdict(language=None, unknown="too little text")
    if sum(map(len, words)) < 2:
        return Verdict(language=None, unknown="too little text")
    common = sum(word.lower() in _COMMON for word in words)
    if len(words) >= 3 and common / len(words) >= 0.5:
        return Verdict(language=ENGLISH, unknown=None)
    if len(words) <= 2 and common == 0:
        for word in words:
            if code := _TELLTALE_WORDS.get(word.lower()):
                return Verdict(language=code, unknown=f"unknown language: {code}")
    return _identify(" ".join(words), len(words), common)


def _identify(text: str, words: int, common: int) -> Verdict:
    # The identifier was not trained on shouting.
    ranked = _ranked(text.lower() if text.isupper() else text)
    english = dict(ranked).get(ENGLISH, 0.0)
    best, probability = ranked[0]
    if best == ENGLISH:
        return Verdict(language=ENGLISH, unknown=None)
    if not any(character < "\u0250" for character in text if character.isalpha()):
        return Verdict(language=best, unknown=f"unknown language: {best}")
    needed = 0.9 if words <= 1 else 0.8 if words <= 2 else 0.6 if words <= 4 else 0.55
    if probability >= needed and english < 0.1 and common * 4 <= words:
        return Verdict(language=best, unknown=f"unknown language: {best}")
    if words >= 8 and english < 0.05 and common * 8 <= words:
        return Verdict(language=None, unknown="unknown language")
    return Verdict(language=ENGLISH, unknown=None)


def _ranked(text: str) -> list[tuple[str, float]]:
    return [(str(code), float(probability)) for code, probability in _identifier().rank(text)]


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in _CANDIDATES if code in identifier.nb_classes])
    return identifier
