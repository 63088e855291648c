"""What the reader says of messages as support desks get them."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment.reader import Reader
from enrichment.reader.reader import NOTHING_NEW, SARCASM
from enrichment.readings import EMOTIONS, Reading, Sentiment

NEGATIVE = {Sentiment.NEGATIVE, Sentiment.VERY_NEGATIVE}
POSITIVE = {Sentiment.POSITIVE, Sentiment.VERY_POSITIVE}


def read(reader: Reader, text: str) -> Reading:
    return reader.read([text])[0]


@pytest.mark.parametrize(
    "text",
    [
        "My account was suspended without warning and nobody will tell me why. This is outrageous!",
        "I am absolutely furious. Two weeks and not one of you has bothered to answer me.",
        "This is unacceptable, I want my money back right now!",
        "Stop wasting my time with scripted replies, this is infuriating.",
    ],
)
def test_anger_is_read_with_the_words_that_show_it(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.sentiment in NEGATIVE
    assert {"anger", "annoyance"} & set(reading.labels)
    assert not {"joy", "gratitude", "admiration"} & set(reading.labels)
    assert reading.intensity is not None
    assert reading.intensity > 0.4


@pytest.mark.parametrize(
    "text",
    [
        "We go live tomorrow and the sync still isn't finished. I'm really worried we'll lose orders.",
        "My CEO keeps asking whether customer records were exposed and I'm getting nervous.",
        "I'm afraid all our backups are gone, please tell me they are safe!",
    ],
)
def test_fear_is_read(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.sentiment in NEGATIVE
    assert {"fear", "nervousness"} & set(reading.labels)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you so much Dana, you fixed it in ten minutes. Really appreciate it!",
        "Thanks for staying on the phone with me until everything worked.",
        "I'm very grateful for your patience, you were a great help.",
    ],
)
def test_gratitude_is_read(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.sentiment in POSITIVE
    assert reading.labels[0] in {"gratitude", "admiration"}
    assert "gratitude" in reading.labels


@pytest.mark.parametrize(
    "text",
    [
        "I don't understand the difference between a seat and a licence. Which one am I billed for?",
        "I'm confused, the mail says Friday and the website says Sunday.",
    ],
)
def test_confusion_is_read_and_is_no_rage(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert "confusion" in reading.labels
    assert "anger" not in reading.labels
    assert reading.sentiment not in POSITIVE


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("It was okay, but the delay ruined it.", "but the delay ruined it."),
        ("I love your product but your support is terrible.", "but your support is terrible."),
        (
            "The agent was friendly, however after three weeks I still don't have my money back.",
            "however after three weeks I still don't have my money back.",
        ),
    ],
)
def test_what_stands_after_but_is_what_was_meant(reader: Reader, text: str, turn: str) -> None:
    reading = read(reader, text)
    assert reading.sentiment in NEGATIVE
    assert reading.evidence["sentiment"].quote == turn


@pytest.mark.parametrize(
    "text",
    [
        "Great, another outage. Just what we needed on a Monday.",
        "Great, another outage",
        "Thanks a lot for nothing.",
        "Honestly I expected better from a company this size.",
        "Brilliant. Another price increase.",
    ],
)
def test_sarcasm_and_understatement_are_left_unknown(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.unknown == SARCASM
    assert reading.sentiment is None
    assert not reading.emotions


def test_a_jibe_in_an_open_complaint_does_not_silence_it(reader: Reader) -> None:
    for text in (
        "Great, another outage. This is unacceptable and I am furious.",
        "Wonderful. The site is down again.",
    ):
        reading = read(reader, text)
        assert reading.sentiment in NEGATIVE
        assert not {"admiration", "joy", "approval"} & set(reading.labels)


@pytest.mark.parametrize(
    "text",
    [
        "Could you send me the invoice for March?",
        "Please change the billing address to our head office.",
        "The serial number is on the attached photo.",
        "How do I change the shipping address for order 5512?",
    ],
)
def test_plain_business_is_neutral(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.sentiment is Sentiment.NEUTRAL
    assert not {"anger", "annoyance", "fear", "joy"} & set(reading.labels)


def test_german_is_unknown_and_not_neutral(reader: Reader) -> None:
    reading = read(reader, "Ich warte seit drei Wochen und bin sehr verärgert.")
    assert reading.unknown == "unknown language: de"
    assert reading.language == "de"
    assert reading.sentiment is None


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b\ufeff", "...", "12345", "\x00"])
def test_no_words_give_no_reading(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.unknown
    assert not reading.is_known


def test_the_agents_quoted_sorrow_is_not_the_customers(reader: Reader) -> None:
    text = (
        "Thanks, it works now!\n\nOn Mon, 3 Nov 2025 Bob Agent wrote:\n"
        "> I am so sorry to hear that you are angry. This is terrible and sad."
    )
    reading = read(reader, text)
    assert reading.sentiment in POSITIVE
    assert not {"sadness", "remorse", "anger"} & set(reading.labels)
    assert all("sorry" not in sentence.span.quote for sentence in reading.sentences)
    quote_only = read(reader, "> I am so sorry to hear that")
    assert quote_only.unknown == NOTHING_NEW


def test_evidence_is_quoted_from_the_original(reader: Reader) -> None:
    text = (
        "Hi team,\n\nThe export fails since Monday. I'm really worried about the audit!!\n"
        "Your colleague was kind, but nothing happened.\n\nBest regards,\nJane 😀\nACME"
    )
    reading = read(reader, text)
    spans = [*reading.evidence.values(), *(sentence.span for sentence in reading.sentences)]
    assert len(spans) >= 5
    assert all(text[span.start : span.end] == span.quote for span in spans)
    assert set(reading.evidence) == {*reading.labels, "sentiment"}
    fear = {"fear", "nervousness"} & set(reading.labels)
    assert all("worried" in reading.evidence[name].quote for name in fear)


def test_a_reading_is_complete(reader: Reader) -> None:
    reading = read(reader, "I love it, thank you!")
    assert tuple(reading.emotions) == EMOTIONS
    assert all(0.0 <= value <= 1.0 for value in reading.emotions.values())
    assert "neutral" not in reading.labels
    assert reading.model == reader.model == "keepsake-reader-1"
    assert reading.language == "en"


def test_shouting_is_more_intense_than_speaking(reader: Reader) -> None:
    calm, loud = reader.read(["this is not working", "THIS IS NOT WORKING!!!"])
    assert calm.intensity is not None
    assert loud.intensity is not None
    assert loud.intensity > calm.intensity + 0.15


TEXTS = [
    "Thanks!",
    "The app crashes every time I open it.",
    "I've waited three weeks. I'm fed up. " * 8,
    "How do I export a report?",
    "",
    "Great, another outage",
]


def test_the_same_words_give_the_same_reading_in_any_company(reader: Reader) -> None:
    together = reader.read(TEXTS)
    assert together == reader.read(TEXTS)
    assert together == [read(reader, text) for text in TEXTS]
    assert list(reversed(together)) == reader.read(list(reversed(TEXTS)))


def test_no_texts_give_no_readings(reader: Reader) -> None:
    assert reader.read([]) == []


def test_a_long_mail_is_read_to_its_bitter_end(reader: Reader) -> None:
    text = "We use the standard setup with two servers. " * 120 + "I am furious about the outage!"
    reading = read(reader, text)
    assert reading.is_known
    assert reading.evidence["sentiment"].quote == "I am furious about the outage!"


@pytest.mark.parametrize(
    "text",
    [
        "I am \ud800 angry about this \udfff delay",
        "\ud83d\ude21 bad service",
        "terrible\x00 service today",
    ],
    ids=ascii,
)
def test_broken_characters_do_not_stop_the_reader(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert reading.sentiment in NEGATIVE
    quote = reading.evidence["sentiment"]
    assert text[quote.start : quote.end] == quote.quote
    assert reader.embed([text]).any()


@pytest.mark.parametrize("hostile", ["a" * 10_000_000, "no. " * 2_000_000, "😡" * 1_000_000])
def test_ten_megabytes_are_read_in_bounded_time(reader: Reader, hostile: str) -> None:
    began = time.perf_counter()
    reader.read([hostile])
    assert time.perf_counter() - began < 15.0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=()), max_size=120))
def test_any_text_gets_a_reading_whose_quotes_are_true(reader: Reader, text: str) -> None:
    for candidate in (text, f"I am angry, but {text} thank you."):
        reading = read(reader, candidate)
        for span in [*reading.evidence.values(), *(one.span for one in reading.sentences)]:
            assert candidate[span.start : span.end] == span.quote


def test_embeddings_put_like_beside_like(reader: Reader) -> None:
    vectors = reader.embed(
        ["My card was charged twice.", "I was billed two times.", "The courier was very kind.", ""]
    )
    assert vectors.shape == (4, 384)
    assert vectors.dtype == "float32"
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert abs(float(vectors[0] @ vectors[0]) - 1.0) < 1e-5
    assert not vectors[3].any()
    assert reader.embed([]).shape == (0, 384)
    assert reader.embed(["long " * 3000]).shape == (1, 384)
