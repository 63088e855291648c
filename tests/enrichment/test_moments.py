"""Which words make which moment, and which do not: every kind shows its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.moments import (
    Evidence,
    Features,
    Moment,
    MomentKind,
    Turn,
    find_delight,
    find_frustration,
    find_gratitude,
    find_told_you,
    moment_id,
)
from enrichment.priors import PRIORS
from enrichment.readings import EMOTIONS, SentenceReading, Span
from enrichment.state import TicketState

KIND = MomentKind


def tags(made: TicketState) -> set[MomentKind]:
    return set(made.tags) - {KIND.MILESTONE}


# Values


def test_a_moment_without_evidence_cannot_be_made(desk) -> None:
    made = desk.fold(desk.customer("This is awful.", -0.8, ["anger"]))
    with pytest.raises(ValueError, match="needs evidence"):
        replace(made.moments[0], evidence=())


def test_features_refuse_what_is_out_of_range() -> None:
    for wrong in (
        {"arousal": 1.1, "valence": 0.0},
        {"arousal": 0.5, "valence": -1.5},
        {"arousal": 0.5},
        {"severity": -0.1},
        {"rehearsals": -1},
    ):
        with pytest.raises(ValueError):
            Features(**wrong)


def test_a_quote_is_the_text_from_start_to_end() -> None:
    with pytest.raises(ValueError, match="start to end"):
        Evidence(ticket_id="1", quote="abc", start=0, end=2, why="x")


@given(st.text(), st.text(), st.sampled_from(KIND))
def test_the_same_find_has_the_same_id(ticket: str, said: str, kind: MomentKind) -> None:
    assert moment_id(kind, ticket, said) == moment_id(kind, ticket, said)
    assert moment_id(kind, ticket, said) != moment_id(kind, ticket, said, "other")
    assert moment_id(kind, ticket, said) != moment_id(kind, ticket + "x", said)


def test_every_tag_of_the_page_is_a_name() -> None:
    assert {kind.value for kind in KIND} == {
        "frustration-peak", "delight", "gratitude", "empathy-win", "surprise-gesture", "anxiety",
        "confusion", "told-you-already", "broken-promise", "escalation", "recovery",
        "escalation-recovery", "churn-threat", "milestone", "silence", "standout",
    }  # fmt: skip


def test_only_customers_are_read_for_feeling(desk) -> None:
    agent = desk.agent("I am so sorry")
    read = desk.customer("x", -0.5).reading
    with pytest.raises(ValueError, match="customers"):
        Turn(interaction=agent.interaction, reading=read)


# frustration-peak


@pytest.mark.parametrize("label", ["anger", "annoyance", "disappointment", "disapproval"])
def test_frustration_needs_one_of_four_labels_and_shows_the_words(desk, label: str) -> None:
    made = desk.fold(desk.customer("This is a disgrace.", -0.7, [label]))
    peak = next(moment for moment in made.moments if moment.kind is KIND.FRUSTRATION_PEAK)
    assert peak.evidence[0].quote == "This is a disgrace."
    assert label in peak.evidence[0].why
    assert peak.features.peak == 1.0


def test_sad_words_without_such_a_label_are_no_frustration(desk) -> None:
    assert tags(desk.fold(desk.customer("My dog died.", -0.7, ["grief"])).ticket) == set()


def test_a_frustrated_word_in_happy_words_is_no_frustration(desk) -> None:
    assert not list(find_frustration(desk.customer("Fine now", 0.4, ["annoyance"]), PRIORS))


def test_a_trace_or_a_calm_report_is_no_frustration(desk) -> None:
    turn = desk.customer("It does not open.", -0.6, ["annoyance"])
    trace = replace(turn.reading, emotions=dict(turn.reading.emotions) | {"annoyance": 0.1})
    assert not list(find_frustration(replace(turn, reading=trace), PRIORS))
    calm = desk.customer("It does not open.", -0.3, ["annoyance"], intensity=0.3)
    assert not list(find_frustration(calm, PRIORS))


def test_only_the_highest_of_an_episode_stands(desk) -> None:
    first = desk.fold(desk.customer("Not good.", -0.4, ["annoyance"]))
    low = first.moments[-1]
    second = desk.fold(desk.customer("This is outrageous!", -0.9, ["anger"], hours=1))
    high = second.moments[-1]
    assert high.supersedes == low.id
    assert second.superseded == (low.id,)
    assert [m.moment_id for m in second.ticket.memories if m.kind is low.kind] == [high.id]
    third = desk.fold(desk.customer("Not good.", -0.4, ["annoyance"], hours=2))
    assert third.moments == ()
    assert third.superseded == ()


def test_what_rises_and_falls_within_one_batch_leaves_one_moment(desk) -> None:
    made = desk.fold(
        desk.customer("Not good.", -0.4, ["annoyance"]),
        desk.customer("Bad!", -0.7, ["anger"], hours=1),
        desk.customer("Outrageous!", -0.9, ["anger"], hours=2),
    )
    peaks = [moment for moment in made.moments if moment.kind is KIND.FRUSTRATION_PEAK]
    assert [peak.evidence[0].quote for peak in peaks] == ["Outrageous!"]
    assert peaks[0].supersedes is None
    assert len(made.superseded) == 2


def test_each_ticket_has_a_peak_of_its_own(desk) -> None:
    desk.fold(desk.customer("Outrageous!", -0.9, ["anger"], ticket="1"), record=desk.record("1"))
    made = desk.fold(
        desk.customer("Not good.", -0.4, ["annoyance"], ticket="2", days=90),
        record=desk.record("2", days=90),
    )
    assert KIND.FRUSTRATION_PEAK in made.ticket.tags
    assert sum(m.kind is KIND.FRUSTRATION_PEAK for m in made.person.memories) == 2


# gratitude


def test_thanks_for_the_service_are_gratitude_with_the_words(desk) -> None:
    made = desk.fold(
        desk.customer("Where is it?", 0.0),
        desk.agent("On its way.", hours=1),
        desk.customer("Got it. Thank you so much!", 0.7, ["gratitude"], hours=2),
    )
    thanks = next(moment for moment in made.moments if moment.kind is KIND.GRATITUDE)
    assert thanks.evidence[0].quote == "Thank you so much"


@pytest.mark.parametrize(
    "text",
    [
        "Can you send it? Thanks in advance.",
        "Please cancel it.\n\nThanks,\nBob",
        "I would appreciate a reply.",
        "Thanks for nothing.",
    ],
)
def test_politeness_is_no_gratitude_even_when_the_model_says_so(desk, text: str) -> None:
    turn = desk.customer(text, 0.3, ["gratitude"])
    assert not list(find_gratitude(turn, PRIORS, answered=True))


def test_thanks_for_help_count_only_after_somebody_answered(desk) -> None:
    turn = desk.customer("Thanks for your help!", 0.5, ["gratitude"])
    assert not list(find_gratitude(turn, PRIORS, answered=False))
    assert list(find_gratitude(turn, PRIORS, answered=True))


def test_gratitude_in_bitter_words_is_silent(desk) -> None:
    turn = desk.customer("Thank you, I am leaving.", -0.6, ["gratitude", "anger"])
    assert not list(find_gratitude(turn, PRIORS, answered=True))


def test_the_sentence_that_thanks_decides_how_good_the_thanks_are(desk) -> None:
    text = "It was a bad week. Thank you for the quick fix!"
    turn = desk.customer(text, -0.25, ["gratitude"])
    at = text.index("Thank")
    sentence = SentenceReading(
        span=Span(start=at, end=len(text), quote=text[at:]),
        emotions={},
        valence=0.7,
        confidence=0.9,
    )
    turn = replace(turn, reading=replace(turn.reading, sentences=(sentence,)))
    made = desk.fold(turn)
    thanks = next(moment for moment in made.moments if moment.kind is KIND.GRATITUDE)
    assert thanks.features.valence == 0.7
    bitter = replace(turn, reading=replace(turn.reading, valence=-0.6))
    assert not list(find_gratitude(bitter, PRIORS, answered=True))


def test_gratitude_without_the_word_thanks_is_heard(desk) -> None:
    turn = desk.customer("You saved my day, you are wonderful.", 0.8, ["gratitude"])
    assert list(find_gratitude(turn, PRIORS, answered=True))


# delight


@pytest.mark.parametrize("label", ["joy", "excitement", "admiration", "love", "amusement"])
def test_delight_needs_one_of_five_labels(desk, label: str) -> None:
    assert tags(desk.fold(desk.customer("Wonderful!", 0.8, [label])).ticket) == {KIND.DELIGHT}


def test_praise_beside_an_outage_is_silent(desk) -> None:
    turn = desk.customer("Great, another outage.", 0.7, ["admiration"])
    assert not list(find_delight(turn, PRIORS))


def test_praise_beside_a_confirmed_fix_is_heard(desk) -> None:
    turn = desk.customer("The outage is over, it works now. Brilliant!", 0.8, ["admiration"])
    assert list(find_delight(turn, PRIORS))


# told-you-already


def test_repetition_in_words_shows_the_phrase(desk) -> None:
    made = desk.fold(desk.customer("This is the third time I am asking.", -0.3))
    told = next(moment for moment in made.moments if moment.kind is KIND.TOLD_YOU_ALREADY)
    assert told.evidence[0].quote == "the third time"
    assert told.confidence == PRIORS.confidence_words


def test_still_not_repeats_only_what_was_said_before(desk) -> None:
    assert tags(desk.fold(desk.customer("It still doesn't ring.", 0.0)).ticket) == set()
    later = desk.fold(desk.customer("It still doesn't ring.", 0.0, hours=5))
    assert tags(later.ticket) == {KIND.TOLD_YOU_ALREADY}


def test_repetition_in_happy_words_is_no_complaint(desk) -> None:
    assert tags(desk.fold(desk.customer("As I said, you are great!", 0.8)).ticket) == set()


def test_repetition_is_heard_in_words_the_model_could_not_read(desk) -> None:
    made = desk.fold(desk.customer("as I said", None))
    assert tags(made.ticket) == {KIND.TOLD_YOU_ALREADY}
    assert made.moments[-1].features.valence is None


def test_a_theme_that_comes_back_names_the_earlier_ticket(desk) -> None:
    vector = [1.0, 0.0, 0.2]
    desk.fold(desk.customer("No sound.", -0.3, ticket="1"), record=desk.record("1"), vector=vector)
    made = desk.fold(
        desk.customer("No sound.", -0.3, ticket="2", days=10),
        record=desk.record("2", days=10),
        vector=vector,
    )
    told = next(moment for moment in made.moments if moment.kind is KIND.TOLD_YOU_ALREADY)
    assert told.confidence == PRIORS.confidence_theme
    assert [shown.ticket_id for shown in told.evidence] == ["2", "1"]
    assert "contact 2" in told.evidence[0].why


def test_a_theme_comes_back_only_within_a_month_and_not_with_good_news(desk) -> None:
    vector = [1.0, 0.0, 0.2]
    desk.fold(desk.customer("No sound.", -0.3, ticket="1"), record=desk.record("1"), vector=vector)
    glad = desk.fold(
        desk.customer("The sound is lovely!", 0.8, ticket="2", days=10),
        record=desk.record("2", days=10),
        vector=vector,
    )
    late = desk.fold(
        desk.customer("No sound.", -0.3, ticket="3", days=50),
        record=desk.record("3", days=50),
        vector=vector,
    )
    assert tags(glad.ticket) == set()
    assert tags(late.ticket) == set()
    assert late.person.contacts_on("1", glad.person.tickets[0].opened_at, PRIORS) == 3


# milestone


def test_the_first_contact_is_a_milestone_without_a_feeling_of_its_own(desk) -> None:
    made = desk.fold(desk.customer("This is awful.", -0.8, ["anger"]))
    first = next(moment for moment in made.moments if moment.kind is KIND.MILESTONE)
    assert first.features.valence is None
    assert first.evidence[0].why == "first contact on record"
    again = desk.fold(desk.customer("Hello?", 0.0, hours=1))
    assert not [moment for moment in again.moments if moment.kind is KIND.MILESTONE]


def test_round_ticket_numbers_are_milestones(desk) -> None:
    marked = []
    for number in range(1, 101):
        made = desk.fold(
            desk.customer("Hello", 0.0, ticket=str(number), hours=number),
            record=desk.record(str(number), days=number / 24),
        )
        marked += [m.reason for m in made.moments if m.kind is KIND.MILESTONE]
    assert marked == [
        "first contact on record",
        *(f"ticket number {number}" for number in (10, 25, 50, 100)),
    ]


def test_an_anniversary_is_marked_once_when_they_write_around_it(desk) -> None:
    desk.fold(desk.customer("Hello", 0.0))
    marked: list[str] = []
    for day in (300, 357, 360, 366, 374, 729):
        made = desk.fold(desk.customer("Hello", 0.0, days=day))
        marked += [f"{day}: {m.reason}" for m in made.moments if m.kind is KIND.MILESTONE]
    assert marked == ["360: 1 year since 2026-03-02", "729: 2 years since 2026-03-02"]


def test_customers_know_of_anniversaries_that_we_do_not(desk) -> None:
    made = desk.fold(desk.customer("It is three years to the day since we began.", 0.5))
    found = next(m for m in made.moments if m.evidence[0].quote == "three years to the day")
    assert found.kind is KIND.MILESTONE
    assert made.person.anniversaries == 0


def test_the_source_systems_own_date_counts_for_anniversaries(desk) -> None:
    since = datetime.fromisoformat("2024-02-29T12:00:00+00:00")
    desk.person = replace(desk.person, known_since=since)
    made = desk.fold(desk.customer("Hello", 0.0))
    assert "2 years since 2024-02-29" in {moment.reason for moment in made.moments}


# Unknown is not neutral


@pytest.mark.parametrize("text", ["ok", "Vielen Dank!", "", "👍"])
def test_what_could_not_be_read_makes_no_feeling(desk, text: str) -> None:
    made = desk.fold(desk.customer(text, None))
    assert tags(made.ticket) == set()
    assert made.ticket.words is None
    assert made.ticket.episode.count == 0


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.lists(st.sampled_from([name for name in EMOTIONS if name != "neutral"]), unique=True),
    st.sampled_from(["Thanks!", "As I said, no.", "It works now", "", "x" * 400, "still not"]),
    st.booleans(),
)
def test_whatever_is_read_every_find_has_evidence_and_stays_in_range(
    new_desk, valence: float, intensity: float, labels: list[str], text: str, before: bool
) -> None:
    desk = new_desk()
    turn = desk.customer(text, valence, labels, intensity=intensity)
    found = [
        *find_frustration(turn, PRIORS),
        *find_delight(turn, PRIORS),
        *find_gratitude(turn, PRIORS, answered=before),
        *find_told_you(turn, PRIORS, wrote_before=before),
    ]
    for one in found:
        assert one.evidence
        assert 0.0 <= one.confidence <= 1.0
        for shown in one.evidence:
            assert text[shown.start : shown.end] == shown.quote
    for moment in desk.fold(turn).moments:
        assert isinstance(moment, Moment)
        assert moment.at - turn.interaction.created_at == timedelta(0)
