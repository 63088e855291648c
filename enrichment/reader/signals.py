"""What the customer's words say beside the feeling: urgency, effort, thanks. Phrases, no model.

The hard part is politeness and negation: "thanks in advance", a signature, "not urgent" and
"hope it works now" all hold the right words and mean something else. Every cue carries the span
it was read from. English only; in other languages few phrases match and silence is the answer.
Hostile text is harmless: only the first 20,000 characters are read, every gap in a pattern is
bounded, and a text yields at most 40 cues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..readings import Span

_READ_AT_MOST = 20_000
_CUES_AT_MOST = 40


class Urgency(StrEnum):
    """How soon it must be looked at, as the words say it. Unknown is ``None``, not routine."""

    ROUTINE = "routine"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Urgency).index(self)


class CueKind(StrEnum):
    # Customers: how much it matters
    OUTAGE = "outage"
    BROKEN = "broken"
    SCOPE = "scope"
    MONEY = "money"
    DEADLINE = "deadline"
    LEGAL = "legal"
    SECURITY = "security"
    URGENT = "urgent"
    NO_RUSH = "no_rush"
    # Customers: how much work it is
    TOLD_YOU = "told_you"
    STILL_NOT = "still_not"
    # Customers: thanks, and whether it is over
    THANKS = "thanks"
    THANKS_FOR_HELP = "thanks_for_help"
    """For help as such: meant only when somebody has helped already."""
    POLITE = "polite"
    """In advance, as a signature, or not meant: never gratitude."""
    CONFIRMS = "confirms"
    AWAITS = "awaits"
    ANNIVERSARY = "anniversary"
    # Agents, see ``enrichment.cues``
    ACKNOWLEDGED = "acknowledged"
    OWNED = "owned"
    APOLOGISED = "apologised"
    PROMISED = "promised"
    FIXED = "fixed"
    GAVE = "gave"


@dataclass(frozen=True, kw_only=True)
class Cue:
    kind: CueKind
    span: Span


@dataclass(frozen=True, kw_only=True)
class Signals:
    """The cues of one text in the order they stand there; ``references`` are order, invoice and
    case numbers named in it. ``urgency`` is None where no phrase says anything about it."""

    cues: tuple[Cue, ...] = ()
    references: tuple[str, ...] = ()

    def has(self, *kinds: CueKind) -> bool:
        return any(cue.kind in kinds for cue in self.cues)

    def first(self, *kinds: CueKind) -> Cue | None:
        return next((cue for cue in self.cues if cue.kind in kinds), None)

    @property
    def urgency(self) -> Urgency | None:
        judged = self.judged_urgency()
        return judged[0] if judged else None

    def judged_urgency(self) -> tuple[Urgency, Cue] | None:
        """The urgency and the phrase that decides it.

        Critical: security or legal threat; an outage that touches many; an outage or money
        together with a deadline or "urgent". High: any one of outage, deadline, urgent, money,
        or something broken that the customer already told us about. Routine: "no rush" and
        nothing of the above.
        """
        hard = self.first(CueKind.SECURITY, CueKind.LEGAL)
        loss = self.first(CueKind.OUTAGE, CueKind.MONEY)
        soon = self.first(CueKind.DEADLINE, CueKind.URGENT)
        again = self.first(CueKind.TOLD_YOU, CueKind.STILL_NOT)
        if hard:
            return Urgency.CRITICAL, hard
        if loss and (soon or (loss.kind is CueKind.OUTAGE and self.has(CueKind.SCOPE))):
            return Urgency.CRITICAL, loss
        if self.has(CueKind.BROKEN) and soon and self.has(CueKind.SCOPE):
            return Urgency.CRITICAL, soon
        if high := loss or soon:
            return Urgency.HIGH, high
        if again and self.has(CueKind.BROKEN, CueKind.TOLD_YOU):
            return Urgency.HIGH, again
        if calm := self.first(CueKind.NO_RUSH):
            return Urgency.ROUTINE, calm
        if mild := self.first(CueKind.BROKEN, CueKind.STILL_NOT):
            return Urgency.NORMAL, mild
        return None


def _phrases(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_W = r"(?:[\w']{1,20} )"
_NOT_ABLE = r"(?:can't|cant|cannot|can not|couldn't|could not|unable to|no one can|nobody can)"
_NUMBER = r"(?:\d{1,3}|two|three|four|five|six|seven|several|many|multiple|numerous|countless)"
_NTH = r"(?:third|fourth|fifth|sixth|seventh|3rd|[4-9]th|\d{2}th|nth|umpteenth)"

_PATTERNS: Mapping[CueKind, re.Pattern[str]] = {
    CueKind.OUTAGE: _phrases(
        r"(?:total |complete |major )?outages?",
        r"(?:site|website|server|servers|system|service|app|platform|network|internet|portal|api|"
        r"checkout|store|shop|everything|production)(?:'s| is| are| was| has been| went| goes)? "
        rf"{_W}{{0,2}}(?:down|offline|unavailable|unreachable)",
        rf"{_NOT_ABLE} {_W}{{0,2}}(?:log ?in|log in|sign in|access|connect|open|reach|trade|work at all)",
        r"nothing (?:works|is working|loads)",
        r"locked out",
    ),
    CueKind.BROKEN: _phrases(
        rf"(?:doesn't|does not|isn't|is not|aren't|won't|don't|not|stopped|never) {_W}?"
        r"(?:work|works|worked|working|load|loading|start|starting|respond|responding|turn on)",
        r"keeps? (?:crashing|failing|freezing|disconnecting|breaking|stopping)",
        r"(?:crashes|crashed|crashing|broken|broke|faulty|defective|damaged|failed|failing|malfunction\w{0,5})",
        r"(?:error|bug)(?: message| code)?(?: \d{1,5})?",
        r"never (?:arrived|came|showed up|delivered)",
    ),
    CueKind.SCOPE: _phrases(
        r"all (?:of )?(?:our|my|the) (?:users|customers|staff|team|employees|stores|sites|servers|clients|orders)",
        r"(?:everyone|everybody|nobody can|no one can|company[- ]wide|in production)",
        r"(?:whole|entire) (?:company|team|office|business|department|site)",
        r"our (?:business|operations) (?:is|are|has|have)",
    ),
    CueKind.MONEY: _phrases(
        r"(?:double|over|twice)[- ]?(?:charged|billed)",
        rf"(?:charged|billed|debited|paid) {_W}{{0,3}}(?:twice|double|again|wrongly|incorrectly|{_NUMBER} times)",
        r"unauthori[sz]ed (?:charges?|payments?|transactions?)",
        r"(?:losing|lost|costing us|costing me|cost us|cost me) (?:\w{1,15} ){0,2}(?:money|sales|revenue|business|customers|thousands|hundreds)",
        r"(?:money back|out of pocket|overdraft|wrong amount|refund (?:is )?(?:late|missing|overdue))",
    ),
    CueKind.DEADLINE: _phrases(
        rf"(?:by|before|until|no later than) (?:today|tonight|tomorrow|noon|midnight|{_DAY}|next week|"
        rf"(?:the )?end of (?:the |this )?(?:day|week|month|business)|eod|cob|\d{{1,2}}(?::\d\d)? ?(?:am|pm)|next {_DAY})",
        r"deadline",
        r"(?:need|needs|fix|must|have to|has to)(?: [\w'#]{1,20}){0,7} (?:today|tonight|tomorrow|this (?:afternoon|evening|week)|within the hour)",
        r"within (?:the )?(?:next )?(?:an hour|hour|\d{1,3} ?(?:hours?|hrs?|h))",
        r"(?:running out of time|time is running out|(?:leave|leaving|flying|flight|launch|launching|go live|audit|exam|wedding|demo) (?:is )?(?:today|tonight|tomorrow|in \d{1,2} (?:hours|days)))",
    ),
    CueKind.LEGAL: _phrases(
        r"(?:lawyers?|attorneys?|solicitors?|lawsuit|ombudsman|chargeback|small claims|trading standards)",
        r"legal (?:action|advice|proceedings|counsel|department|steps|team)",
        r"(?:to|in|at) court|(?:sue|suing) (?:you|your|the company)|(?:will|going to|gonna) sue",
        r"(?:consumer protection|better business bureau|data protection (?:authority|commissioner))",
    ),
    CueKind.SECURITY: _phrases(
        r"(?:hacked|hacker|hackers|phishing|phished|identity theft|fraudulent|fraud|scammed)",
        r"(?:data|security) (?:breach|leak|incident)",
        r"(?:account|password|card|data|system)s? (?:\w{1,10} ){0,3}(?:stolen|compromised|leaked)",
    ),
    CueKind.URGENT: _phrases(
        r"(?:urgent|urgently|asap|a\.s\.a\.p|as soon as possible|immediately|right away|straight away|"
        r"emergency|time[- ]sensitive|top priority|p1|sev ?1)",
    ),
    CueKind.NO_RUSH: _phrases(
        rf"(?:not|isn't|nothing|no|hardly) {_W}{{0,2}}(?:urgent|emergency|urgency)",
        r"(?:no|not in a|not in any|isn't any) (?:rush|hurry)",
        r"when(?:ever)? (?:you|someone|somebody) (?:get|gets|have|has|find|finds) (?:a |some |the )?(?:chance|moment|minute|time)",
        r"whenever (?:it )?(?:is |it's )?(?:convenient|suits you|possible)|just (?:curious|wondering|asking)|fyi",
    ),
    CueKind.TOLD_YOU: _phrases(
        r"(?:as|like) (?:i|we)(?:'ve| have| had)? ?(?:already |just |previously |clearly )?(?:said|mentioned|explained|told|wrote|stated|described)",
        r"(?:i|we)(?:'ve| have|'d| had)? (?:already|previously|repeatedly) (?:been )?(?:told|said|explained|mentioned|sent|provided|given|gave|"
        r"reported|asked|contacted|called|written|wrote|emailed|described|answered|shared|submitted)",
        rf"(?:told|asked|explained|emailed|called|contacted|written|wrote|messaged|reported|chased) (?:[\w']{{1,20}} ){{0,4}}(?:already|before|twice|{_NUMBER} times)",
        r"(?:this is|for) (?:the |a )?(?:second|2nd) time (?:i|we|that i|that we|in \w{1,10} (?:days|weeks))",
        rf"(?:the|my|our) (?:\w{{1,10}} )?{_NTH} (?:time|email|e-mail|message|ticket|call|request|attempt|complaint|follow-?up|person|agent|colleague)(?! address)",
        rf"{_NTH} (?:time|email|message|ticket|call|request)(?: now)?(?: that)? (?:i|we|asking|writing|calling|this (?:week|month|year)|in a row)",
        rf"(?:ask|say|tell|write|call|explain)(?:ing)? (?:\w{{1,12}} ){{0,3}}a {_NTH} time",
        rf"(?:i|we) (?:described|explained|mentioned|wrote|said|sent|told you) (?:it|this|that|about it|all of (?:it|this)|about this|so) (?:on {_DAY}|yesterday|last (?:week|month)|before|above|earlier|already|in my)",
        r"how many (?:more )?times (?:do|must|have|will|should|did) (?:i|we)|over and over|yet again",
        r"(?:keep|keeps|kept|tired of|sick of|hate) (?:having to (?:ask|tell|explain|repeat)|(?:asking|telling) (?:you|me)|explaining|repeating)(?: myself| ourselves)?",
        r"repeat(?:ing)? (?:myself|ourselves)|(?:please )?read my (?:last|previous|first|earlier) (?:message|email|mail|ticket)",
        r"(?:is|are|was|were) (?:all )?(?:in|on) (?:my|the|our) (?:first|last|previous|earlier|original|other|old) (?:ticket|message|email|mail|case|request)",
        r"(?:see|check|look at) my (?:(?:first|last|previous|earlier|original|other|old) (?:ticket|message|email|mail|case)|(?:ticket|message|email) from)",
        r"same (?:issue|problem|error|thing|question|fault|bug|story) (?:again|as (?:before|last)|keeps|is back|came back|has come back)",
        r"(?:happen(?:ed|ing|s)|fail(?:ed|ing|s)|broken?|crash(?:ed|ing|es)|down|wrong|late|missing|not working|wrote|writing|asking|contacting|calling) (?:\w{1,12} )?again",
    ),
    CueKind.STILL_NOT: _phrases(
        r"still (?:not|no|nothing|haven't|hasn't|have not|has not|isn't|is not|doesn't|does not|didn't|won't|can't|cannot|unable|"
        r"waiting|broken|down|the same|having|missing|failing|wrong|happening|without)",
        r"no (?:reply|response|answer|update|word|news)(?: (?:yet|so far|from|since|at all))",
        r"(?:haven't|have not|never) (?:heard|received|got|gotten) (?:(?:a|an|any|one|single|your) ){0,2}(?:back|anything|reply|response|answer|word|from (?:you|anyone|anybody|support))",
        r"(?:heard|received|got) nothing",
        r"(?:not|hasn't|never) (?:yet )?(?:been )?(?:fixed|resolved|solved|answered)",
    ),
    CueKind.ANNIVERSARY: _phrases(
        r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|a) years? (?:to the day|with you (?:today|this (?:week|month)))",
        r"anniversary (?:with you|as (?:a|your) customers?)",
    ),
    CueKind.AWAITS: _phrases(
        r"(?:hope|hoping|hopefully|looking forward|let me know|keep me (?:posted|updated|informed)|fingers crossed)",
        r"(?:i'll|we'll|i will|we will|i'm|am|are|we're) (?:wait|waiting|see|check|test|try)|waiting (?:for|to|on)",
        r"(?:once|until|when|if) (?:it|this|that|you|the \w{1,15})(?:'s|'re|'ve| is| are| has| have| will)? (?:\w{1,12} )?(?:fixed|resolved|solved|done|sorted|working|works|arrives|refunded|back)",
    ),
}

_CONFIRMS = _phrases(
    r"(?:it|this|that|everything|which|login|page|app)(?: (?:now|finally|all|already|just)){0,2} (?:works|worked)(?: (?:now|again|fine|great|perfectly|well))?",
    r"(?:it|this|that|everything|all|issue|problem|login|page|app|order|account)(?:'s| is| has| are| seems| looks)"
    r"(?: (?:now|finally|all|been|already|just|to be)){0,3} (?:working|fixed|resolved|solved|sorted|back up|back online|up and running)",
    r"(?:works|working) (?:now|again|perfectly|great|fine|like a charm|beautifully|well)",
    r"did the trick|problem solved|all (?:good|sorted|set|fixed)(?: now)?|that (?:fixed|solved|sorted) it|solved (?:it|my|the|our)",
    r"(?:you can|please|feel free to) close (?:this|the|my) (?:ticket|case|request)|(?:got|received) (?:my|the|our) (?:refund|money|package|parcel|replacement|order)",
)
_DENIED = re.compile(
    r"(?:\b(?:not|never|nothing|nobody|hope|hoping|hopefully|if|until|once|when|whether|before|unless|was|"
    r"how|wish|supposed|still|will|would|should|haven't|make|making|get|see)\b|n't\b)[^.!?\n]{0,25}\Z",
    re.IGNORECASE,
)
_THANKS = _phrases(
    r"(?:many |big |huge |special |sincere |warm )?(?:thanks|thankyou|thanking you|thank (?:you|u|y'all)|thx|tysm|cheers)"
    r"(?: (?:so|very) much| a (?:lot|million|bunch|ton)| again| to you)?",
    r"(?:really |truly |very |much |greatly |so |deeply )?(?:appreciate|appreciated|grateful|thankful|gratitude)",
)
_NOT_MEANT = re.compile(
    r"(?:\bno|but no|\bwould(?: \w{1,10})? (?:be)?|i'd|we'd|'d be|will be|\bplease,?|any help (?:is|would be)) ?(?:\w{1,8} )?\Z",
    re.IGNORECASE,
)
_THEN_POLITE = re.compile(
    r"(?: you)?,? (?:in advance|(?:very much |so much )?in advance|for nothing|for wasting|for (?:your |the )?(?:attention|time|consideration|understanding|"
    r"patience|prompt|quick attention|cooperation|ignoring|no help|ruining|breaking)|but no|to (?!you\b|all|every|the team|your (?:team|help|support|colleague))|"
    r"(?:it )?if (?:you|someone|this)|your (?:prompt|help in|swift|urgent|attention)|a (?:quick|prompt|swift) (?:reply|response|answer))",
    re.IGNORECASE,
)
_THEN_HELP = re.compile(
    r"(?: you)?,?(?: \w{1,12})? for (?:your |the |any |all (?:your |the )?)?(?:\w{1,12} )?(?:help|assistance|support|looking|reply|response)",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,20}(?:(?:many |best |kind )?(?:thanks|thank you|thx|cheers|regards)(?: again| and (?:best |kind )?regards| & regards)?)"
    r"[ \t]{0,5}[,.!-]{0,3}[ \t]{0,5}(?:\n[^\n]{0,60}){0,6}\Z"
    r"|(?<=[.!?\n])[ \t]{0,20}(?:thanks|cheers|thank you), ?[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?[ .]{0,2}\Z",
    re.IGNORECASE,
)
_QUOTED_LINE = re.compile(r"^[ \t]{0,8}>[^\n]*", re.MULTILINE)
_QUOTED_REST = re.compile(
    r"^[ \t]{0,8}(?:On [^\n]{5,150} wrote:|-{3,12} ?Original Message ?-{3,12}|From: [^\n]{1,150}\n(?:Sent|Date|To): )",
    re.MULTILINE | re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?<!\w)(?:(?:order|invoice|ticket|case|booking|reference|ref|tracking|account|contract|rma)"
    r"(?: (?:no|number|nr|id|code))?\.?:? ?[#:]? ?(?P<named>[A-Z]{0,5}-?\d[\dA-Z-]{3,19})|#(?P<hashed>\d{4,15})|"
    r"(?P<coded>[A-Z]{2,5}-\d{3,12}(?:-\d{1,8})?))(?!\w)",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """The text with quoted mail blanked out: same length, so every offset stays true."""
    text = text[:_READ_AT_MOST].translate({0x2019: "'", 0x2018: "'", 0xA0: " "})
    if rest := _QUOTED_REST.search(text):
        text = text[: rest.start()] + " " * (len(text) - rest.start())
    return _QUOTED_LINE.sub(lambda line: " " * len(line.group()), text)


def references(text: str) -> tuple[str, ...]:
    """Order, invoice and case numbers named in the text, in capitals, at most four."""
    found: list[str] = []
    for match in _REFERENCE.finditer(own_words(text)):
        name = (match["named"] or match["hashed"] or match["coded"]).upper().strip("-")
        if name not in found:
            found.append(name)
        if len(found) == 4:
            break
    return tuple(found)


def customer_signals(text: str) -> Signals:
    """The cues in a customer's text. Spans refer to ``text`` itself."""
    own = own_words(text)
    found = [*_plain(own), *_confirming(own), *_thanking(own)]
    found.sort(key=lambda cue: (cue.span.start, cue.kind))
    kept = [_original(cue, text) for cue in found[:_CUES_AT_MOST]]
    return Signals(cues=tuple(kept), references=references(text))


def _plain(own: str) -> Iterator[Cue]:
    calm = [match.span() for match in _PATTERNS[CueKind.NO_RUSH].finditer(own)]
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(own):
            inside = any(start <= match.start() < end for start, end in calm)
            if kind is CueKind.URGENT and inside:
                continue
            yield cue_at(kind, own, match.start(), match.end())


def _confirming(own: str) -> Iterator[Cue]:
    for match in _CONFIRMS.finditer(own):
        if not _DENIED.search(own, max(0, match.start() - 40), match.start()):
            yield cue_at(CueKind.CONFIRMS, own, match.start(), match.end())


def _thanking(own: str) -> Iterator[Cue]:
    body = own.rstrip()
    sign_off = _SIGN_OFF.search(body)
    # A message that is nothing but "Thanks, Bob" answers somebody; only after other words
    # are the same two words a signature.
    signed = sign_off.start() if sign_off and body[: sign_off.start()].strip() else len(body)
    for match in _THANKS.finditer(body):
        start, end = match.span()
        if (
            start >= signed
            or _NOT_MEANT.search(body, max(0, start - 30), start)
            or _THEN_POLITE.match(body, end)
        ):
            kind = CueKind.POLITE
        elif _THEN_HELP.match(body, end):
            kind = CueKind.THANKS_FOR_HELP
        else:
            kind = CueKind.THANKS
        yield cue_at(kind, own, start, end)


def cue_at(kind: CueKind, text: str, start: int, end: int) -> Cue:
    return Cue(kind=kind, span=Span(start=start, end=end, quote=text[start:end]))


def _original(cue: Cue, text: str) -> Cue:
    return cue_at(cue.kind, text, cue.span.start, cue.span.end)
