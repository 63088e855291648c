"""What customers' and agents' phrases are taken for, and above all what they are not taken for."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.cues import agent_signals
from enrichment.reader.signals import (
    CueKind,
    Urgency,
    customer_signals,
    own_words,
    references,
)


def kinds(text: str) -> set[CueKind]:
    return {cue.kind for cue in customer_signals(text).cues}


def agent_kinds(text: str) -> set[CueKind]:
    return {cue.kind for cue in agent_signals(text).cues}


# Urgency


@pytest.mark.parametrize(
    "text",
    [
        "Our website is down for all our customers.",
        "The server went down and everyone is waiting.",
        "I was charged twice and need the money back by Friday.",
        "We can't log in and the launch is today.",
        "If this is not settled my lawyer will write to you.",
        "I think my account was hacked.",
        "There has been a data breach at your end.",
        "I will go to small claims over this.",
    ],
)
def test_harm_that_spreads_or_cannot_wait_is_critical(text: str) -> None:
    assert customer_signals(text).urgency is Urgency.CRITICAL


@pytest.mark.parametrize(
    "text",
    [
        "I was double charged.",
        "Please fix this ASAP.",
        "This is urgent!",
        "I need the invoice by tomorrow.",
        "I need it delivered by Saturday.",
        "The app is down.",
        "I can't log in to the portal.",
        "The printer is broken and this is the third time I am writing.",
    ],
)
def test_hurry_money_outage_and_repetition_are_high(text: str) -> None:
    assert customer_signals(text).urgency is Urgency.HIGH


@pytest.mark.parametrize("text", ["The export does not work.", "My mouse broke.", "Still waiting."])
def test_something_broken_is_normal(text: str) -> None:
    assert customer_signals(text).urgency is Urgency.NORMAL


@pytest.mark.parametrize(
    "text",
    [
        "No rush, but could you change my address?",
        "This is not urgent at all.",
        "When you get a chance, send me the brochure.",
        "It isn't an emergency, just wondering.",
    ],
)
def test_no_rush_is_routine_and_not_the_word_urgent(text: str) -> None:
    assert customer_signals(text).urgency is Urgency.ROUTINE


@pytest.mark.parametrize(
    "text",
    ["", " ", "Where do I find my invoices?", "Danke für die Hilfe!", "Hi Sue, how are you?"],
)
def test_words_that_say_nothing_about_it_leave_urgency_unknown(text: str) -> None:
    assert customer_signals(text).urgency is None


def test_the_urgency_names_the_words_that_decide_it() -> None:
    judged = customer_signals("Hello, I was charged twice. Please help by Friday.").judged_urgency()
    assert judged is not None
    assert judged[1].span.quote == "charged twice"


# Effort


@pytest.mark.parametrize(
    "text",
    [
        "This is the third time I am asking.",
        "As I said, the cable is fine.",
        "Like I mentioned before: it is unplugged.",
        "I already told you my order number.",
        "I've already sent the photos.",
        "I have explained this several times.",
        "How many times do I have to ask?",
        "I'm tired of repeating myself.",
        "Please read my previous message.",
        "It is the same problem as last month; same issue again.",
        "It happened again.",
        "My 4th email about this.",
        "Third time I ask!",
        "For the third time: no.",
        "I am asking you for a third time.",
        "I described it on Monday.",
        "You are the third person on this.",
        "I’ve already explained that.",
        "All of that is in the first ticket.",
        "This is the second time I'm writing about this, see my ticket from autumn.",
    ],
)
def test_repeating_oneself_is_heard(text: str) -> None:
    assert CueKind.TOLD_YOU in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks again!",
        "How many times can I use the voucher?",
        "I would like to add a second email address.",
        "This is the first time I write.",
        "My third email address is wrong.",
        "I have already a great impression of you.",
        "Can I order again?",
        "Your price went up a third time.",
    ],
)
def test_again_and_numbers_alone_are_no_repetition(text: str) -> None:
    assert CueKind.TOLD_YOU not in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "It is still not working.",
        "Still waiting for my refund.",
        "No answer yet.",
        "I haven't heard back from you.",
        "The bug has not been fixed.",
        "It is Monday and I have heard nothing.",
    ],
)
def test_still_not_is_heard(text: str) -> None:
    assert CueKind.STILL_NOT in kinds(text)


# Thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thank you so much, that was quick!",
        "Thanks, Bob",
        "Thanks!",
        "I really appreciate what you did.",
        "Thanks to you it works again.",
        "Thanks for staying on this until it was done.",
    ],
)
def test_thanks_that_are_meant(text: str) -> None:
    assert CueKind.THANKS in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Can you send the invoice? Thanks in advance.",
        "Please cancel my order.\n\nThanks,\nBob",
        "Please cancel my order.\n\nThanks!\nBob Miller\nHead of Things\n+49 123 456",
        "The door is stuck.\nMany thanks\nAnna",
        "Where is it? Thanks, Bob",
        "I would appreciate a quick reply.",
        "I'd appreciate it if someone called me.",
        "Thanks for nothing.",
        "No thanks.",
        "Thank you for your attention to this matter.",
        "Thanks for wasting my day.",
        "Thanks to your update everything is gone.",
        "Any help would be appreciated.",
    ],
)
def test_politeness_and_scorn_are_not_thanks(text: str) -> None:
    assert CueKind.THANKS not in kinds(text)


@pytest.mark.parametrize("text", ["Thanks for your help!", "Thank you for the quick reply."])
def test_thanks_for_help_are_kept_apart(text: str) -> None:
    assert CueKind.THANKS_FOR_HELP in kinds(text)


# Is it over?


@pytest.mark.parametrize(
    "text",
    [
        "It works now.",
        "Everything is working again, great.",
        "That fixed it!",
        "That did the trick.",
        "The issue has been resolved.",
        "I got my refund.",
        "You can close this ticket.",
    ],
)
def test_a_confirmation_is_heard(text: str) -> None:
    assert CueKind.CONFIRMS in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "I hope it works now.",
        "It is not fixed.",
        "It still doesn't work.",
        "Let me know once it is resolved.",
        "How does it work?",
        "It was working fine until yesterday.",
        "I want this resolved today.",
        "Nothing works.",
        "If it works I will tell you.",
        "When will it be fixed?",
    ],
)
def test_hope_doubt_and_denial_confirm_nothing(text: str) -> None:
    assert CueKind.CONFIRMS not in kinds(text)


# Quoted mail, references


def test_quoted_mail_is_not_the_customer_speaking() -> None:
    text = (
        "Fine.\n> I already told you!\n> URGENT\n\n"
        "On Mon, 2 Mar 2026 at 10:00, Support wrote:\nOur site is down for everyone"
    )
    assert kinds(text) == set()
    assert len(own_words(text)) == len(text)


def test_references_are_found_with_and_without_a_word_before_them() -> None:
    assert references("Order no. 4711-22 and invoice INV-2026-001, see #123456") == (
        "4711-22",
        "INV-2026-001",
        "123456",
    )


@pytest.mark.parametrize(
    "text", ["I ordered 2 in 2024.", "Call me at 555 1234567", "in order to 1", "chapter #3"]
)
def test_years_and_telephones_are_no_references(text: str) -> None:
    assert references(text) == ()


def test_at_most_four_references_are_kept() -> None:
    assert len(references(" ".join(f"#{number}" for number in range(10000, 10020)))) == 4


# Agents


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I understand how annoying this is.", CueKind.ACKNOWLEDGED),
        ("Sorry to hear that.", CueKind.ACKNOWLEDGED),
        ("This was our mistake.", CueKind.OWNED),
        ("That should not have happened.", CueKind.OWNED),
        ("I'm very sorry about the delay.", CueKind.APOLOGISED),
        ("Please accept our apologies.", CueKind.APOLOGISED),
        ("I will get back to you.", CueKind.PROMISED),
        ("You'll receive it within 3 days.", CueKind.PROMISED),
        ("We have fixed the problem.", CueKind.FIXED),
        ("I've refunded the second charge.", CueKind.FIXED),
        ("A replacement has been sent.", CueKind.FIXED),
        ("It should be working again now.", CueKind.FIXED),
        ("I've added a 20 euro credit to your account.", CueKind.GAVE),
        ("Here is a free month on the house.", CueKind.GAVE),
    ],
)
def test_what_an_agent_did_is_heard(text: str, kind: CueKind) -> None:
    assert kind in agent_kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "It will be fixed tomorrow.",
        "Once it is resolved we will write.",
        "It is not fixed yet.",
        "We are working to get this resolved.",
        "This can be solved by restarting.",
    ],
)
def test_the_future_is_not_a_fix(text: str) -> None:
    assert CueKind.FIXED not in agent_kinds(text)


def test_sorry_to_hear_is_sympathy_and_no_apology() -> None:
    assert CueKind.APOLOGISED not in agent_kinds("I am sorry to hear that.")


# Whatever the text


@given(st.text(max_size=400))
def test_every_cue_stands_where_it_says(text: str) -> None:
    for cue in (*customer_signals(text).cues, *agent_signals(text).cues):
        assert text[cue.span.start : cue.span.end] == cue.span.quote


_WORDS = st.sampled_from(
    [
        "thanks",
        "thank",
        "you",
        "still",
        "not",
        "again",
        "third",
        "time",
        ",",
        ".",
        "\n",
        ">",
        "please",
        "i",
        "already",
        "told",
        "urgent",
        "asap",
        "no",
        "rush",
        "down",
        "server",
        "everyone",
        "works",
        "it",
        "now",
        "hope",
        "#12345",
        "order",
        "lawyer",
        "by",
        "friday",
        "’",
        "İ",
    ]
)


@given(st.lists(_WORDS, max_size=60))
def test_every_cue_stands_where_it_says_in_likely_words_too(words: list[str]) -> None:
    text = " ".join(words)
    for cue in (*customer_signals(text).cues, *agent_signals(text).cues):
        assert text[cue.span.start : cue.span.end] == cue.span.quote


@pytest.mark.parametrize(
    "piece",
    [
        "a", " ", "\n", "no ", "not ", "i already ", "thanks ", "thanks,\n", "> ", "On x wrote:",
        "charged ", "order ", "order: #", "need a a a a a a a ", "told a b c d ", "(", "\u0130",
        "still ", "everything is ", "it is now now ", "AB-", "1", "-", "hope ", "\t", "'", "n't",
        "sorry ", "we have ", "From: a\n", "http://", "😡", "cant ", "website is x y ",
    ],
)  # fmt: skip
def test_hostile_text_costs_no_more_than_a_moment(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begun = time.perf_counter()
    found = customer_signals(text)
    answered = agent_signals(text)
    assert time.perf_counter() - begun < 2.0
    assert len(found.cues) <= 40
    assert len(answered.cues) <= 20
