"""Pleased words beside a mishap are doubted; honest thanks are not."""

from __future__ import annotations

import pytest

from enrichment.reader.doubt import is_sarcastic, is_understated


@pytest.mark.parametrize(
    "text",
    [
        "Great, another outage", "Oh wonderful, the app is down again.", "Thanks a lot for nothing.",
        "Love waiting three hours on hold.", "Brilliant. Lost my data again.", "Just great.",
        "Fantastic job losing my parcel.", "Wow, the third time this week.",
        "Nice, you charged me twice again.", "Thank you for ignoring my last four emails.",
        "Third crash today, lovely.", "Yeah right.", "Thanks for wasting my afternoon.",
        "Well done, the update broke everything.", "Great service 👏 still waiting",
        "I just love being transferred five times.", "What a surprise, nobody called.",
    ],
)  # fmt: skip
def test_a_cheer_beside_a_mishap_is_doubted(text: str) -> None:
    assert is_sarcastic(text)


def test_the_mishap_may_stand_in_the_next_sentence() -> None:
    assert is_sarcastic("Wonderful.", following="The site is down again.")
    assert not is_sarcastic("Wonderful.", following="The site is working again.")


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for fixing the outage so quickly!", "Great, it works again!",
        "Great news, the error is gone.", "Thank you for your help, no more errors.",
        "Great product, I never had a problem.", "Thanks again for your help.",
        "I love how easy this is.", "Thank you, the broken part was replaced within a day.",
        "The app is down again.", "We lost everything.", "Great support.", "Thanks!",
        "Excellent service, nothing but praise.", "Perfect, the refund arrived.",
    ],
)  # fmt: skip
def test_honest_words_are_believed(text: str) -> None:
    assert not is_sarcastic(text)


@pytest.mark.parametrize(
    "text",
    [
        "Honestly I expected better from a company this size.", "Not exactly what I was promised.",
        "This is less than ideal.", "The manual leaves a lot to be desired.", "I've had better.",
        "It would have been nice to be told.",
    ],
)  # fmt: skip
def test_understatement_is_doubted(text: str) -> None:
    assert is_understated(text)


@pytest.mark.parametrize(
    "text", ["It works better now.", "I expected this.", "Nothing could be nicer."]
)
def test_plain_words_are_not_understatement(text: str) -> None:
    assert not is_understated(text)
