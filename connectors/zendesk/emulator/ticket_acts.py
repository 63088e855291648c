"""What happens to tickets besides being edited: deletion, merging, redaction, rating.

Callers hold ``State.lock``.
"""

from __future__ import annotations

import re
from datetime import datetime

from . import problems
from .draft import Actor, Draft
from .events import Happening
from .indexes import ulid, whole_second
from .rows import Comment, Rating, Ticket
from .state import State
from .words import html_of, text_of

#: What a deleted ticket's words become when it is deleted for good.
SCRUBBED = "SCRUBBED"


def delete_ticket(
    state: State, ticket: Ticket, actor: Actor, *, at: datetime | None = None
) -> None:
    """Soft: out of the lists, ``deleted`` in the exports, restorable."""
    at = whole_second(at) if at else state.now()
    state.hide_ticket(ticket)
    ticket.deleted_at, ticket.deleted_by = at, actor.user_id
    state.touch_ticket(ticket, at)
    _tell(state, ticket, actor, "ticket.soft_deleted")


def restore_ticket(state: State, ticket: Ticket, actor: Actor) -> None:
    ticket.deleted_at = ticket.deleted_by = None
    state.show_ticket(ticket)
    state.touch_ticket(ticket, state.now())
    _tell(state, ticket, actor, "ticket.undeleted")


def erase_ticket(state: State, ticket: Ticket, actor: Actor) -> None:
    """For good: scrubbed, and gone from the exports as well."""
    ticket.subject = ticket.description = SCRUBBED
    ticket.gone = True
    for comment in ticket.comments:
        comment.body, comment.html_body = SCRUBBED, html_of(SCRUBBED)
    ticket.tags, ticket.values = [], {}
    state.touch_ticket(ticket, state.now())
    _tell(state, ticket, actor, "ticket.permanently_deleted")


def merge_tickets(
    state: State,
    source: Ticket,
    target: Ticket,
    actor: Actor,
    *,
    source_note: str | None = None,
    target_note: str | None = None,
) -> None:
    """The source closes with a note and a tag, the target gets one too. Raises 422 if closed."""
    if source.id == target.id or "closed" in (source.status, target.status):
        raise problems.closed_ticket()
    told = source_note or f"This request was closed and merged into request #{target.id}."
    said = source.comments[0].body if source.comments else ""
    draft = Draft(state, source, actor, state.now(), creating=False)
    draft.rel = "merge"
    draft.say(actor.user_id, told, html_of(told), public=False)
    draft.put("tags", sorted({*source.tags, "closed_by_merge"}))
    draft.put_status("closed")
    draft.tell("ticket.merged", target_ticket_id=str(target.id))
    source.merged_into = target.id
    draft.commit()
    note = target_note or f'Request #{source.id} "{source.subject}" was merged in. {said}'
    other = Draft(state, target, actor, state.now(), creating=False)
    other.rel = "merge"
    other.say(actor.user_id, note, html_of(note), public=False)
    other.commit()


def make_private(state: State, ticket: Ticket, comment: Comment, actor: Actor) -> None:
    comment.public = False
    draft = Draft(state, ticket, actor, state.now(), creating=False)
    draft.add("CommentPrivacyChange", comment_id=comment.id, public=False)
    draft.tell("ticket.comment_made_private", comment={"id": str(comment.id), "is_public": False})
    draft.commit()


def redact_text(state: State, ticket: Ticket, comment: Comment, actor: Actor, *, text: str) -> None:
    """Raises ``Problem`` 422 when the words are not there, or the ticket is closed."""
    if ticket.status == "closed":
        raise problems.closed_ticket()
    if not text or text not in comment.body:
        raise problems.record_invalid("text", "Text: was not found in the comment", "InvalidValue")
    comment.body = comment.body.replace(text, "▇" * len(text))
    comment.html_body = html_of(comment.body)
    _redacted(state, ticket, comment, actor)


def redact_html(
    state: State, ticket: Ticket, comment: Comment, actor: Actor, *, markup: str
) -> None:
    """``markup`` is the comment's HTML with ``<redact>`` around what must go; closed or not."""
    blocked = re.sub(
        r"<redact>(.*?)</redact>",
        lambda found: "▇" * len(text_of(found.group(1))),
        markup,
        flags=re.DOTALL,
    )
    comment.html_body = blocked
    comment.body = text_of(blocked)
    _redacted(state, ticket, comment, actor)


def _redacted(state: State, ticket: Ticket, comment: Comment, actor: Actor) -> None:
    if ticket.comments and ticket.comments[0] is comment:
        ticket.description = comment.body
    draft = Draft(state, ticket, actor, state.now(), creating=False)
    draft.add("CommentRedactionEvent", comment_id=comment.id)
    told = {"id": str(comment.id), "is_public": comment.public}
    draft.tell("ticket.comment_redacted", comment=told)
    draft.commit()


def rate_ticket(
    state: State,
    ticket: Ticket,
    *,
    good: bool,
    comment: str | None,
    actor: Actor,
    at: datetime | None = None,
) -> Rating:
    """The requester's verdict; a second one replaces the first."""
    at = whole_second(at) if at else state.now()
    score = "good" if good else "bad"
    rating = ticket.rating
    if rating is None:
        rating = Rating(
            id=state.next_id(),
            ticket_id=ticket.id,
            requester_id=ticket.requester_id,
            assignee_id=ticket.assignee_id,
            group_id=ticket.group_id,
            score=score,
            comment=comment,
            created_at=at,
            updated_at=at,
            survey_id=ulid(at),
        )
        state.ratings[rating.id] = rating
        ticket.rating = rating
    rating.score, rating.comment, rating.updated_at = score, comment, at
    draft = Draft(state, ticket, actor, at, creating=False)
    draft.add("SatisfactionRating", score=score, assignee_id=ticket.assignee_id, body=comment)
    verdict = {"id": str(rating.id), "score": score.upper(), "comment": comment or ""}
    draft.tell("ticket.csat_received", satisfaction_score=verdict)
    draft.commit()
    return rating


def _tell(state: State, ticket: Ticket, actor: Actor, news: str) -> None:
    state.tell(
        Happening(
            kind="ticket",
            record_id=ticket.id,
            actor_id=actor.user_id,
            at=state.now(),
            events=((news, {}),),
            channel=actor.channel,
        )
    )
