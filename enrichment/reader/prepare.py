"""What the customer wrote just now, and where it stands in the text that came in.

A message carries much that its sender did not write for this occasion: earlier mails quoted
below, the agent's own words, a signature, a disclaimer, a greeting. Reading those would lay
other people's feelings at the customer's door. Nothing is rewritten: what is kept are ranges of
the text given, so that evidence can be shown in the original.

Every pattern works on single lines of bounded length and none can backtrack far, because the
text is whatever anybody on the internet sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Characters read of one message. Beyond this lie logs and pasted documents, not feelings.
LONGEST_TEXT = 20_000
_LONGEST_SIGN_OFF = 8  # lines after "Best regards," that may still be a signature


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A stretch of the original text: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line without its line break, by its place in the original."""

    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


_QUOTE_HEAD = re.compile(
    r"^\s{0,8}(?:"
    r"(?:On|Am|Le|El|Il|Op|Em|Den)\b.{4,200}\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef"
    r"|escreveu|skrev)\b.{0,60}:"
    r"|.{3,120}\bwrote:"
    r")\s{0,8}$",
    re.IGNORECASE,
)
_QUOTE_HEAD_BEGINS = re.compile(r"^\s{0,8}On\s.{6,200}$")
_QUOTE_HEAD_ENDS = re.compile(r"\bwrote:\s{0,8}$")
_CUT_BELOW = re.compile(
    r"^\s{0,8}(?:"
    r"-{2,20}\s?(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine)"
    r"\s?-{2,20}"
    r"|Begin forwarded message:"
    r"|#{2}- .{0,80} -#{2}"
    r"|_{20,100}"
    r")\s{0,8}$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"^\s{0,4}\*{0,2}(?:From|Sent|Date|To|Cc|Subject|Von|Gesendet|An|Betreff)\*{0,2}:\s",
    re.IGNORECASE,
)
_HEADER_FROM = re.compile(r"^\s{0,4}\*{0,2}(?:From|Von)\*{0,2}:\s", re.IGNORECASE)
_QUOTED = re.compile(r"^\s{0,4}[>|]")
_DEVICE = re.compile(
    r"^\s{0,8}(?:Sent (?:from|via|using) (?:my |the |a )?[\w' ]{2,40}"
    r"(?:for (?:iOS|Android|iPhone|Windows)[\w ]{0,20})?"
    r"|Get Outlook for \w{2,12}.{0,60}|Von meinem \w{2,20} gesendet)[.!]?\s{0,8}$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s{0,8}(?:(?:with )?(?:(?:best|kind|kindest|warm|warmest|many) )?"
    r"(?:regards|wishes|thanks|greetings)|best|cheers|sincerely(?: yours)?|yours(?: \w{5,10})?"
    r"|respectfully|thank you|thx|rgds|br|all the best|take care|have a (?:nice|good|great) \w{3,7}"
    r"|thanks (?:and|&) (?:best |kind )?regards|(?:thanks|thank you) in advance)"
    r"\s{0,4}[,.!]?\s{0,8}$",
    re.IGNORECASE,
)
_CLOSING_WITH_NAME = re.compile(
    r"^\s{0,8}(?i:(?:best|kind|warm) regards|regards|best|cheers|sincerely|thanks|thank you)"
    r"[,!.]? (?:[-–] ?)?[A-Z][\w'-]{0,20}(?: [A-Z][\w'.-]{0,20}){0,2}\.?\s{0,8}$"
)
_GREETING = re.compile(
    r"^\s{0,8}(?:(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day))\b"
    r"(?:[ ,]{1,3}(?!i\b|i'm\b|my\b|we\b|this\b|it\b|can\b|could\b|the\b)[\w'.@-]{1,24}){0,4}"
    r")\s{0,4}(?P<end>[,!:.–-]{1,3}\s|[,!:.–-]{0,3}\s{0,8}$)",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"(?:this (?:e-?mail|message)(?: \S{1,20}){0,6} (?:is|are|may be|contains?|may contain)"
    r"(?: \S{1,20}){0,4} (?:confidential|privileged|intended)"
    r"|if you (?:are not|have received this|received this)(?: \S{1,20}){0,6}"
    r" (?:intended recipient|in error|by mistake)"
    r"|(?:please )?(?:consider|think of) the environment before printing"
    r"|\[?external(?: e-?mail| sender)?\]?: |caution: this (?:e-?mail|message) originated"
    r"|to unsubscribe\b|unsubscribe from\b|view (?:this e-?mail )?in (?:your )?browser"
    r"|registered (?:office|in england)|virus-free\.|all rights reserved)",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r"\b(?:I|I'm|I've|we|we're|my|me|you|your|it|this|please|why|when)\b", re.IGNORECASE
)
_SENTENCE_ENDS = re.compile(r"[.!?](?=\s)")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]{0,3}\s{0,8}$")


def prepare(text: str) -> list[Kept]:
    """The stretches of ``text`` that hold the customer's own, new words; perhaps none."""
    lines = _lines(text[:LONGEST_TEXT])
    lines = _without_boilerplate(_without_quotes(lines))
    lines = _without_signature(lines)
    return list(_stretches(text, lines))


def _lines(text: str) -> list[Line]:
    lines = []
    start = 0
    for raw in text.splitlines(keepends=True):
        bare = raw.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
        lines.append(Line(start=start, end=start + len(bare), text=bare))
        start += len(raw)
    return lines


def _without_quotes(lines: list[Line]) -> list[Line]:
    """Drop quoted lines; below a mail header drop everything, below "wrote:" only if no ">"."""
    own: list[Line] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        length = len(line.text)
        if _QUOTED.match(line.text):
            at += 1
        elif length < 300 and (_CUT_BELOW.match(line.text) or _opens_header(lines, at)):
            break
        elif length < 300 and (taken := _quote_head(lines, at)):
            following = next((n for n in lines[at + taken :] if not n.is_blank), None)
            if following is None or not _QUOTED.match(following.text):
                break
            at += taken
        else:
            own.append(line)
            at += 1
    return own


def _quote_head(lines: list[Line], at: int) -> int:
    """How many lines a "On Monday X wrote:" takes here: mail programs wrap it; 0 if none."""
    if _QUOTE_HEAD.match(lines[at].text):
        return 1
    if _QUOTE_HEAD_BEGINS.match(lines[at].text):
        for taken in (2, 3):
            if at + taken <= len(lines) and _QUOTE_HEAD_ENDS.search(lines[at + taken - 1].text):
                return taken
    return 0


def _opens_header(lines: list[Line], at: int) -> bool:
    """Outlook's "From: / Sent: / To: / Subject:" block, which starts a quoted mail."""
    if not _HEADER_FROM.match(lines[at].text):
        return False
    return sum(1 for line in lines[at + 1 : at + 5] if _HEADER.match(line.text)) >= 2


def _without_boilerplate(lines: list[Line]) -> list[Line]:
    own: list[Line] = []
    for paragraph in _paragraphs(lines):
        own_part = paragraph
        joined = " ".join(line.text for line in paragraph)
        if len(joined) < 4000 and (found := _BOILERPLATE.search(joined)):
            # What stands before the disclaimer's own sentence is the customer's.
            ends = [end.end() for end in _SENTENCE_ENDS.finditer(joined, 0, found.start())]
            own_part = _up_to(paragraph, ends[-1] if ends else 0)
        own += [line for line in own_part if not _is_device_note(line)]
    return own


def _up_to(paragraph: list[Line], length: int) -> list[Line]:
    """The paragraph's first ``length`` characters, counting a line break as one."""
    own: list[Line] = []
    for line in paragraph:
        if length <= 0:
            break
        text = line.text[:length]
        own.append(Line(start=line.start, end=line.start + len(text), text=text))
        length -= len(line.text) + 1
    return own


def _is_device_note(line: Line) -> bool:
    return len(line.text) < 120 and _DEVICE.match(line.text) is not None


def _paragraphs(lines: list[Line]) -> Iterable[list[Line]]:
    paragraph: list[Line] = []
    for line in lines:
        paragraph.append(line)
        if line.is_blank:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def _without_signature(lines: list[Line]) -> list[Line]:
    """Cut at "-- " or at a closing phrase near the end, unless nothing would be left."""
    for at, line in enumerate(lines):
        if line.text.rstrip() in ("--", "—", "---") and any(not n.is_blank for n in lines[:at]):
            lines = lines[:at]
            break
    filled = [n for n, line in enumerate(lines) if not line.is_blank]
    for position, at in enumerate(filled):
        after = [lines[n] for n in filled[position + 1 :]]
        if len(after) > _LONGEST_SIGN_OFF or len(lines[at].text) > 80:
            continue
        signs = _CLOSING.match(lines[at].text) and all(_in_signature(line) for line in after)
        if signs or (not after and _CLOSING_WITH_NAME.match(lines[at].text)):
            return lines[:at] if position else lines[: at + 1]
    return lines


def _in_signature(line: Line) -> bool:
    """Names, roles and numbers; somebody who speaks of "I" or "we" is still writing."""
    words = line.text.count(" ") + 1
    speaks = _SPEAKS.search(line.text) is not None and words >= 3
    return (
        len(line.text) <= 70 and not speaks and not (_SENTENCE_END.search(line.text) and words >= 7)
    )


def _stretches(text: str, lines: list[Line]) -> Iterable[Kept]:
    """Neighbouring lines joined, greeting and outer blanks taken off."""
    runs: list[tuple[int, int]] = []
    previous: Line | None = None
    for number, line in enumerate(line for line in lines if not line.is_blank):
        start = line.start
        if number < 2 and (found := _GREETING.match(line.text)) and len(line.text) < 2000:
            start += found.end()
        if start >= line.end:
            previous = None
            continue
        joined = previous is not None and not text[previous.end : line.start].strip()
        if joined and runs:
            runs[-1] = (runs[-1][0], line.end)
        else:
            runs.append((start, line.end))
        previous = line
    for start, end in runs:
        stretch = text[start:end]
        if stripped := stretch.strip():
            begins = start + stretch.index(stripped)
            yield Kept(start=begins, end=begins + len(stripped))
