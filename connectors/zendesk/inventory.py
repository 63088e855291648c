"""What a Zendesk account has, what we want there, and which of it is ours.

The hard part is to know our own things again after a crash that came between making one and
writing its id down, and never to take a customer's field for ours. So each carries a mark only
we set: ticket fields our step in ``agent_description``, user fields our key, the webhook our
name and address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base import FieldSpec
from ..errors import Misconfigured, Skippable, Unavailable
from ..records import RecordKind
from .calling import Json, whole
from .client import Client
from .fields import TICKET_TYPES, USER_TYPES, option_tag, step_of, user_field_key
from .webhook import PREFIX, SUBSCRIPTIONS

WEBHOOK_NAME = "Keepsake"
_FORMS_PAGE = "Admin Center > Objects and rules > Tickets > Forms"
_PEOPLE_PAGE = "Admin Center > People > Configuration > User fields"


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What the account has just now."""

    ticket_fields: Sequence[Json]
    user_fields: Sequence[Json]
    forms: Sequence[Json]
    webhooks: Sequence[Json]

    @classmethod
    def take(cls, client: Client) -> Inventory:
        return cls(
            ticket_fields=client.ticket_fields(),
            user_fields=client.user_fields(),
            forms=[form for form in forms_of(client) if form.get("active") is not False],
            webhooks=client.webhooks(),
        )

    def field(self, spec: FieldSpec, made: str | None) -> Json | None:
        """Our field for ``spec``: by the id kept of it, else by its mark."""
        if spec.record is RecordKind.CONTACT:
            key = user_field_key(spec.key)
            return _first(self.user_fields, lambda row: row.get("key") == key)
        kept = _first(self.ticket_fields, lambda row: str(row.get("id")) == made)
        return kept or _first(self.ticket_fields, lambda row: _is_marked(row, spec))

    def title(self, spec: FieldSpec) -> str:
        """The label, unless a field of the customer's or of Zendesk's own has that title."""
        if spec.record is RecordKind.CONTACT:
            key = user_field_key(spec.key)
            theirs = [row for row in self.user_fields if row.get("key") != key]
        else:
            theirs = [row for row in self.ticket_fields if not _is_marked(row, spec)]
        taken = {str(row.get("title")) for row in theirs}
        return f"Keepsake: {spec.label}" if spec.label in taken else spec.label

    @property
    def default_form(self) -> Json | None:
        """The form new tickets get; None where the account has only the built-in one."""
        marked = _first(self.forms, lambda form: form.get("default") is True)
        return marked or next(iter(self.forms), None)

    def webhook(self, url: str, made: str | None) -> Json | None:
        kept = _first(self.webhooks, lambda row: str(row.get("id")) == made)
        return kept or _first(
            self.webhooks,
            lambda row: row.get("name") == WEBHOOK_NAME and _same_url(row.get("endpoint"), url),
        )

    def obstacle(self, fields: Sequence[FieldSpec]) -> str:
        """Why nothing can be made, and what to do: a key of ours is taken by another type."""
        for spec in fields:
            row = self.field(spec, None)
            if row is not None and row.get("type") != type_of(spec):
                return (
                    f"The user field {row.get('key')!r} exists with the type {row.get('type')},"
                    f" and types cannot be changed. Delete it in {_PEOPLE_PAGE}, then apply again."
                )
        return ""

    def by_hand(self, fields: Sequence[FieldSpec]) -> tuple[str, ...]:
        steps = [obstacle] if (obstacle := self.obstacle(fields)) else []
        default = self.default_form
        if default is not None and any(spec.record is RecordKind.TICKET for spec in fields):
            steps += [
                f"Agents see the fields on the form {default.get('name')!r} only. To show them on"
                f" {form.get('name')!r} too: {_FORMS_PAGE} > {form.get('name')} > drag the fields"
                " in > Save."
                for form in self.forms
                if form is not default
            ]
        return tuple(steps)


def shown_on(form: Json) -> list[int]:
    """The ids of the fields on a form, in order. Raises ``Unavailable`` rather than leave one out:
    the list is written back whole, and a field left out would vanish from the form."""
    listed = form.get("ticket_field_ids")
    numbers = [whole(one) for one in listed] if isinstance(listed, list) else [None]
    if None in numbers:
        raise Unavailable("Zendesk's answer does not list the form's fields; try again.")
    return [number for number in numbers if number is not None]


def forms_of(client: Client) -> list[Json]:
    """Small plans have one built-in form that shows every field, and no list of forms."""
    try:
        return client.ticket_forms()
    except (Skippable, Misconfigured):
        return []


def type_of(spec: FieldSpec) -> str:
    return (TICKET_TYPES if spec.record is RecordKind.TICKET else USER_TYPES)[spec.type]


def field_body(spec: FieldSpec, title: str) -> Json:
    body: Json = {"type": type_of(spec), "title": title, "active": True}
    if spec.options:
        body["custom_field_options"] = [
            {"name": label, "value": tag} for label, tag in _options(spec)
        ]
    if spec.record is RecordKind.CONTACT:
        return body | {"key": user_field_key(spec.key), "description": spec.description}
    return body | {
        "description": spec.description,
        "agent_description": f"{spec.description} {_mark(spec)}",
        "required": False,
        "visible_in_portal": False,
        "editable_in_portal": False,
    }


def missing_options(spec: FieldSpec, row: Json) -> list[tuple[str, str]]:
    """Label and tag of each option of ours the field lacks."""
    options = row.get("custom_field_options")
    known = options if isinstance(options, list) else []
    there = {str(option.get("value")) for option in known if isinstance(option, dict)}
    return [(label, tag) for label, tag in _options(spec) if tag not in there]


def webhook_body(url: str) -> Json:
    return {
        "name": WEBHOOK_NAME,
        "endpoint": url,
        "status": "active",
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": [f"{PREFIX}{name}" for name in SUBSCRIPTIONS],
    }


def webhook_changes(row: Json, url: str) -> Json:
    """What to change on a webhook of ours to make it right; empty when it is."""
    body = webhook_body(url)
    changes: Json = {}
    if not _same_url(row.get("endpoint"), url):
        changes["endpoint"] = url
    heard = row.get("subscriptions")
    if not isinstance(heard, list) or set(map(str, heard)) != set(body["subscriptions"]):
        changes["subscriptions"] = body["subscriptions"]
    if row.get("status") != "active":
        changes["status"] = "active"
    return changes


def _options(spec: FieldSpec) -> list[tuple[str, str]]:
    return [
        (option.label, option_tag(spec.record, spec.key, option.value)) for option in spec.options
    ]


def _mark(spec: FieldSpec) -> str:
    return f"[keepsake {step_of(spec)}]"


def _is_marked(row: Json, spec: FieldSpec) -> bool:
    said = str(row.get("agent_description") or "")
    return _mark(spec) in said and row.get("type") == type_of(spec)


def _same_url(one: object, other: str) -> bool:
    """Zendesk was seen to answer with an explicit ``:443``."""
    return str(one).replace(":443/", "/", 1) == other.replace(":443/", "/", 1)


def _first(rows: Sequence[Json], fits: Callable[[Json], bool]) -> Json | None:
    return next((row for row in rows if fits(row)), None)
