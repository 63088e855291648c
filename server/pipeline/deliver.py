"""Carry out an intervention: each of its actions once, with later tries for what did not arrive.

An attempt is written down before it is made. A note is looked for before it is written again, an
outgoing webhook carries the same id over all tries; so a worker that dies in between neither
loses an action nor does it twice.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.errors import ConnectorError, RateLimited, Retryable
from rules.actions.base import HeldBack, NoteText, Rendered, WebhookCall, rendered_from_json

from ..delivery.outgoing import send
from ..store import deliveries, interventions, people
from ..store.deliveries import Delivery, Outcome
from ..store.interventions import Intervention, InterventionState
from .base import Base
from .failing import is_removed, needs_person, stop_connection, waits_for_person

log = logging.getLogger(__name__)

#: Seconds until the next try; after the last one the letter is dead and waits for a person.
PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
#: How often to look whether a stopped connection goes on.
STOPPED_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Result:
    """``later``: seconds until another try, None when there is none."""

    outcome: Outcome
    reason: str = ""
    status: int | None = None
    later: float | None = None


def deliver(base: Base, intervention_id: int) -> None:
    """Carry out what is left to do of an intervention whose time has come."""
    now = base.clock()
    with base.database.write() as tx:
        one = interventions.get(tx, intervention_id)
        if one.state not in (InterventionState.APPROVED, InterventionState.DUE):
            return
        if one.state is InterventionState.APPROVED and _is_late(one, now):
            interventions.finish(tx, one.id, state=InterventionState.EXPIRED, now=now)
            return
        one = interventions.start(tx, one.id, now=now)
        if one.person_id is not None and people.get(tx, one.person_id).paused_at is not None:
            interventions.finish(
                tx,
                one.id,
                state=InterventionState.HELD_BACK,
                reason="this person is paused",
                now=now,
            )
            return
    waits = False
    for index, plain in enumerate(one.actions):
        action = rendered_from_json(plain)
        if isinstance(action, NoteText) and _is_stopped(base, one):
            waits = True
        else:
            _attempt(base, one, index, action)
    _finish(base, one, waits=waits)


def _is_stopped(base: Base, one: Intervention) -> bool:
    """Whether the connection waits for a person: then nothing is asked of the system, and a try
    that cannot succeed is not counted as one."""
    return one.connection_id is not None and waits_for_person(base, one.connection_id)


def _is_late(one: Intervention, now: datetime) -> bool:
    return one.expires_at is not None and one.expires_at <= now


def _attempt(base: Base, one: Intervention, index: int, action: Rendered) -> None:
    now = base.clock()
    with base.database.write() as tx:
        before = _last(deliveries.of_intervention(tx, one.id), index)
        if before is not None and (before.is_dead or _is_for_later(before, now)):
            return
        attempt = deliveries.begin(tx, intervention_id=one.id, action_index=index, now=now)
    if attempt is None:
        return
    try:
        result = _do(base, one, index, action)
    except Exception as error:
        log.exception("intervention %s, action %s failed", one.id, index)
        result = Result(
            outcome=Outcome.FAILED, reason=f"internal error ({type(error).__name__})", later=0.0
        )
    now = base.clock()
    next_at = None
    if result.later is not None and attempt.attempt <= len(PAUSES):
        pause = max(result.later, PAUSES[attempt.attempt - 1])
        next_at = now + timedelta(seconds=pause)
    with base.database.write() as tx:
        deliveries.record(
            tx,
            attempt.id,
            outcome=result.outcome,
            status_code=result.status,
            error=result.reason or None,
            next_at=next_at,
            is_dead=result.outcome is Outcome.FAILED and next_at is None,
            now=now,
        )


def _is_for_later(before: Delivery, now: datetime) -> bool:
    return before.next_at is not None and before.next_at > now


def _do(base: Base, one: Intervention, index: int, action: Rendered) -> Result:
    match action:
        case HeldBack():
            return Result(outcome=Outcome.HELD_BACK, reason=action.reason)
        case NoteText():
            return _note(base, one, index, action)
        case WebhookCall():
            return _webhook(base, one, index, action)


def key_of(one: Intervention, index: int) -> str:
    """The name of one action of one intervention, the same over all tries and even when the
    intervention is found anew after a restore: row numbers would be given out twice then."""
    identity = "\x1f".join((one.rule, one.subject, one.cause, str(index)))
    return f"keepsake-{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def _note(base: Base, one: Intervention, index: int, action: NoteText) -> Result:
    if one.connection_id is None or one.ticket_id is None:
        return Result(outcome=Outcome.HELD_BACK, reason="there is no ticket to put a note on")
    if is_removed(base, one.connection_id):
        return Result(outcome=Outcome.HELD_BACK, reason="the connection was removed")
    try:
        with base.connector(one.connection_id) as connector:
            connector.add_note(one.ticket_id, action.text, key=key_of(one, index))
    except ConnectorError as error:
        if needs_person(error):
            stop_connection(base, one.connection_id, error)
            return Result(outcome=Outcome.FAILED, reason=f"{error.code}: {error}", later=0.0)
        later = error.retry_after if isinstance(error, RateLimited) else 0.0
        return Result(
            outcome=Outcome.FAILED,
            reason=f"{error.code}: {error}",
            later=later if isinstance(error, Retryable) else None,
        )
    return Result(outcome=Outcome.DELIVERED)


def _webhook(base: Base, one: Intervention, index: int, action: WebhookCall) -> Result:
    destination = base.destinations.get(action.destination)
    if destination is None:
        return Result(
            outcome=Outcome.HELD_BACK,
            reason=f"no webhook destination '{action.destination}' is set up any more",
        )
    with base.client() as client:
        sent = send(
            client,
            url=destination.url,
            secret=destination.secret,
            message_id=key_of(one, index),
            event_type=action.event_type,
            payload=action.data,
            at=base.clock(),
        )
    if sent.ok:
        return Result(outcome=Outcome.DELIVERED, status=sent.status)
    return Result(
        outcome=Outcome.FAILED,
        reason=sent.reason,
        status=sent.status,
        later=None if sent.final else sent.retry_after or 0.0,
    )


def _last(tries: list[Delivery], index: int) -> Delivery | None:
    mine = [one for one in tries if one.action_index == index]
    return mine[-1] if mine else None


def _finish(base: Base, one: Intervention, *, waits: bool) -> None:
    """Plan the next try, or close the intervention once every action has come to an end.
    ``waits``: an action was not tried, for want of a running connection."""
    now = base.clock()
    with base.database.write() as tx:
        tries = deliveries.of_intervention(tx, one.id)
        ends = [_last(tries, index) for index in range(len(one.actions))]
        known = [each for each in ends if each is not None]
        later = [each.next_at for each in known if each.next_at is not None]
        if waits:
            # The time planned for what was not tried is over, and must not come at once again.
            later = [at for at in later if at > now] + [now + STOPPED_PAUSE]
        if later:
            interventions.postpone(tx, one.id, until=min(later), now=now)
            return
        failed = [each for each in known if each.outcome is Outcome.FAILED]
        arrived = [each for each in known if each.outcome is Outcome.DELIVERED]
        if failed:
            state, reason = InterventionState.FAILED, failed[0].error
        elif arrived:
            state, reason = InterventionState.DELIVERED, None
        else:
            state, reason = InterventionState.HELD_BACK, known[0].error if known else None
        interventions.finish(tx, one.id, state=state, reason=reason, now=now)
