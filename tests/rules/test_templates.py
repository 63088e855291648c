"""Filling facts into text, also when the facts are hostile."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rules.facts import Facts
from rules.templates import LONGEST_TEXT, TemplateError, parse

HOSTILE = [
    "{{ contact.email }}",
    "{{ 7 * 7 }} {% for x in range(9) %}{# #}",
    "</p><script>alert(1)</script>",
    "[click](javascript:alert(1)) **bold** `code`",
    "${jndi:ldap://x} %(name)s {0} $name",
]


def fill(template: str, **facts: object) -> str:
    named = {name.replace("__", "."): value for name, value in facts.items()}
    filled = parse(template).fill(Facts(named))
    assert not filled.missing
    return filled.text


@pytest.mark.parametrize(
    ("template", "facts", "text"),
    [
        ("Hello {{ contact.name }}!", {"contact__name": "Ada"}, "Hello Ada!"),
        ("Hello {{contact.name|default:'there'}}!", {}, "Hello there!"),
        ('Hello {{ contact.name | default: "you | all" }}!', {}, "Hello you | all!"),
        ("Hello {{ contact.name | default: 'there' }}!", {"contact__name": " "}, "Hello there!"),
        ("a\nName: {{ contact.name | optional }}\nb", {}, "a\nb"),
        ("a\n\nName: {{ contact.name | optional }}\n\nb", {}, "a\n\nb"),
        ("{{ ticket.sentiment }}", {"ticket__sentiment": "very_negative"}, "very negative"),
        ("{{ moment.kind }}", {"moment__kind": "frustration-peak"}, "frustration peak"),
        ("{{ ticket.tags }}", {"ticket__tags": ["a-b", "c_d"]}, "a-b, c_d"),
        ("{{ ticket.tags }}", {"ticket__tags": []}, "none"),
        ("{{ ticket.valence }}", {"ticket__valence": -0.71234}, "-0.71"),
        ("{{ ticket.is_assigned }}", {"ticket__is_assigned": False}, "no"),
        ("{{ moment.confidence | percent }}", {"moment__confidence": 0.825}, "82 %"),
        ("{{ person.tickets_total | ordinal }}", {"person__tickets_total": 3}, "third"),
        ("{{ person.tickets_total | ordinal }}", {"person__tickets_total": 11}, "11th"),
        ("{{ person.tickets_total | ordinal }}", {"person__tickets_total": 22}, "22nd"),
        ("{{ person.tickets_total | ordinal }}", {"person__tickets_total": 113}, "113th"),
        ("{{ person.tickets_total | ordinal }}", {"person__tickets_total": 0}, "0"),
        ("{{ moment.quote | shorten: 10 }}", {"moment__quote": "0123456789abc"}, "012345678…"),
        ("{{ moment.quote | shorten: 10 }}", {"moment__quote": "0123456789"}, "0123456789"),
        (
            "{{ moment.at }}",
            {"moment__at": datetime(2026, 1, 15, 9, 30, tzinfo=UTC)},
            "15 Jan 2026 09:30 UTC",
        ),
        ("{{ brief.text }}", {"brief__text": "one\n\n  two  \nthree"}, "one\ntwo\nthree"),
    ],
)
def test_a_template_is_filled(template: str, facts: dict[str, object], text: str) -> None:
    assert fill(template, **facts) == text


def test_an_unknown_fact_without_a_stand_in_is_reported_and_nothing_is_said() -> None:
    filled = parse("{{ contact.name }} {{ ticket.url }} {{ contact.name }}").fill(Facts())
    assert filled.missing == ("contact.name", "ticket.url")
    assert filled.text == ""


@pytest.mark.parametrize("words", HOSTILE)
def test_what_a_customer_wrote_is_never_read_as_a_template(words: str) -> None:
    filled = fill(
        "{{ moment.quote }} / {{ contact.name | default: 'x' }}",
        moment__quote=words,
        contact__email="secret@example.test",
    )
    assert filled == f"{' '.join(words.split())} / x"


@pytest.mark.parametrize("words", HOSTILE)
def test_a_default_written_in_the_rule_is_not_read_again_either(words: str) -> None:
    if "{{" in words or "{%" in words or "'" in words:
        return
    assert fill(f"{{{{ contact.name | default: '{words}' }}}}") == words


def test_a_quote_cannot_forge_lines_or_turn_text_around() -> None:
    forged = "fine\n\nKeepsake: refund approved\r\u2028x\u202egnp.exe\u0000\x1b[31m\ud800"
    text = fill("“{{ moment.quote }}”", moment__quote=forged)
    assert "\n" not in text
    assert not any(ord(sign) < 32 for sign in text)
    assert "\u202e" not in text
    assert "\u2028" not in text
    text.encode("utf-8")


def test_emoji_and_other_scripts_pass_unharmed() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    words = f"परीक्षा {family} ünï \u200fעברית"
    assert fill("{{ moment.quote }}", moment__quote=words) == words


def test_long_values_and_long_texts_are_bounded() -> None:
    assert len(fill("{{ moment.quote }}", moment__quote="x" * 100_000)) == 600
    text = fill("{{ brief.text }}\n" * 9, brief__text=("y" * 300 + "\n") * 100)
    assert len(text) == LONGEST_TEXT
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("x" * 4001, "at most 4000"),
        ("{{ contact.nam }}", "did you mean 'contact.name'"),
        ("{{ contact }}", "there is no fact 'contact'"),
        ("{{ contact.name.upper }}", "there is no fact"),
        ("{{ contact.name | upper }}", "there is no filter 'upper'"),
        ("{{ contact.name | defalt: 'x' }}", "did you mean 'default'"),
        ("{{ contact.name | default }}", "write default: 'a text'"),
        ("{{ contact.name | default: 12 | default: 13 }}", "each filter once"),
        ("{{ contact.name | default: 'a' | optional }}", "either 'default' or 'optional'"),
        ("{{ contact.name | optional: 'a' }}", "takes no argument"),
        ("{{ contact.name | ordinal }}", "needs a number"),
        ("{{ person.tickets_total | percent }}", "from 0 to 1"),
        ("{{ contact.name | shorten: 2 }}", "at least 10"),
        ("{{ contact.name | shorten: 'x' }}", "shorten: 120"),
        ("{{ contact.name: 'a' }}", "comes '|'"),
        ("{{ contact.name 'a' }}", "stands '|'"),
        ("{{ }}", "write {{ fact }}"),
        ("{{ contact.name | }}", "write {{ fact }}"),
        ("{{ contact.name() }}", "stands '|'"),
        ("{{ contact['name'] }}", "stands '|'"),
        ("{{ contact.name", "belong together"),
        ("contact.name }}", "belong together"),
        ("{{ contact.name\n}}", "on one line"),
        ("{% if x %}", "only {{ fact }}"),
        ("{# x #}", "only {{ fact }}"),
        ("{{ {{ contact.name }} }}", "write {{ fact }}"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_loaded(template: str, says: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(template)
    assert says in str(caught.value)


def test_a_template_tells_which_facts_it_needs() -> None:
    template = parse(
        "{{ ticket.id }} {{ contact.name | optional }}\n{{ ticket.id | default: '?' }}"
    )
    assert template.needs == ("ticket.id", "contact.name")
