"""Triggers: the account's own rules, run after every ticket change in order of position.

They act as the system author. The part of the language that integrations use: who, what kind of
update, tags, status, priority, channel and custom fields as conditions; webhooks, tags, status,
priority and custom fields as actions. A change made by a trigger does not start them again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import problems
from .changes import update_ticket
from .delivery import Deliverer
from .draft import Actor
from .events import Happening
from .rows import Ticket, User
from .settings_rows import Trigger
from .state import STATUSES, State
from .words import clean_tags

CONDITIONAL = "conditional_ticket_events"
MOST_PAYLOAD = 16_000

_PRIORITIES = ("", "low", "normal", "high", "urgent")
_VIA_IDS = {"web": "0", "email": "4", "api": "5", "rule": "8", "chat": "29"}
_CONDITION_NAMES = """
update_type comment_is_public current_tags status priority role current_via_id via_id
requester_id assignee_id group_id organization_id type satisfaction_score
"""
CONDITIONS = frozenset(_CONDITION_NAMES.split())
_ACTION_NAMES = """
notification_webhook current_tags set_tags remove_tags status priority group_id assignee_id
"""
ACTIONS = frozenset(_ACTION_NAMES.split())
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def known_condition(name: str) -> bool:
    return name in CONDITIONS or re.fullmatch(r"custom_fields_\d+", name) is not None


def known_action(name: str) -> bool:
    return name in ACTIONS or re.fullmatch(r"custom_fields_\d+", name) is not None


class Rules:
    """A listener of the state. Without a deliverer, webhook actions do nothing."""

    def __init__(self, state: State, deliverer: Deliverer | None) -> None:
        self._state = state
        self._deliverer = deliverer
        self._running = False

    def __call__(self, happening: Happening) -> None:
        if self._running or happening.kind != "ticket" or not self._state.triggers:
            return
        ticket = self._state.tickets[happening.record_id]
        if ticket.deleted_at is not None or (ticket.status == "closed" and not happening.moved):
            return
        self._running = True
        try:
            for trigger in sorted(self._state.triggers.values(), key=lambda t: t.position):
                if trigger.active and self._fires(trigger, ticket, happening):
                    self._act(trigger, ticket, happening)
        finally:
            self._running = False

    def _fires(self, trigger: Trigger, ticket: Ticket, happening: Happening) -> bool:
        every = trigger.conditions.get("all") or []
        some = trigger.conditions.get("any") or []
        return all(self._holds(each, ticket, happening) for each in every) and (
            not some or any(self._holds(each, ticket, happening) for each in some)
        )

    def _holds(self, condition: Mapping[str, Any], ticket: Ticket, happening: Happening) -> bool:
        name, operator = str(condition["field"]), str(condition.get("operator", "is"))
        wanted = str(condition.get("value", ""))
        if operator == "changed":
            return name in happening.moved
        if name == "current_tags":
            hit = bool(set(clean_tags(wanted)) & set(ticket.tags))
            return hit if operator == "includes" else not hit
        if name in ("status", "priority") and operator in ("less_than", "greater_than"):
            order = STATUSES if name == "status" else _PRIORITIES
            if wanted not in order:
                return False
            held, limit = order.index(getattr(ticket, name) or ""), order.index(wanted)
            return held < limit if operator == "less_than" else held > limit
        same = self._value(name, ticket, happening) == wanted
        return same if operator in ("is", "value") else not same

    def _value(self, name: str, ticket: Ticket, happening: Happening) -> str:
        if name == "update_type":
            return "Create" if happening.created else "Change"
        if name == "comment_is_public":
            said = happening.comment
            return "not_relevant" if said is None else str(said.public).lower()
        if name == "role":
            user = self._state.users.get(happening.actor_id)
            return "end_user" if user is not None and not user.is_staff else "agent"
        if name in ("current_via_id", "via_id"):
            channel = happening.channel if name[0] == "c" else ticket.via["channel"]
            return _VIA_IDS.get(channel, "")
        if name == "satisfaction_score":
            return ticket.rating.score if ticket.rating else "unoffered"
        if name.startswith("custom_fields_"):
            return str(ticket.values.get(int(name.rpartition("_")[2]), ""))
        return str(getattr(ticket, name, "") or "")

    def _act(self, trigger: Trigger, ticket: Ticket, happening: Happening) -> None:
        change: dict[str, Any] = {}
        for action in trigger.actions:
            name, value = str(action["field"]), action.get("value")
            if name == "notification_webhook" and isinstance(value, list):
                self._call(str(value[0]), str(value[1]), ticket, happening)
            elif name == "current_tags":
                change.setdefault("additional_tags", []).extend(clean_tags(value))
            elif name == "remove_tags":
                change.setdefault("remove_tags", []).extend(clean_tags(value))
            elif name == "set_tags":
                change["tags"] = clean_tags(value)
            elif name.startswith("custom_fields_"):
                field_id = int(name.rpartition("_")[2])
                change.setdefault("custom_fields", []).append({"id": field_id, "value": value})
            else:
                change[name] = value
        if change and ticket.status != "closed":
            try:
                update_ticket(self._state, ticket, change, Actor.system())
            except problems.Problem:
                return  # the helpdesk drops what its own rules cannot do

    def _call(self, webhook_id: str, template: str, ticket: Ticket, happening: Happening) -> None:
        webhook = self._state.webhooks.get(webhook_id)
        if self._deliverer is None or webhook is None or webhook.status != "active":
            return
        text = self.fill_in(template, ticket, happening)[:MOST_PAYLOAD]
        self._deliverer.send(webhook, CONDITIONAL, text.encode)

    def fill_in(self, template: str, ticket: Ticket, happening: Happening) -> str:
        """Values go in as raw text: a quote in a subject breaks the JSON around it."""
        return _PLACEHOLDER.sub(
            lambda found: self._placeholder(found.group(1), ticket, happening), template
        )

    def _placeholder(self, name: str, ticket: Ticket, happening: Happening) -> str:
        head, _, rest = name.partition(".")
        if head == "current_user":
            return _of_user(self._state.users.get(happening.actor_id), rest)
        if head == "satisfaction" and ticket.rating is not None:
            shown = {
                "current_rating": ticket.rating.score,
                "current_comment": ticket.rating.comment,
            }
            return shown.get(rest) or ""
        if head != "ticket":
            return ""
        owner, _, part = rest.partition(".")
        if part and owner in ("requester", "assignee"):
            return _of_user(self._state.users.get(getattr(ticket, f"{owner}_id") or 0), part)
        if part and owner == "organization":
            company = self._state.organizations.get(ticket.organization_id or 0)
            return str(getattr(company, part, "") or "") if company else ""
        if rest == "group.name":
            group = self._state.groups.get(ticket.group_id or 0)
            return group.name if group else ""
        return self._of_ticket(rest, ticket)

    def _of_ticket(self, name: str, ticket: Ticket) -> str:
        public = [comment.body for comment in ticket.comments if comment.public]
        special = {
            "tags": " ".join(ticket.tags),
            "via": ticket.via["channel"],
            "ticket_type": ticket.type,
            "title": ticket.subject,
            "latest_comment": ticket.comments[-1].body if ticket.comments else "",
            "latest_public_comment": public[-1] if public else "",
        }
        if name in special:
            return str(special[name] or "")
        if name.startswith("ticket_field_option_title_"):
            return self._option_title(ticket, int(name.rpartition("_")[2]))
        if name.startswith("ticket_field_"):
            return str(ticket.values.get(int(name.rpartition("_")[2]), ""))
        if name in ("id", "description", "status", "priority", "external_id"):
            return str(getattr(ticket, name) or "")
        return ""

    def _option_title(self, ticket: Ticket, field_id: int) -> str:
        field = self._state.ticket_fields.get(field_id)
        for option in field.options if field else ():
            if option.value == ticket.values.get(field_id):
                return option.name
        return ""


def _of_user(user: User | None, name: str) -> str:
    if user is None or name not in (
        "id",
        "name",
        "email",
        "external_id",
        "phone",
        "tags",
        "locale",
    ):
        return ""
    value = getattr(user, name)
    return " ".join(value) if isinstance(value, list) else str(value or "")
