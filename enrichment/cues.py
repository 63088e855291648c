"""What an agent's turn did for the customer: acknowledged, owned, apologised, promised, fixed, gave.

Agents' words are never read for feeling: "I'm sorry to hear that" is not the agent's sadness.
They get these separate questions instead. The trap is the future and the negative: "will be
fixed tomorrow" and "is not fixed yet" hold the same word as "is fixed".
"""

from __future__ import annotations

import re

from .reader.signals import Cue, CueKind, Signals, cue_at, own_words

_CUES_AT_MOST = 20


def _phrases(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


_W = r"(?:[\w']{1,20} )"

_PATTERNS: dict[CueKind, re.Pattern[str]] = {
    CueKind.ACKNOWLEDGED: _phrases(
        r"i (?:completely |fully |totally |do |can )?(?:understand|appreciate|see|hear) (?:how|why|that|your|you)",
        r"(?:you're|you are) (?:absolutely |quite |completely )?right",
        r"(?:understandably|frustrating|inconvenien(?:ce|t)|annoying|disappointing)",
        r"sorry to (?:hear|learn|see)",
        r"thank(?:s| you) for (?:bringing|letting us know|reporting|flagging|raising|your patience)",
        r"(?:i|we)(?:'ve| have|'re| are)? (?:reproduced|confirmed|identified|found|aware of|looking into|investigating)",
    ),
    CueKind.OWNED: _phrases(
        r"(?:our|my) (?:fault|mistake|error|bad|oversight)",
        r"(?:should not|shouldn't|should never) have (?:happened|been|had|taken)",
        r"(?:we|i) (?:take (?:full )?responsibility|let you down|dropped the ball|fell short|got (?:this|it|that) wrong|messed up|made a mistake|failed you)",
        r"(?:i|we)(?:'ll| will| am going to|'m going to) (?:personally |own )",
    ),
    CueKind.APOLOGISED: _phrases(
        r"(?:i|we)(?:'m| am|'re| are)? (?:\w{1,12} )?(?:sorry|apologi[sz]e)(?! to (?:hear|learn|see))",
        r"(?:my|our|sincere|please accept (?:my|our)) (?:\w{1,12} )?apolog(?:y|ies)|apologies (?:for|again)",
        r"(?:so|very|really|truly|terribly) sorry(?! to (?:hear|learn|see))|sorry (?:for|about|that)",
    ),
    CueKind.PROMISED: _phrases(
        rf"(?:i|we|they|a colleague|our team|someone)(?:'ll| will| shall| am going to|'re going to| are going to) {_W}{{0,3}}(?:get back|follow up|update|"
        r"fix|send|call|refund|check|look|escalate|reply|respond|let you know|contact|ship|investigate|keep|make sure|ensure|replace|credit)",
        r"you(?:'ll| will| should| can expect to) (?:receive|hear|get|have)",
        r"within (?:the next )?(?:an hour|\d{1,3}(?:[-–]\d{1,3})? ?(?:minutes|hours|days|business days|working days|weeks))",
    ),
    CueKind.FIXED: _phrases(
        r"(?:fixed|resolved|solved|corrected|restored|repaired|reinstated|unlocked|rolled back|sorted(?: it| this)? out)",
        r"(?:i|we)(?:'ve| have)? (?:now |just |already |also )?(?:refunded|replaced|reset|reissued|reshipped|shipped|sent (?:out )?a (?:new|replacement)|cancelled|updated|credited|enabled|activated|processed|re-?sent|issued)",
        r"(?:refund|replacement|order|credit|change|payment) (?:is|has been|was) (?:now |just )?(?:processed|issued|sent|shipped|made|completed|approved)",
        r"(?:is|are|should be|should now be) (?:now )?(?:working(?: again)?(?! (?:on|to|with|hard|towards))|back online|back up|up and running|good to go)(?: again| now)?",
    ),
    CueKind.GAVE: _phrases(
        r"(?:i|we)(?:'ve| have|'d like to| would like to|'ll| will)? (?:\w{1,12} ){0,3}(?:credited|credit|waived?|upgraded?|expedited?|offer(?:ed)?|gift(?:ed)?|add(?:ed)?) "
        r"(?:\w{1,12} ){0,5}(?:account|fee|fees|month|shipping|voucher|coupon|discount|plan|order|credit|gift|upgrade)",
        r"(?:free of charge|on the house|complimentary|at no (?:extra |additional )?(?:cost|charge)|goodwill|free (?:month|upgrade|shipping))",
    ),
}
_NOT_YET = re.compile(
    r"(?:\b(?:not|never|once|when|if|until|after|before|would|to be|to get|will|can|cannot|trying|working|being|"
    r"unless|as soon as|get|getting)\b|n't\b|'ll\b)[^.!?\n]{0,30}\Z",
    re.IGNORECASE,
)


def agent_signals(text: str) -> Signals:
    """The cues in an agent's public text. Spans refer to ``text`` itself."""
    own = own_words(text)
    found: list[Cue] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(own):
            start, end = match.span()
            if kind is CueKind.FIXED and _NOT_YET.search(own, max(0, start - 45), start):
                continue
            found.append(cue_at(kind, text, start, end))
    found.sort(key=lambda cue: (cue.span.start, cue.kind))
    return Signals(cues=tuple(found[:_CUES_AT_MOST]))
