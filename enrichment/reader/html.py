"""From an HTML body to the plain text that is then stored, read and quoted.

The markup of mail programs says where a quoted mail or a signature begins; that is lost in plain
text, so those parts are taken out here. Offsets of readings refer to the text returned.

One pass over the tags, with patterns that cannot backtrack: a tree of thirty thousand nested quotes
takes Beautiful Soup a minute, and a hundred thousand unclosed tags the standard library two.
"""

from __future__ import annotations

import html as entities
import re

#: Characters of HTML looked at: a mail with pasted images in it may hold megabytes.
LONGEST_HTML = 400_000

_MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|div|p|br|span|table|blockquote|ul|ol|li|a|b|i|strong|em|u|font|pre|img|hr|center|section|h[1-6])"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
#: A tag, a comment's beginning, or a declaration. Attributes end at the first angle bracket.
_TAG = re.compile(
    r"<(?P<ends>/?)(?P<tag>[a-zA-Z][\w:-]{0,30})(?P<rest>[^<>]{0,4000})>|<!--|<[!?][^<>]{0,4000}>"
)
_NAMES = re.compile(
    r"""\b(?:class|id|data-smartmail)\s{0,3}=\s{0,3}(?:"([^"]{0,500})"|'([^']{0,500})'|([\w-]{1,100}))"""
)
_RAW_TAGS = {"script", "style", "title", "template"}
_LEFT_OUT_TAGS = {"head", "noscript", "blockquote"}
_LEFT_OUT_NAMES = {
    "gmail_quote", "gmail_signature", "gmail_attr", "yahoo_quoted", "moz-cite-prefix",
    "moz-signature", "zendesk-quote", "quoted_text", "hs_reply", "signature",
}  # fmt: skip
_ENDS_THE_MESSAGE = {"divrplyfwdmsg", "appendonsend", "reply-intro", "outlookmessageheader"}
_BLOCKS = {
    "p", "div", "br", "tr", "li", "ul", "ol", "table", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "section", "article", "header", "footer", "pre",
}  # fmt: skip
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre"}
_EMPTY = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
}  # fmt: skip


def looks_like_html(text: str) -> bool:
    """Whether the text has at least one tag that only markup has."""
    return _MARKUP.search(text[:LONGEST_HTML]) is not None


def html_to_text(html: str) -> str:
    """The words of an HTML body as plain text, without quoted mails, signatures and scripts.

    Never raises; text without markup comes back unchanged (entities included).
    """
    if not looks_like_html(html):
        return html
    words = _Words()
    words.read(html[:LONGEST_HTML])
    text = "".join(words.parts).replace("\u00a0", " ")
    text = re.sub(r" {0,100}\n {0,100}", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


class _Words:
    """Collects what a person would see of their own message."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._left_out = ""  # the tag being left out, and how many of its kind are open
        self._depth = 0
        self._in_pre = 0

    def read(self, html: str) -> None:
        """Go over the whole text once."""
        lower = html.lower()
        # Lower case may be longer (a dotted capital I): positions would not match.
        lower = lower if len(lower) == len(html) else html
        at = 0
        while found := _TAG.search(html, at):
            self._words(html[at : found.start()])
            at = found.end()
            tag = (found["tag"] or "").lower()
            closing = "-->" if found.group() == "<!--" else f"</{tag}" if tag in _RAW_TAGS else ""
            if closing and not found["ends"]:
                at = lower.find(closing, at)
                if at < 0:
                    return
                at += len(closing) if closing == "-->" else 0
            elif tag and found["ends"]:
                self._end(tag)
            elif tag and not self._begin(tag, found["rest"]):
                return
        self._words(html[at:])

    def _begin(self, tag: str, rest: str) -> bool:
        """Enter a tag; False where all that follows is somebody else's mail."""
        if self._left_out:
            self._depth += tag == self._left_out
            return True
        names = {name for match in _NAMES.findall(rest) for name in "".join(match).lower().split()}
        if names & _ENDS_THE_MESSAGE:
            return False
        if tag in _EMPTY or not (tag in _LEFT_OUT_TAGS or names & _LEFT_OUT_NAMES):
            self._in_pre += tag == "pre"
            if tag in _BLOCKS:
                self.parts.append("\n\n" if tag in _PARAGRAPHS else "\n")
        elif not rest.endswith("/"):
            self._left_out, self._depth = tag, 1
        return True

    def _end(self, tag: str) -> None:
        if self._left_out:
            self._depth -= tag == self._left_out
            if not self._depth:
                self._left_out = ""
            return
        self._in_pre -= tag == "pre" and self._in_pre > 0
        if tag in _BLOCKS:
            self.parts.append("\n")

    def _words(self, text: str) -> None:
        if text and not self._left_out:
            text = entities.unescape(text)
            self.parts.append(text if self._in_pre else re.sub(r"\s+", " ", text))
