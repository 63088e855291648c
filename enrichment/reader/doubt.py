"""Where words are likely to mean the opposite of what they say.

The model takes sarcasm at its word: "Great, another outage" is admiration to it, with .95. These
rules do not read sarcasm, they only see that a pleasant surface stands next to an unpleasant
event, so that the reader can be silent instead of wrong. They are few and plain on purpose: each
false alarm costs a reading, each miss writes "delighted" on an angry customer.
"""

from __future__ import annotations

import re

_PLEASED = re.compile(
    r"\b(?:great|wonderful|fantastic|lovely|brilliant|awesome|amazing|perfect|superb|terrific|marvell?ous"
    r"|excellent|outstanding|splendid|nice|good|stellar|impressive|charming|delightful|bravo"
    r"|congrat\w*|kudos|well done|(?:nice|good|great) (?:job|work|one|going)|love (?:how|that|it when|when"
    r"|waiting|being|it\b)|loving|thank(?:s| you)|thx|cheers|so (?:glad|happy|pleased|helpful)"
    r"|thrilled|delighted|(?:really|so|very|truly) impressed|top[- ]notch|first[- ]class"
    r"|world[- ]class|five stars|just what (?:i|we) (?:needed|wanted)"
    r"|exactly what (?:i|we) (?:needed|wanted)|couldn't be happier|can't wait|how (?:nice|kind"
    r"|lovely|wonderful|thoughtful|convenient)|wow|yay|hooray|genius|classy?|favou?rite)\b",
    re.IGNORECASE,
)
_OPENS_PLEASED = re.compile(
    r"^\W{0,5}(?:(?:oh|ah|wow|well|yeah|yay|how|just|so|and|gee|absolutely|simply|that's|this is|what"
    r" an?)[ ,.!]{1,3}){0,3}(?:great|wonderful|fantastic|lovely|brilliant|awesome|amazing|perfect|superb"
    r"|terrific|marvell?ous|excellent|outstanding|splendid|nice|good job|nice job|great job|well"
    r" done|bravo|congrat\w*|love(?:ly)?\b|loving|wow|yay|hooray|genius|kudos"
    r"|just what (?:i|we) needed|exactly what (?:i|we) needed|so glad|can't wait|impressive)\b",
    re.IGNORECASE,
)
_MISHAP = re.compile(
    r"\b(?:another|yet another|outages?|downtime|down|broken?|breaks|crash\w*|fail\w*|errors?|lost|loses"
    r"|losing|deleted|wiped|ignor\w*|on hold|waiting|waited|wait(?: \w{1,9}){0,3} (?:hours?|days?|weeks?|months?)"
    r"|(?:hours|days|weeks|months) (?:late|later|on hold|of waiting|without)|delay\w*|late|bugs?|bugg?y"
    r"|not? work\w*|doesn't work|isn't working|won't|useless|worthless|nothing|nobody|no one"
    r"|no (?:reply|response|answer|help|refund|warning)|never (?:arrive|came|come|call|answer|repl|respon|work|got|show)\w*|wrong|overcharg\w*|charged twice"
    r"|double[- ]charged|(?:second|third|fourth|fifth|2nd|3rd|4th|5th|\d+th) time|(?:two|three|four|five|\d+)"
    r" times|again|still (?:no|not|waiting|broken|down|nothing)|stuck|locked out|kicked out|hung up"
    r"|copy[- ]?past\w*|canned|automated (?:reply|response)|bot|disconnected|unusable|corrupt\w*"
    r"|missed|missing|mess|disaster|nightmare|ruin\w*|wast\w*|expired?|cancell?ed)\b",
    re.IGNORECASE,
)
_MENDED = re.compile(
    r"\b(?:fix(?:ed|ing)?|resolv\w*|solv\w*|sorted|sorting|work(?:s|ing|ed)? (?:again|now|fine|perfectly"
    r"|great|well)|back (?:up|online|to normal|again)|up again|running again|recover\w*|restor\w*|refund(?:ed|ing)"
    r"|replac\w*|help(?:ed|ing|s|ful)?|quick\w*|fast|prompt\w*|for (?:your|the) (?:help|reply|response|patience"
    r"|time|support|update)|gone|(?:good|great|excellent) news|(?:no|without|never) (?:a |any |an )?(?:issues?|problems?|errors?|bugs?"
    r"|downtime|outages?|let us|had)|not (?:a )?(?:single|once)|no longer|nothing but|again for|once again|happen"
    r"|apolog\w*|explain\w*|patien\w*)\b",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"\bthanks? (?:you )?(?:a (?:lot|bunch|million) |so much |very much )?for (?:absolutely )?nothing\b|\byeah,? right\b"
    r"|\b(?:just|oh,?) (?:great|wonderful|fantastic|perfect|brilliant|lovely|peachy|dandy)\s{0,2}[.!…]"
    r"|\bslow clap\b|\bgood luck with that\b|(?:^|\s)/s\s{0,3}$|#(?:sarcasm|irony|not)\b"
    r"|\bthanks? (?:you )?(?:a lot |so much )?for (?:(?:yet )?another|the (?:second|third|fourth|fifth|\d{1,2}(?:nd|rd|th))|ignoring|wasting|nothing|losing|breaking|ruining|deleting"
    r"|hanging up|not (?:help|repl|answer|car|respond)\w*|keeping (?:me|us) waiting|making (?:me|us) wait)"
    r"|\bhow (?:hard|difficult) (?:can|could) it be\b|\bwhat (?:a|an) (?:surprise|shock(?:er)?)\b"
    r"|\b(?:color|colour) me (?:shocked|surprised|impressed)\b|\bsurprise,? surprise\b|\bno surprise there\b"
    r"|\bas if\b.{0,40}\bmatter\w*|\bmust be nice\b|\bbecause (?:that|this) (?:always )?(?:works|worked) so well"
    r"|\b(?:really|truly|so) appreciate being (?:ignored|charged|hung up|transferred|left)"
    r"|\blove (?:being|getting) (?:ignored|charged|hung up|transferred|left|passed|put on hold|locked|kept)",
    re.IGNORECASE,
)
_UNDERSTATED = re.compile(
    r"\b(?:(?:had |have |would have |'d )?(?:expected|hoped for) (?:\w{1,10} )?(?:better|more)"
    r"|(?:was|were|am|is) (?:hoping for|expecting) (?:\w{1,10} )?(?:better|more)|not exactly (?:\w{1,12} )?"
    r"(?:great|good|ideal|what|helpful|fast|quick|impressed|thrilled|pleased|happy|the)|(?:less than|not|hardly|far from)"
    r" (?:ideal|thrilled|stellar|optimal|overjoyed)|could (?:have been|be) (?:a (?:bit|little) )?better|(?:could|might) have gone better"
    r"|leaves? (?:a lot|much|something|a bit) to be desired|(?:i've|i have|we've|we have) (?:had|seen|known)"
    r" better|would(?:'ve| have) been nice|not (?:your|my|the) (?:finest|best|proudest)|one (?:would|might) (?:think|expect|have thought)"
    r"|you(?:'d| would) think|interesting choice|bold (?:strategy|move|choice)|(?<!thank you )(?<!thanks )(?<!thx )so much for)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thank|thx|cheers)", re.IGNORECASE)
_MOCKING_SIGN = re.compile("[\U0001f44f\U0001f643\U0001f644\U0001f926]")


def is_sarcastic(unit: str, following: str = "", previous: str = "") -> bool:
    """Whether pleased words of this unit stand beside a mishap, here or next to it."""
    unit, following, previous = (part.replace("’", "'") for part in (unit, following, previous))
    if _PHRASE.search(unit):
        return True
    if _MOCKING_SIGN.search(unit) and (_PLEASED.search(unit) or _MISHAP.search(unit)):
        return True
    if not _PLEASED.search(unit):
        return False
    if _MENDED.search(unit):
        return False
    if _MISHAP.search(unit):
        return bool(_OPENS_PLEASED.search(unit)) or _closes_pleased(unit)
    # "Great." "Another outage." and the other way round: one short cheer beside a mishap.
    is_short_cheer = len(unit.split()) <= 4 and _OPENS_PLEASED.search(unit) is not None
    beside = following or previous
    return (
        is_short_cheer
        and not unit.lower().startswith(("thank", "thx"))
        and _MISHAP.search(beside) is not None
        and _MENDED.search(beside) is None
    )


def is_understated(unit: str) -> bool:
    """Whether a complaint is put so mildly that the model takes it for praise."""
    return _UNDERSTATED.search(unit.replace("’", "'")) is not None


def _closes_pleased(unit: str) -> bool:
    """ "Third crash today, lovely." """
    tail = " ".join(unit.split()[-3:])
    return _PLEASED.search(tail) is not None and _THANKS.search(tail) is None
