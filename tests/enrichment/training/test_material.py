"""The training's readers and phrases, on made-up rows: the real texts are not in the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from enrichment.reader.surface import model_text
from enrichment.readings import EMOTIONS
from enrichment.training import data
from enrichment.training.service import NEGATIVE, NEUTRAL, POSITIVE, compose


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shape of the material, with a few invented rows."""
    emotions = tmp_path / "goemotions"
    emotions.mkdir()
    (emotions / "labels.txt").write_text("\n".join(EMOTIONS))
    (emotions / "train.tsv").write_text("I love this 😍\t18,17\tx1\nfine\t27\tx2\n", "utf-8")
    tweets = tmp_path / "semeval2017-4a"
    tweets.mkdir()
    (tweets / "twitter-2013train-A.txt").write_text(
        "1\tpositive\tLovely day\\u002c isn\\u2019t it?\n"
        "2\tnegative\tHeld out for evaluation\n"
        "3\tneutral\tsame words\n4\tnegative\t@AcmeSupport it is broken\n",
        "utf-8",
    )
    (tweets / "sms-2013test-A.tsv").write_text(
        "9\t111\tneutral\tsee you at five\n9\t112\tpositive\tsame words!\n", "utf-8"
    )
    for name in ("sentiment", "irony"):
        (tmp_path / "tweeteval" / name).mkdir(parents=True)
        (tmp_path / "tweeteval" / name / "val_text.txt").write_text("held out for Evaluation.\n")
        (tmp_path / "tweeteval" / name / "val_labels.txt").write_text("0\n")
    return tmp_path


def test_emotions_are_read_with_emoji_in_words(folder: Path) -> None:
    first, second = data.goemotions(folder, "train")
    assert first.text == "I love this smiling face with heart-shaped eyes"
    assert {EMOTIONS[n] for n in first.labels} == {"love", "joy"}
    assert second.labels == (27,)


def test_labels_in_another_order_are_refused(folder: Path) -> None:
    (folder / "goemotions" / "labels.txt").write_text("joy\nanger")
    with pytest.raises(ValueError, match="28 labels"):
        data.goemotions(folder, "train")


def test_tweets_lose_duplicates_contradictions_and_what_serves_to_evaluate(folder: Path) -> None:
    parts = data.semeval(folder)
    texts = {example.text for part in (parts.train, parts.dev, parts.test) for example in part}
    assert texts == {"Lovely day, isn't it?", "see you at five"}
    assert [example.text for example in parts.service] == ["@user it is broken"]


def test_our_own_sentences_are_the_same_for_the_same_seed() -> None:
    assert compose(seed=3) == compose(seed=3)
    assert compose(seed=3) != compose(seed=4)


def test_our_own_sentences_have_no_empty_slot_and_every_sentiment() -> None:
    examples = compose(seed=20)
    assert not any("{" in example.text for example in examples)
    assert {example.sentiment for example in examples} == {NEGATIVE, NEUTRAL, POSITIVE}
    assert len({example.text for example in examples}) > 0.95 * len(examples)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to jane.doe@acme.example!", "Write to @user!"),
        ("@acme help", "@user help"),
        ("see https://acme.example/a?b=c now", "see http now"),
        ("it’s  “late”…", 'it\'s "late"...'),
        ("noooooo", "nooo"),
        ("😡😡 bad", "angry face bad"),
        ("ok 👍🏽", "ok thumbs up"),
    ],
)
def test_the_model_is_given_plain_wording(text: str, expected: str) -> None:
    assert model_text(text) == expected
