"""What a person reads in a piece of HTML, as plain text. Shared by all source systems.

The hard part is what to leave out: styles, scripts and whatever is hidden by style (mail
previews, tracking words) were never said by anybody. Quoted text stays, marked with ``> `` as
in mail, so that a reader can tell it from new words. Never raises, whatever it is given.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

#: Longer HTML is cut before it is parsed: nobody reads on, and parsing costs time.
LONGEST_HTML = 512 * 1024

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"}
    | {"div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table"}
    | {"tbody", "tfoot", "thead", "tr", "ul"}
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr", "dl"}
)
_SILENT = frozenset(
    {"head", "style", "script", "template", "title", "noscript", "object", "svg", "select"}
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source"}
    | {"track", "wbr"}
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|"
    r"max-height\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2060-\u2064\ufeff]")
_BLANKS = re.compile(r"[^\S\n]+")


def plain_text(html: str) -> str:
    """The visible words of ``html``, paragraphs apart by one empty line."""
    reader = _Reader()
    reader.feed(html[:LONGEST_HTML])
    reader.close()
    return reader.text()


def tidy(text: str) -> str:
    """Plain text with odd blanks made plain, invisible characters and runs of lines removed."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [_BLANKS.sub(" ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, bool]] = []
        self._hidden = 0
        self._quoted = 0
        self._lines: list[tuple[int, str]] = []
        self._line: list[str] = []
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._end_line()
        self._open_block(tag)
        if tag in _VOID:
            return
        given = dict(attrs)
        hides = (
            tag in _SILENT or "hidden" in given or bool(_HIDDEN.search(given.get("style") or ""))
        )
        self._open.append((tag, hides))
        self._hidden += hides
        self._quoted += tag == "blockquote"
        self._preformatted += tag == "pre"
        if tag == "li" and not self._hidden:
            self._line.append("- ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # "<br/>" ends at once; for other tags browsers ignore the slash.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _ in self._open):
            return
        self._open_block(tag)
        while self._open:
            name, hides = self._open.pop()
            self._hidden -= hides
            self._quoted -= name == "blockquote"
            self._preformatted -= name == "pre"
            if name == tag:
                break
        if tag in ("td", "th"):
            self._line.append(" ")

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._preformatted:
            first, *rest = data.split("\n")
            self._line.append(first)
            for line in rest:
                self._end_line()
                self._line.append(line)
        else:
            self._line.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        self._end_line()
        return re.sub(
            r"\n{3,}",
            "\n\n",
            "\n".join(
                f"{'> ' * depth}{line}".rstrip() if line else "" for depth, line in self._lines
            ),
        ).strip()

    def _open_block(self, tag: str) -> None:
        if tag in _BLOCKS:
            if self._line:
                self._end_line()
            if tag in _PARAGRAPHS and self._lines and self._lines[-1][1]:
                self._lines.append((0, ""))

    def _end_line(self) -> None:
        line = tidy("".join(self._line))
        self._line.clear()
        if line or (self._lines and self._lines[-1][1]):
            self._lines.append((min(self._quoted, 5), line))
