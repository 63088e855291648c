"""Comments as they come in with a ticket's create or update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .coerce import id_of
from .draft import Actor, Draft
from .state import State
from .words import html_of, text_of


def comment_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    given = body.get("comment")
    if isinstance(given, str):
        given = {"body": given}
    if not isinstance(given, Mapping):
        return None
    if not (given.get("body") or given.get("html_body")):
        return None
    return dict(given)


def bodies(comment: Mapping[str, Any]) -> tuple[str, str]:
    markup = comment.get("html_body")
    if markup:
        return text_of(str(markup)), f'<div class="zd-comment" dir="auto">{markup}</div>'
    text = str(comment["body"])
    return text, html_of(text)


def say(state: State, draft: Draft, comment: Mapping[str, Any], actor: Actor) -> None:
    author_id = id_of(comment.get("author_id")) or actor.user_id
    author = state.users.get(author_id)
    text, markup = bodies(comment)
    public = comment.get("public")
    if author is not None and not author.is_staff:
        public = True
    elif public is None:
        # There is no constant default: it follows the ticket's first comment.
        first = draft.ticket.comments[0] if draft.ticket.comments else None
        public = first.public if first else True
    draft.say(author_id, text, markup, public=public in (True, "true"))


def answer_reopens(draft: Draft) -> None:
    """What the customer says puts a waiting or solved ticket back on the desk."""
    comment = draft.comment
    if comment is None or draft.ticket.status not in ("pending", "hold", "solved"):
        return
    author = draft.state.users.get(comment.author_id)
    if author is not None and not author.is_staff:
        draft.put_status("open")
