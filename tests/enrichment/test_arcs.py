"""A failure and what followed it: no recovery without proof."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enrichment.arcs import ArcStage
from enrichment.moments import MomentKind
from enrichment.priors import PRIORS
from enrichment.reader.signals import Urgency
from enrichment.state import TicketState

STAGE = ArcStage


def failed(desk, hours: float = 0.0):
    return desk.customer("The door is stuck.", -0.7, ["annoyance"], hours=hours)


def fixed(desk, hours: float = 1.0):
    return desk.agent("I'm so sorry. We have fixed it.", hours=hours)


def recovered(ticket: TicketState) -> bool:
    return MomentKind.RECOVERY in ticket.tags


def test_the_whole_way_from_failure_to_remembered(desk) -> None:
    assert desk.fold(failed(desk)).ticket.arc.stage is STAGE.FAILED
    sorry = desk.agent("I'm very sorry, I will look into it.", hours=1)
    assert desk.fold(sorry).ticket.arc.stage is STAGE.ACKNOWLEDGED
    assert desk.fold(fixed(desk, 2)).ticket.arc.stage is STAGE.FIXED
    made = desk.fold(desk.customer("It works now, thank you!", 0.7, ["gratitude"], hours=3))
    arc = made.ticket.arc
    assert arc.stage is STAGE.CONFIRMED
    assert recovered(made.ticket)
    assert arc.credit == pytest.approx(1.0)
    assert arc.quality == pytest.approx(0.0)
    assert arc.confirmed_at is not None
    assert arc.stage_at(arc.confirmed_at + timedelta(days=6), PRIORS) is STAGE.CONFIRMED
    assert arc.stage_at(arc.confirmed_at + timedelta(days=7), PRIORS) is STAGE.REMEMBERED


def test_a_recovery_is_never_a_bad_memory(desk) -> None:
    desk.fold(failed(desk), fixed(desk))
    made = desk.fold(desk.customer("It works now.", -0.15, hours=2))
    found = next(moment for moment in made.moments if moment.kind is MomentKind.RECOVERY)
    assert found.features.valence == 0.0


def test_the_recovery_shows_the_proof_and_the_failure(desk) -> None:
    desk.fold(failed(desk), fixed(desk))
    made = desk.fold(desk.customer("It works now.", 0.5, hours=2))
    found = next(moment for moment in made.moments if moment.kind is MomentKind.RECOVERY)
    assert found.evidence[0].quote == "It works now"
    assert found.evidence[1].interaction_id == "i1"


def test_an_agent_who_says_fixed_has_recovered_nothing(desk) -> None:
    assert not recovered(desk.fold(failed(desk), fixed(desk)).ticket)


def test_nothing_is_recovered_before_somebody_answered(desk) -> None:
    made = desk.fold(failed(desk), desk.customer("It works now!", 0.8, ["joy"], hours=1))
    assert not recovered(made.ticket)


def test_a_note_the_customer_never_saw_is_no_answer(desk) -> None:
    note = desk.agent("Fixed it. So sorry!", hours=1, public=False)
    made = desk.fold(failed(desk), note)
    assert made.ticket.arc.stage is STAGE.FAILED
    assert made.ticket.agent_turns == 0


@pytest.mark.parametrize(
    ("text", "valence", "labels"),
    [
        ("Thanks for looking into it, I hope it gets fixed.", 0.6, ["gratitude"]),
        ("OK.", 0.0, []),
        ("It is still not working.", -0.1, []),
        ("Wonderful that you answered, but it still isn't fixed.", 0.4, ["admiration"]),
        ("ok", None, []),
        ("You are useless.", -0.9, ["anger"]),
    ],
)
def test_these_words_prove_no_recovery(desk, text: str, valence: float | None, labels) -> None:
    sorry = desk.agent("I'm very sorry.", hours=1)
    made = desk.fold(failed(desk), sorry, desk.customer(text, valence, labels, hours=2))
    assert not recovered(made.ticket)
    assert made.ticket.arc.is_open


@pytest.mark.parametrize(
    ("text", "valence", "labels"),
    [
        ("It works now.", 0.1, []),
        ("it works now", None, []),
        ("Thank you so much!", 0.7, ["gratitude"]),
        ("You are the best.", 0.8, ["admiration"]),
    ],
)
def test_these_words_prove_a_recovery_after_a_fix(desk, text: str, valence, labels) -> None:
    made = desk.fold(failed(desk), fixed(desk), desk.customer(text, valence, labels, hours=2))
    assert recovered(made.ticket)


def test_a_good_rating_proves_a_recovery_and_a_bad_one_opens_a_failure(desk) -> None:
    desk.fold(failed(desk), fixed(desk))
    made = desk.fold(surveys=[desk.survey(1.0, hours=30, comment="Great service")])
    assert recovered(made.ticket)
    found = made.moments[0]
    assert found.evidence[0].quote == "Great service"
    assert found.interaction_id is None
    bad = desk.fold(surveys=[desk.survey(-1.0, hours=40)])
    assert bad.ticket.arc.stage is STAGE.FAILED
    assert bad.ticket.arc.failures == 2


def test_a_good_rating_without_a_failure_is_no_recovery(desk) -> None:
    made = desk.fold(desk.customer("Hello", 0.0), surveys=[desk.survey(1.0, hours=30)])
    assert not recovered(made.ticket)


def test_a_second_failure_reopens_the_arc_and_counts_as_effort(desk) -> None:
    desk.fold(failed(desk), fixed(desk))
    made = desk.fold(failed(desk, hours=20))
    assert made.ticket.arc.stage is STAGE.FAILED
    assert made.ticket.arc.failures == 2
    assert made.ticket.reopens == 1
    assert made.ticket.arc.fixed_at is None


def test_a_recovery_settles_the_bad_memories_and_a_relapse_unsettles_them(desk) -> None:
    desk.fold(failed(desk), fixed(desk))

    def settled() -> set[bool]:
        return {memory.resolved for memory in desk.person.memories if memory.is_negative}

    assert settled() == {False}
    desk.fold(desk.customer("It works now, thank you!", 0.7, ["gratitude"], hours=2))
    assert settled() == {True}
    desk.fold(desk.customer("Broken again.", -0.3, hours=30))
    assert settled() == {False}


def test_a_failure_on_a_theme_that_failed_before_weighs_more(desk) -> None:
    desk.fold(
        desk.customer("Order #55555 is late.", -0.6, ["annoyance"], ticket="1"),
        record=desk.record("1"),
    )
    made = desk.fold(
        desk.customer("Order #55555 is late.", -0.6, ["annoyance"], ticket="2", days=60),
        record=desk.record("2", days=60),
    )
    assert [memory.repeat for memory in made.ticket.memories if memory.is_negative] == [True]


def test_what_was_put_right_presses_no_more(desk) -> None:
    urgent = desk.customer("The site is down, fix it ASAP!", -0.6, ["anger"])
    assert desk.fold(urgent).ticket.pressing.urgency is Urgency.CRITICAL
    desk.fold(fixed(desk))
    assert desk.tickets["42"].pressing.urgency is Urgency.CRITICAL
    done = desk.fold(desk.customer("It works again, thanks!", 0.6, ["gratitude"], hours=2))
    assert done.ticket.pressing.urgency is Urgency.ROUTINE


def test_old_news_that_arrive_late_undo_nothing(desk) -> None:
    desk.fold(failed(desk), fixed(desk), desk.customer("It works now.", 0.5, hours=5))
    before = desk.tickets["42"].arc
    made = desk.fold(
        desk.customer("It does not open.", -0.5, ["annoyance"], hours=0.5),
        desk.agent("Looking into it.", hours=0.6),
    )
    assert made.ticket.arc == before


def test_a_plain_report_of_trouble_is_no_failure_yet(desk) -> None:
    made = desk.fold(desk.customer("The export times out.", -0.35))
    assert made.ticket.arc.stage is STAGE.NONE
    annoyed = desk.fold(desk.customer("It times out.", -0.35, ["annoyance"], hours=1))
    assert annoyed.ticket.arc.stage is STAGE.FAILED


def test_a_shaky_reading_proves_no_recovery_unless_it_thanks(desk) -> None:
    desk.fold(failed(desk), desk.agent("I'm sorry.", hours=1))
    made = desk.fold(desk.customer("Fine.", 0.5, ["approval"], hours=2, confidence=0.5))
    assert not recovered(made.ticket)
    glad = desk.customer("Thank you so much!", 0.5, ["gratitude"], hours=3, confidence=0.5)
    assert recovered(desk.fold(glad).ticket)


def test_a_shaky_reading_opens_no_failure(desk) -> None:
    made = desk.fold(desk.customer("Hm.", -0.5, [], confidence=0.2))
    assert made.ticket.arc.stage is STAGE.NONE
