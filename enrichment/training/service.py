"""Sentences as customers write them to a support desk, composed from our own phrases.

GoEmotions is Reddit and SemEval is Twitter; a model trained on those alone calls 61 % of negative
service messages neutral. No free collection of labelled tickets exists, so these phrases were
written for this project. Each holds a feeling with its sentiment and slots for what went wrong,
when and with what. They are one training text in twenty, teach wording and nothing about how
often customers feel what, and take no part in any evaluation.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

from ..reader.surface import model_text
from ..readings import EMOTIONS

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
_SENTIMENTS = ("negative", "neutral", "positive")
PHRASES = Path(__file__).with_name("service_phrases.txt")


@dataclass(frozen=True, kw_only=True)
class ServiceExample:
    """A text with the indices of its emotions and its sentiment class."""

    text: str
    emotions: tuple[int, ...]
    sentiment: int


_SLOTS: dict[str, str] = {
    "thing": "order|package|delivery|invoice|refund|login|account|app|dashboard|subscription|"
    "replacement|export|report|integration|import|payment|booking|laptop|router|card|shipment|"
    "phone line|website|API|upgrade|contract|license|data|backup|password reset|appointment|"
    "internet connection|mobile app|checkout|statement|warranty claim|return|migration|server",
    "fault": "is broken|does not work|keeps crashing|is down|has disappeared|never arrived|is wrong|"
    "fails every time|is still missing|stopped working|was cancelled|was charged twice|is stuck|"
    "freezes constantly|was damaged|shows an error|got lost|times out|was closed without an answer",
    "when": "today|since Monday|for three days|for two weeks|all morning|this week|since the update|"
    "since yesterday|for over a month|again|since last night|for the third time|right now|all day",
    "long": "three days|two weeks|over an hour|a month|six weeks|forty minutes|five days|ten days|"
    "four hours|nearly a year|two months|the whole weekend",
    "times": "three times|twice|four times|five times|six times|a dozen times|again and again",
    "who": "your support|your team|you|your company|customer service|your agent|support|the help desk|"
    "your sales team|the technician|billing|the courier",
    "person": "Anna|your colleague|the agent|the woman on the phone|Mark|the support team|your team|"
    "the technician|Priya|everyone|the guy on chat|whoever handled this",
    "event": "our launch|the audit|payday|the deadline|our go-live|the demo on Friday|my flight|"
    "the board meeting|Christmas|the end of the quarter|the wedding|our biggest sale|month end|"
    "the renewal|the inspection|my surgery",
    "loss": "our data|our customers|my money|the whole project|everything|the deal|all my photos|"
    "my job|our records|the account|months of work|my deposit",
    "task": "change my address|reset my password|add a user|export the report|update the card|"
    "cancel my plan|download the invoice|connect the CRM|set up two-factor login|return an item|"
    "move my appointment|upgrade to the pro plan|merge two accounts|read the bill|delete a contact|"
    "invite a colleague|turn off notifications|install the update|track my parcel",
    "swear": "damn|bloody|freaking|goddamn",
}

# fmt: off
_BEFORE = ("", "", "", "", "Hi, ", "Hello, ", "Honestly, ", "To be honest, ", "Well, ", "So ", "Look, ")
# fmt: on
_AFTER = ("", "", "", "", "", " Please advise.", " Please help.", " Let me know.", " Order 7731.")
_SLOT = re.compile(r"\{(\w+)\}")


#: Sentences made of one phrase; complaints have the most phrases, so each gives fewer.
_OF_EACH = {NEGATIVE: 7, NEUTRAL: 14, POSITIVE: 14}


def compose(*, seed: int) -> list[ServiceExample]:
    """Different sentences of every phrase, the same for the same seed."""
    dice = random.Random(seed)
    examples: list[ServiceExample] = []
    for (feelings, pole), lines in _phrases().items():
        emotions = tuple(EMOTIONS.index(name) for name in feelings.split())
        sentiment = _SENTIMENTS.index(pole)
        seen: set[str] = set()
        for turn in range(_OF_EACH[sentiment] * len(lines)):
            text = _filled(lines[turn % len(lines)], dice, is_glad=sentiment == POSITIVE)
            if text not in seen:
                seen.add(text)
                examples.append(
                    ServiceExample(text=model_text(text), emotions=emotions, sentiment=sentiment)
                )
    return examples


def _phrases() -> dict[tuple[str, str], list[str]]:
    """The lines under each heading of feelings and sentiment."""
    found: dict[tuple[str, str], list[str]] = {}
    lines: list[str] = []
    for line in PHRASES.read_text("utf-8").splitlines():
        if line.startswith("["):
            feelings, _, pole = line.strip("[]").partition(" | ")
            lines = found.setdefault((feelings, pole), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


def _filled(phrase: str, dice: random.Random, *, is_glad: bool) -> str:
    text = _SLOT.sub(lambda slot: dice.choice(_SLOTS[slot.group(1)].split("|")), phrase)
    before = dice.choice(_BEFORE)
    if before and not text.startswith(("I ", "I'")):
        text = text[0].lower() + text[1:]
    text = before + text + ("" if is_glad else dice.choice(_AFTER))
    if dice.random() < 0.15:
        text = text.rstrip(".!") + "!"
    return text[0].upper() + text[1:] if dice.random() < 0.9 else text.lower()
