"""Comment bodies in their three spellings, and tags as the helpdesk takes them."""

from __future__ import annotations

import html
import re

_BREAKS = re.compile(r"<br\s*/?>|</p>|</div>|</li>", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]+>")
_BAD_IN_TAG = re.compile(r"[^\w:./+\-]", re.UNICODE)


def html_of(text: str) -> str:
    """Plain text as the helpdesk would wrap it: a paragraph a block, a break a line."""
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    paragraphs = "".join(
        '<p dir="auto">' + html.escape(block, quote=False).replace("\n", "<br>") + "</p>"
        for block in blocks
    )
    return f'<div class="zd-comment" dir="auto">{paragraphs}</div>'


def text_of(markup: str) -> str:
    """What is left of HTML once the tags are gone."""
    text = html.unescape(_TAGS.sub("", _BREAKS.sub("\n", markup)))
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def clean_tags(given: object) -> list[str]:
    """Lower case, split at blanks, strange characters dropped, sorted, each once."""
    words: list[str] = []
    for item in given if isinstance(given, (list, tuple)) else [given]:
        if item is not None:
            words.extend(str(item).replace(",", " ").split())
    cleaned = {_BAD_IN_TAG.sub("", word.lower()) for word in words}
    return sorted(tag for tag in cleaned if tag)
