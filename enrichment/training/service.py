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

from ..reader.surface import model_text
from ..readings import EMOTIONS

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2


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

#: feeling(s) | sentiment, then one phrase a line. "{a}" stands for a slot.
_PHRASES: dict[tuple[str, int], str] = {
    ("anger annoyance", NEGATIVE): """
        This is completely unacceptable.
        I am furious, my {thing} {fault}.
        I am absolutely fed up with {who}.
        I'm sick and tired of this.
        How dare you charge me for this?
        This is outrageous, the {thing} {fault} and nobody cares.
        I have called {times} and {who} just hung up on me.
        WHY IS MY {thing} STILL NOT WORKING
        You people are incompetent.
        I've had enough of your excuses.
        What the hell is going on with my {thing}?
        Are you kidding me? {long} and still nothing.
        This is a joke. I want my money back now.
        I demand to speak to a manager.
        {who} lied to me.
        You have wasted {long} of my time!
        Stop ignoring me and fix the {swear} {thing}!
        This is the worst service I have ever had.
        I am beyond angry at how {who} handled this.
        It is ridiculous that the {thing} {fault} {when}.
        Absolutely disgraceful.
        I'm livid.
        My boss is screaming at me because your {thing} {fault}.
        I will never do business with you again!
        Fix it or I'll take this to my lawyer.
        This is theft, plain and simple.
        We are paying you thousands and the {thing} {fault}.
        I want this cancelled and refunded immediately, I'm done.""",
    ("annoyance disapproval", NEGATIVE): """
        I already explained this {times}.
        As I said before, the {thing} {fault}.
        I have to repeat myself every time I contact {who}.
        Why do I have to tell you this again?
        It is really frustrating that the {thing} {fault} {when}.
        The {thing} {fault} {when}.
        This is the third time I've written about the {thing}.
        Still no reply after {long}.
        I've been waiting {long} and nobody has answered.
        I am still waiting for my {thing}.
        Nobody got back to me.
        I was on hold for {long}.
        I keep getting passed from one department to another.
        Your bot is useless.
        Your automated answers don't help at all.
        Please stop sending me canned replies.
        The {thing} {fault} and I'm getting tired of it.
        It's annoying that I can't even {task}.
        I should not have to call {times} to {task}.
        You promised to call back and never did.
        {who} promised it would be done in {long}, it wasn't.
        It took {long} to get an answer.
        The delay ruined it.
        The {thing} wasted {long} of my day.
        This makes no sense and it costs me time.
        Every update breaks something.
        The new {thing} is much worse than the old one.
        I don't agree with this charge.
        That is not what we agreed.
        This policy is unfair.
        It's not right to charge me for a {thing} that {fault}.
        I don't think it's fair to make customers wait {long}.
        Charging a fee for that is wrong.
        That answer did not help me at all.
        You closed my ticket without solving anything.
        The {thing} is way too slow.
        Getting hold of {who} is impossible.
        Once again the {thing} {fault}.
        We're losing money because the {thing} {fault}.""",
    ("disappointment", NEGATIVE): """
        I'm really disappointed in {who}.
        I expected better from {who}.
        Honestly, I expected more.
        I had hoped for more than this.
        This is not what I was promised.
        The {thing} is not what I expected.
        I used to recommend you, not any more.
        After ten years as a customer this is a let-down.
        It's a shame, I really liked your {thing}.
        The quality has gone downhill.
        Sadly, the {thing} {fault}.
        Unfortunately the {thing} still {fault}.
        I'm not impressed with {who}.
        I wish I had gone with a competitor.
        We feel let down by {who}.
        That's disappointing to hear.
        Not what you expect from a company this size.
        The {thing} leaves a lot to be desired.
        I regret buying this.
        I thought you were better than this.
        We are considering moving to another provider.
        I'm cancelling, the {thing} just isn't worth it.
        The support used to be good but it isn't now.
        It was okay but {who} never followed up.
        What a let-down.""",
    ("annoyance disappointment", NEGATIVE): """
        Oh great, the {thing} {fault} again.
        Wonderful, now the {thing} {fault}.
        Fantastic, {long} on hold and then cut off.
        Thanks for nothing.
        Thanks a lot for losing {loss}.
        Love waiting {long} for an answer.
        Nice job breaking the {thing} {when}.
        Brilliant. The {thing} {fault}. Again.
        Just what I needed, a {thing} that {fault}.
        Well done, you managed to lose my {thing} {times}.
        So glad I pay for a {thing} that {fault}.
        Wow, {long} to answer one e-mail.""",
    ("nervousness fear", NEGATIVE): """
        I'm worried that we will miss {event}.
        I'm getting really nervous about {event}.
        We're anxious that the {thing} won't be ready before {event}.
        I am afraid we have lost {loss}.
        I'm scared that {loss} is gone.
        Will this be fixed before {event}? I'm quite worried.
        I'm concerned about the security of my account.
        We are very concerned about {event}.
        I'm panicking, the {thing} {fault} and {event} is tomorrow.
        Please hurry, I'm stressed about {event}.
        What happens if the {thing} fails during {event}?
        If this is not solved before {event} we are in trouble.
        I am terrified of losing {loss}.
        Somebody may have hacked my account, I'm really scared.
        I don't feel safe leaving my card details with you.
        I'm uneasy about the migration.
        I can't sleep because of this.
        It makes me nervous that nobody can tell me where my {thing} is.
        I hope {loss} isn't lost, I'm so worried.
        We're running out of time before {event}.
        Is my data safe? This has me worried.
        I'm a bit anxious about the {thing}, {event} is coming up.""",
    ("confusion", NEUTRAL): """
        I don't understand how to {task}.
        I'm confused by the {thing}.
        I am not sure what I am supposed to do now.
        The instructions are unclear to me.
        I'm lost, which button do I press to {task}?
        What does this message about my {thing} mean?
        Sorry, I don't get it.
        Can you explain why the {thing} looks different {when}?
        I can't figure out how to {task}.
        It says one thing in the mail and another on the website.
        I'm puzzled, the {thing} shows two different amounts.
        Which of the two plans do I have? I'm confused.
        I have no idea what this charge is for.
        I'm not following, do I need to {task} first?
        Wait, what? I thought the {thing} was included.
        Your explanation left me more confused than before.
        I don't know where to start.""",
    ("curiosity", NEUTRAL): """
        How do I {task}?
        Is it possible to {task}?
        Could you tell me when the {thing} will be ready?
        Does the {thing} work with Salesforce?
        What's the difference between the two plans?
        Where can I {task}?
        Do you ship to Canada?
        I was wondering whether I can {task}.
        Can I {task} from my phone?
        How long does it take to {task}?
        Who should I contact to {task}?
        I'd like to know more about the {thing}.""",
    ("neutral", NEUTRAL): """
        My order number is 48213.
        Please {task}.
        I would like to {task}.
        I need to {task}.
        Please find the invoice attached.
        See the screenshot below.
        My address is 12 Main Street.
        I am writing about my {thing}.
        The error code is 502.
        I tried it in Chrome and in Firefox.
        We have forty users on the pro plan.
        The {thing} was placed on Monday.
        Here are the logs you asked for.
        I have attached the {thing}.
        We use version 4.2 on Windows.
        Let me know if you need anything else.
        You can reach me after 3 pm.
        I'd like to cancel my subscription at the end of the month.
        Please send the {thing} to my new address.
        I bought the {thing} in March.
        The meeting is on Thursday.
        I am following up on ticket 2231.
        The account belongs to our finance department.
        I changed the setting as you described.
        It happens when I click on save.
        Any update on this?
        Yes, that is correct.
        No, that is all.
        I will check with my colleague.
        The old {thing} was returned last week.
        I would like a refund for the second {thing}.
        Please cancel my order.
        I'd like to report a bug in the {thing}.
        The error appears on the second page.
        The {thing} is set to expire on Friday.
        Steps to reproduce: open the {thing} and press save.
        My {thing} has not arrived yet, the tracking number is 4471.
        The status page says the incident is closed.
        Could you resend the {thing}?
        We changed the password last week.
        Nothing else is needed for now.
        The customer is in Germany.
        I missed your call, please try again tomorrow.
        The {thing} returns status 404 for one user.
        It's the black one in size M.""",
    ("gratitude", POSITIVE): """
        Thank you so much for your help.
        Thanks, {person} was very helpful.
        I really appreciate the quick reply.
        Many thanks to {person} for sorting out the {thing}.
        Thanks a million, the {thing} works now.
        Thank you for fixing the {thing} so fast.
        I appreciate you going the extra mile.
        Thanks for the refund.
        Thank you for your patience with me.
        Much appreciated!
        We are grateful for everything {person} did.
        Thanks again, you saved my day.
        Thank you for taking care of this.
        Please pass on my thanks to {person}.
        I'm very thankful for the support during {event}.""",
    ("admiration gratitude", POSITIVE): """
        {person} was amazing.
        Excellent service, thank you!
        {person} handled it brilliantly.
        {person} was so kind and patient with me.
        You have a great team.
        Top service, five stars.
        Outstanding support from start to finish.
        {person} deserves a raise.
        I have never had such good support.
        Really impressed by how fast {person} solved it.
        The best customer service I have ever experienced.
        What a fantastic team you have.
        Great job on the new {thing}.""",
    ("joy", POSITIVE): """
        I'm so happy, the {thing} works perfectly now!
        I love the new {thing}.
        I'm delighted with my {thing}.
        It works like a charm.
        We're very pleased with how it went.
        The {thing} arrived early and it's perfect.
        What a pleasant surprise, you upgraded us for free!
        I'm thrilled with the result.
        Happy to say that everything works again.
        This made my day.
        Everything is working great.""",
    ("excitement", POSITIVE): """
        I can't wait to try the new {thing}!
        We're so excited about {event}!
        Wow, the new {thing} is incredible!
        Super excited to get started.
        Looking forward to the new {thing}!""",
    ("relief", POSITIVE): """
        What a relief, {loss} is back.
        Phew, the {thing} works again.
        I'm so relieved that we made {event}.
        Finally it works, thank goodness.
        Glad that's sorted, I was really worried.
        Thank God you found my {thing}.""",
    ("optimism", POSITIVE): """
        I'm sure we can sort this out together.
        I hope this will work well for us.
        Looking forward to working with you.
        I'm confident {person} will fix it.
        Hopefully the new {thing} will solve it.""",
    ("approval", POSITIVE): """
        That works for me.
        Good solution, I agree.
        Sounds good.
        Fair enough, that makes sense.
        Yes, that is fine with us.""",
    ("sadness", NEGATIVE): """
        I'm heartbroken, all the photos are gone.
        It makes me sad to leave after so many years.
        This whole thing has left me in tears.
        I feel awful, it was a present for my late mother.
        I'm so upset about losing {loss}.
        We had to cancel {event} because of this and the kids cried.""",
    ("surprise", NEUTRAL): """
        I did not expect an answer on a Sunday.
        I was surprised to see a second charge on my card.
        Oh, I had no idea that was possible.
        Wow, I didn't see that coming.""",
    ("remorse", NEUTRAL): """
        Sorry, that was my mistake.
        I apologise for my tone earlier.
        My bad, I used the wrong password.
        Sorry for the trouble, I mixed up the accounts.""",
    ("embarrassment", NEGATIVE): """
        It was embarrassing to have my card declined in front of a client.
        I looked like a fool in front of our customers because the {thing} {fault}.""",
    ("disgust", NEGATIVE): """
        There was mould on it, that's disgusting.
        The room was filthy and it stank.
        I'm disgusted by how {who} treated an elderly woman.""",
    ("desire", NEUTRAL): """
        I wish there was a way to {task}.
        It would be great if we could {task}.
        I'd love to be able to {task}.""",
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
    for (feelings, sentiment), phrases in _PHRASES.items():
        emotions = tuple(EMOTIONS.index(name) for name in feelings.split())
        lines = [line.strip() for line in phrases.strip().splitlines()]
        seen: set[str] = set()
        for turn in range(_OF_EACH[sentiment] * len(lines)):
            text = _filled(lines[turn % len(lines)], dice, is_glad=sentiment == POSITIVE)
            if text not in seen:
                seen.add(text)
                examples.append(
                    ServiceExample(text=model_text(text), emotions=emotions, sentiment=sentiment)
                )
    return examples


def _filled(phrase: str, dice: random.Random, *, is_glad: bool) -> str:
    text = _SLOT.sub(lambda slot: dice.choice(_SLOTS[slot.group(1)].split("|")), phrase)
    before = dice.choice(_BEFORE)
    if before and not text.startswith(("I ", "I'")):
        text = text[0].lower() + text[1:]
    text = before + text + ("" if is_glad else dice.choice(_AFTER))
    if dice.random() < 0.15:
        text = text.rstrip(".!") + "!"
    return text[0].upper() + text[1:] if dice.random() < 0.9 else text.lower()
