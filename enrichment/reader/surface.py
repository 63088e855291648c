"""The wording the model is given: training and reading pass through this one function.

Handles, addresses and links become one word each, so that neither a name nor an account number
sways the reading; emoji become their Unicode names, because the word pieces know no emoji and
would otherwise see an unknown mark where the customer showed a face.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@\w{1,40}")
_REPEATED = re.compile(r"([^\W\d_])\1{3,}")
_NOT_BASIC = re.compile("[^\x00-\x7f]+")
_HALF = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "\u00a0": " "})

#: Unicode names that mislead: what people mean by the sign, not what its designers drew.
_MEANT = {
    "POUTING FACE": "angry face",
    "FACE WITH LOOK OF TRIUMPH": "huffing annoyed face",
    "LOUDLY CRYING FACE": "crying face",
    "HEAVY BLACK HEART": "red heart",
    "BLACK HEART SUIT": "red heart",
    "THUMBS UP SIGN": "thumbs up",
    "THUMBS DOWN SIGN": "thumbs down",
    "PERSON WITH FOLDED HANDS": "thank you",
    "SERIOUS FACE WITH SYMBOLS COVERING MOUTH": "swearing angry face",
}


def model_text(text: str) -> str:
    """The text as the model sees it: one line, masked names and links, emoji in words."""
    if _HALF.search(text):
        # Half a character (JSON allows it) cannot be encoded; two halves side by side are an emoji.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.translate(_PLAIN)
    text = _EMAIL.sub("@user", text)
    text = _LINK.sub("http", text)
    text = _HANDLE.sub("@user", text)
    text = _REPEATED.sub(r"\1\1\1", text)
    text = _NOT_BASIC.sub(_spell_out, text)
    return _BLANKS.sub(" ", text).strip()


def _spell_out(run: re.Match[str]) -> str:
    spelt: list[str] = []
    previous = ""
    for character in run.group():
        name = emoji_name(character)
        if name is None:
            spelt.append(character)
        elif name and name != previous:
            spelt.append(f" {name} ")
        previous = name or ""
    return "".join(spelt)


@lru_cache(maxsize=4096)
def emoji_name(character: str) -> str | None:
    """The words for an emoji, "" for its invisible modifiers, None for any other character."""
    code = ord(character)
    if 0xFE00 <= code <= 0xFE0F or 0x1F3FB <= code <= 0x1F3FF or code in (0x200D, 0x20E3):
        return ""
    if not (0x2600 <= code <= 0x27BF or 0x1F300 <= code <= 0x1FAFF or code in (0x2B50, 0x2764)):
        return None
    name = unicodedata.name(character, "")
    return _MEANT.get(name, name.lower())
