"""HTML bodies become the words a person saw."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment.reader import html_to_text, looks_like_html


def test_paragraphs_and_breaks_become_lines() -> None:
    html = "<html><body><p>Hello,</p><p>my order<br>is <b>late</b>.</p></body></html>"
    assert html_to_text(html) == "Hello,\n\nmy order\nis late."


@pytest.mark.parametrize(
    "frame",
    [
        '<div class="gmail_quote">On Monday Bob wrote: sorry</div>',
        "<blockquote>sorry</blockquote>",
        '<div class="gmail_signature">Jane</div>',
        '<div id="divRplyFwdMsg">From: Bob</div><div>sorry</div>',
        '<div id="appendonsend"></div><hr><p>sorry</p>',
        "<style>p {color: red}</style><script>alert(1)</script>",
    ],
)
def test_quotes_signatures_and_scripts_are_left_out(frame: str) -> None:
    assert html_to_text(f"<div>It is broken.</div>{frame}") == "It is broken."


def test_entities_are_words_and_comments_are_not() -> None:
    assert (
        html_to_text("<p>Fish &amp; chips&nbsp;are cold<!-- sic --></p>") == "Fish & chips are cold"
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<!--[if mso]><p>Outlook</p><![endif]--><P CLASS=x>One<BR/>two</P>", "One\ntwo"),
        ("<div>a<blockquote>b<blockquote>c</blockquote>d</blockquote>e</div>", "ae"),
        ("<div class='x gmail_quote'>b</div><p>kept</p>", "kept"),
        ("<p>kept</p><div id=appendonsend></div><p>gone</p>", "kept"),
        ("<p>kept<script>if (a < b) { '<p>' }</script> too</p>", "kept too"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<p>5 < 6 &lt; 7</p>", "5 < 6 < 7"),
        ("<p>unclosed <b>tag", "unclosed tag"),
    ],
)
def test_markup_of_all_sorts(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize("text", ["plain", "2 < 3 and 5 > 4", "I <3 you", "<sigh> again", ""])
def test_plain_text_is_left_alone(text: str) -> None:
    assert not looks_like_html(text)
    assert html_to_text(text) == text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_markup_is_survived(inner: str) -> None:
    assert isinstance(html_to_text(f"<div>{inner}</p>"), str)


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 200_000,
        "<p>" + "<p" * 500_000,
        "<p>a</p>" * 500_000,
        "<blockquote>" * 100_000,
        '<div id="divRplyFwdMsg">' * 50_000,
        "<p>" + "<!--" * 100_000,
        "<p>" + "<![CDATA[" * 50_000,
        '<p a="' * 100_000,
        "<p>" + "&" * 400_000,
        "<p>" + "<script>" * 50_000,
        "<p class=" * 40_000,
        "<p " + "class='" * 60_000 + ">",
        "<p>" + "</" * 200_000,
    ],
    ids=lambda html: html[:14],
)
def test_hostile_markup_does_not_take_for_ever(hostile: str) -> None:
    began = time.perf_counter()
    html_to_text(hostile)
    assert time.perf_counter() - began < 5.0
