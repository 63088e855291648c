"""Only the customer's own, new words are read, and they stay where they were."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment.reader import prepare
from enrichment.reader.prepare import LONGEST_TEXT


def own_words(text: str) -> str:
    return " | ".join(text[kept.start : kept.end] for kept in prepare(text))


OWN = "The export has been failing since Monday."


@pytest.mark.parametrize(
    "below",
    [
        "On Mon, Nov 3, 2025 at 9:01 AM Bob Agent <bob@acme.example> wrote:\n> I'm sorry to hear that",
        "On Mon, Nov 3, 2025 at 9:01 AM Bob Agent\n<bob@acme.example> wrote:\n\nI'm so sorry to hear that",
        "Am 03.11.2025 um 09:01 schrieb Bob Agent:\n> Das tut mir leid",
        "-----Original Message-----\nFrom: Bob\nI'm sorry to hear that",
        "---------- Forwarded message ---------\nFrom: Bob\nsorry",
        "________________________________\nFrom: Bob\nSent: Monday\nsorry",
        "From: Bob Agent <bob@acme.example>\nSent: Monday, 3 November 2025 09:01\n"
        "To: Jane\nSubject: RE: export\n\nI'm sorry to hear that",
        "##- Please type your reply above this line -##\nYour ticket was updated",
        "> I'm so sorry to hear that\n> Bob",
    ],
)
def test_a_quoted_mail_is_not_the_customers_word(below: str) -> None:
    assert own_words(f"{OWN}\n\n{below}") == OWN


def test_answers_written_between_quoted_lines_are_kept() -> None:
    text = "On Tue Bob wrote:\n> Did it help?\n\nIt did not help.\n> And the log?\nAttached."
    assert own_words(text) == "It did not help. | Attached."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJane Doe\nHead of Operations",
        "Best regards,\nJane Doe\nHead of Ops | ACME Inc.\n+1 555 1234",
        "Kind regards\n\nJane",
        "Thanks,\nJane",
        "Cheers,\nTom",
        "Thank you,\nJane Doe\nACME Ltd. | 12 Main Street | acme.example",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Thanks in advance,\nJane",
        "Best, Tom",
    ],
)
def test_a_signature_is_cut(signature: str) -> None:
    assert own_words(f"{OWN}\n\n{signature}") == OWN


@pytest.mark.parametrize(
    "greeting", ["Hi team,\n\n", "Hello,\n", "Dear Sir or Madam,\n", "Hey Bob, "]
)
def test_a_greeting_is_left_out(greeting: str) -> None:
    assert own_words(greeting + OWN) == OWN


@pytest.mark.parametrize(
    "disclaimer",
    [
        "This email and any attachments are confidential and intended solely for the addressee.",
        "If you are not the intended recipient, please delete it.",
        "Please consider the environment before printing this e-mail.",
        "To unsubscribe click here",
    ],
)
def test_a_disclaimer_is_left_out(disclaimer: str) -> None:
    assert own_words(f"{OWN}\n\n{disclaimer}") == OWN
    assert own_words(f"{OWN} {disclaimer}") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thanks,",
        "Thank you",
        "Hi I can't log in",
        "Best service I ever had, thank you Anna.",
        "From my point of view this is wrong.",
        "Cheers, that fixed it.",
        "On Monday my colleague wrote: please wait",
    ],
)
def test_short_messages_that_look_like_a_frame_are_kept(text: str) -> None:
    assert own_words(text) == text


def test_a_closing_in_the_middle_does_not_cut_what_follows() -> None:
    text = "Thanks,\nbut I still cannot log in and it is driving me mad.\nWhat should I do now?"
    assert "I still cannot log in" in own_words(text)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "Hello,", "> only a quote", "\u200b"])
def test_nothing_of_ones_own_gives_nothing_to_read(text: str) -> None:
    assert own_words(text).strip("\u200b") == ""


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_survived_and_ranges_stay_inside_and_in_order(text: str) -> None:
    at = 0
    for kept in prepare(text):
        assert at <= kept.start < kept.end <= len(text)
        assert text[kept.start : kept.end].strip()
        at = kept.end


@pytest.mark.parametrize(
    "hostile",
    [
        "a" * 10_000_000,
        "> " * 5_000_000,
        "On " * 3_000_000,
        "\n" * 10_000_000,
        "Hi " * 3_000_000,
        "thanks " * 1_000_000,
        "From: x\n" * 1_000_000,
        "a@" * 3_000_000,
    ],
    ids=lambda text: text[:8],
)
def test_ten_megabytes_do_not_take_long(hostile: str) -> None:
    began = time.perf_counter()
    assert all(kept.end <= LONGEST_TEXT for kept in prepare(hostile))
    assert time.perf_counter() - began < 2.0
