"""English is read, other languages are not, and short English is not taken for Finnish."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment.reader.language import judge


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!", "ok great", "WTF", "lol", "nope", "Still broken.", "No", "TERRIBLE", "gr8 thx",
        "Refund pls", "Unacceptable", "cancel my subscription", "omg yesss", "hmm", "ugh", "meh",
        "SSO SAML config error", "Kubernetes cluster down", "Where is my order #123 from Müller GmbH?",
        "WHY IS THIS BROKEN AGAIN", "Login fails on iPhone", "Order 12345 status", "cheers mate",
        "I can’t log in", "Invoice INV-2231 wrong amount", "asap pls", "Any news?", "Not good.",
    ],
)  # fmt: skip
def test_english_is_read_however_short(text: str) -> None:
    assert judge(text).unknown is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich bin sehr unzufrieden mit Ihrem Service.", "de"),
        ("Wo ist meine Bestellung?", "de"),
        ("Danke!", "de"),
        ("Je suis très déçu par votre service.", "fr"),
        ("Merci beaucoup", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("Estoy muy enfadado, nadie me contesta.", "es"),
        ("Il servizio è pessimo e nessuno risponde.", "it"),
        ("Estou muito insatisfeito com o atendimento.", "pt"),
        ("注文はどこですか。とても困っています。", "ja"),
        ("我对你们的服务非常不满意", "zh"),
        ("Где мой заказ?", "ru"),
    ],
)
def test_other_languages_are_unknown_not_neutral(text: str, language: str) -> None:
    verdict = judge(text)
    assert verdict.unknown == f"unknown language: {language}"
    assert verdict.language == language


@pytest.mark.parametrize(
    "text", ["", " ", "...", "123 456", "\u200b\u200d", "?!", "x", "https://a.example"]
)
def test_too_little_text_is_unknown(text: str) -> None:
    assert judge(text).unknown == "too little text"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_a_verdict(text: str) -> None:
    verdict = judge(text)
    assert verdict.unknown is None or verdict.unknown
