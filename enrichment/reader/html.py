"""From an HTML body to the plain text that is then stored, read and quoted.

The markup of mail programs says where a quoted mail or a signature begins; that is lost in plain
text, so those parts are taken out here. Offsets of readings refer to the text returned.
"""

from __future__ import annotations

import re
import warnings

#: Characters of HTML looked at: a mail with pasted images in it may hold megabytes.
LONGEST_HTML = 400_000

_MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|div|p|br|span|table|blockquote|ul|ol|li|a|b|i|strong|em|font|h[1-6])"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_DROPPED = (
    "script, style, head, title, noscript, template, blockquote, .gmail_quote, .gmail_signature, "
    ".gmail_attr, .yahoo_quoted, .moz-cite-prefix, .moz-signature, #Signature, .zendesk-quote, "
    ".quoted_text, .hs_reply, [data-smartmail=gmail_signature]"
)
_AND_ALL_BELOW = "#divRplyFwdMsg, #appendonsend, #reply-intro, .OutlookMessageHeader"
_BLOCKS = {
    "p", "div", "br", "tr", "li", "ul", "ol", "table", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "section", "article", "header", "footer", "pre",
}  # fmt: skip
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre"}


def looks_like_html(text: str) -> bool:
    """Whether the text has at least one tag that only markup has."""
    return _MARKUP.search(text[:LONGEST_HTML]) is not None


def html_to_text(html: str) -> str:
    """The words of an HTML body as plain text, without quoted mails, signatures and scripts.

    Never raises; text without markup comes back unchanged (entities included).
    """
    if not looks_like_html(html):
        return html
    from bs4 import BeautifulSoup
    from bs4.element import NavigableString, PreformattedString, Tag

    with warnings.catch_warnings():
        # bs4 warns when a body looks like a file name or a URL: here that is just a short mail.
        warnings.simplefilter("ignore")
        soup = BeautifulSoup(html[:LONGEST_HTML], "html.parser")
    for header in soup.select(_AND_ALL_BELOW):
        for later in [*header.find_all_next(string=True), *header.find_all(string=True)]:
            later.extract()
    for dropped in soup.select(_DROPPED):
        dropped.extract()
    parts: list[str] = []
    for node in soup.descendants:
        if isinstance(node, Tag):
            if node.name in _BLOCKS:
                parts.append("\n\n" if node.name in _PARAGRAPHS else "\n")
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            parts.append(str(node) if _in_pre(node.parent) else re.sub(r"\s+", " ", str(node)))
    text = "".join(parts).replace("\u00a0", " ")
    text = re.sub(r"[ \t]{0,100}\n[ \t]{0,100}", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _in_pre(parent: object) -> bool:
    return getattr(parent, "name", None) == "pre"
