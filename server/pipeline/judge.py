"""Let the rules look at what just happened, keep every verdict, and propose what fires.

Runs inside the transaction that remembers: a moment and what rules made of it are stored
together. Events too old for every rule are history (a backfill brings years of them) and leave no
verdict behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.records import Ticket
from enrichment.moments import Moment
from rules.actions.base import Reach
from rules.engine import judge as judge_event
from rules.model import Approval, Event, EventKind, Rule, Verdict

from ..store import connections, interventions, loading, verdicts
from .base import Base
from .facts import Around, News, facts_of


@dataclass(frozen=True)
class StoredHistory:
    """``rules.limits.History`` out of the interventions' table."""

    tx: Any

    def last_fired(self, rule_id: str, subject: str, *, besides: str) -> datetime | None:
        return interventions.last_fired(self.tx, rule=rule_id, subject=subject, besides=besides)


def judge(tx: Any, base: Base, news: News, *, now: datetime) -> int:
    """Judge everything the news holds; returns how many interventions are new."""
    switched = verdicts.switches(tx)
    rules = [
        rule
        for rule in base.rules
        if (switched[rule.id].enabled if rule.id in switched else rule.enabled)
    ]
    events = [
        (event, moment, waiting)
        for event, moment in _events(news)
        if (waiting := [rule for rule in rules if _concerns(rule, event, now)])
    ]
    if not events:
        return 0
    around = _around(tx, base, news)
    reach = Reach(destinations=frozenset(base.destinations))
    new = 0
    for event, moment, waiting in events:
        facts = facts_of(news, around, moment=moment, now=now, priors=base.priors)
        found = judge_event(waiting, event, facts, now=now, history=StoredHistory(tx), reach=reach)
        for verdict in found:
            new += _keep(tx, news, verdict, now)
    return new


def _events(news: News) -> Iterator[tuple[Event, Moment | None]]:
    ticket = f"{news.connection_id}/{news.ticket.id}"
    person = str(news.person_id)
    for moment in news.moments:
        yield (
            Event(
                kind=EventKind.MOMENT,
                cause=f"{news.connection_id}/{moment.id}",
                at=moment.at,
                ticket=ticket,
                person=person,
                moment=moment.kind.value,
            ),
            moment,
        )
    if news.turns:
        said = news.turns[-1].interaction
        yield (
            Event(
                kind=EventKind.NEW_MESSAGE,
                cause=f"{ticket}/{said.id}",
                at=said.created_at,
                ticket=ticket,
                person=person,
            ),
            None,
        )
    yield (
        Event(
            kind=EventKind.TICKET_CHANGED,
            cause=f"{ticket}@{_standing(news.ticket)}",
            at=news.ticket.updated_at,
            ticket=ticket,
            person=person,
        ),
        None,
    )


def _standing(ticket: Ticket) -> str:
    """Names how a ticket stands: not its version, which our own notes and fields move as well."""
    parts = (
        ticket.status.value,
        ticket.priority.value if ticket.priority else "",
        ticket.assignee_id or "",
        ticket.group_id or "",
        ticket.subject,
    )
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _concerns(rule: Rule, event: Event, now: datetime) -> bool:
    return rule.trigger.matches(event) and now - event.at <= rule.trigger.within


def _around(tx: Any, base: Base, news: News) -> Around:
    connection = connections.get(tx, news.connection_id)
    account_id = news.ticket.account_id or news.contact.account_id
    earlier = [
        past.id
        for past in news.person.tickets
        if past.theme == news.state.theme
        and past.connection == news.connection_id
        and past.id != news.ticket.id
    ]
    return Around(
        system=connection.system,
        account=loading.load_account(tx, connection_id=news.connection_id, account_id=account_id)
        if account_id
        else None,
        last_answers=loading.last_answers(tx, connection_id=news.connection_id, ticket_ids=earlier),
        same_theme=loading.load_tickets(tx, connection_id=news.connection_id, ticket_ids=earlier),
        memory_map=f"{base.public_url}/tickets/{news.connection_id}/{news.ticket.id}",
    )


def _keep(tx: Any, news: News, verdict: Verdict, now: datetime) -> int:
    verdicts.keep(
        tx,
        rule=verdict.rule_id,
        rule_version=verdict.rule_version,
        subject=verdict.subject,
        cause=verdict.cause,
        fires=verdict.fires,
        trace=verdict.trace.to_json(),
        connection_id=news.connection_id,
        ticket_id=news.ticket.id,
        person_id=news.person_id,
        at=now,
    )
    proposal = verdict.proposal
    if proposal is None:
        return 0
    proposed = interventions.propose(
        tx,
        rule=proposal.rule_id,
        rule_title=proposal.rule_title,
        rule_version=proposal.rule_version,
        subject=proposal.subject,
        cause=proposal.cause,
        connection_id=news.connection_id,
        ticket_id=news.ticket.id,
        contact_id=news.contact.id,
        person_id=news.person_id,
        actions=[action.to_json() for action in proposal.actions],
        reasons=proposal.reasons,
        needs_approval=proposal.approval is Approval.REQUIRED,
        expires_at=proposal.expires_at,
        now=now,
    )
    return int(proposed.is_new)
