"""HTML becomes what a person reads."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.plaintext import plain_text, tidy


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<div class="zd-comment" dir="auto"><p dir="auto">Where is my parcel?</p></div>',
            "Where is my parcel?",
        ),
        ("<p>Hello,</p><p>it broke.<br>Twice!</p>", "Hello,\n\nit broke.\nTwice!"),
        ("one<br/>two<br />three", "one\ntwo\nthree"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>first</li><li>second</li></ul>", "- first\n- second"),
        ("a &amp; b &lt;3 &#8364;5&nbsp;off", "a & b <3 €5 off"),
        ("<style>p{color:red}</style><p>Hi</p><script>alert(1)</script>", "Hi"),
        ("<head><title>Mail</title></head><body>Hi</body>", "Hi"),
        ('<div style="display:none">preview words</div><p>Real words</p>', "Real words"),
        ('<span style="font-size:0px">x</span><span style="font-size:0.9em">y</span>', "y"),
        ("<p hidden>no</p><p>yes</p>", "yes"),
        ("New<blockquote><p>Old words</p><p>more</p></blockquote>", "New\n\n> Old words\n\n> more"),
        ("<pre>a  b\n  c</pre>", "a b\nc"),
        ("<table><tr><td>x</td><td>1</td></tr><tr><td>y</td><td>2</td></tr></table>", "x 1\ny 2"),
        ('See <a href="https://x.example/?token=1">the page</a>.', "See the page."),
        ('<img src="x.png" alt="cat">', ""),
        ("in<!-- note -->visible", "invisible"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("</div></p>stray ends", "stray ends"),
        ("zero\u200bwidth", "zerowidth"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
    ],
)
def test_html_reads_as_a_person_reads_it(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text())
def test_whatever_comes_something_plain_is_returned(html: str) -> None:
    text = plain_text(html)
    assert text == text.strip()
    assert "\n\n\n" not in text


@given(st.lists(st.text(string.ascii_letters, min_size=1), min_size=1, max_size=8))
def test_words_in_paragraphs_survive_in_order(words: list[str]) -> None:
    assert plain_text("".join(f"<p>{word}</p>" for word in words)).split() == words


@given(st.text(string.ascii_letters + " ", min_size=1), st.integers(min_value=0, max_value=30))
def test_hidden_words_never_come_out_however_deep_they_lie(word: str, depth: int) -> None:
    inner = "<b>" * depth + f"QX{word}" + "</b>" * depth
    html = f"<p>seen</p><div style='visibility: hidden'>{inner}</div><p>seen too</p>"
    assert "QX" not in plain_text(html)
    assert re.sub(r"\s+", " ", plain_text(html)) == "seen seen too"


def test_very_deep_and_very_long_html_is_read_all_the_same() -> None:
    assert plain_text("<div>" * 20_000 + "deep") == "deep"
    assert len(plain_text("word " * 1_000_000)) < 600_000


def test_plain_text_is_tidied_too() -> None:
    assert tidy("a\u00a0 b \r\n\r\n\r\n\r\nc\u200b ") == "a b\n\nc"
