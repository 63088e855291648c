"""What Keepsake installs in a Zendesk account: plan it, make it, take it away.

The hard part is to make nothing twice and to take away nothing of others. Whatever is made is
kept before the next thing begins; what was made just before a crash is found again by a mark
that only we set (ticket fields: our step in ``agent_description``; user fields: our key;
webhook: our name and address). A field of the customer's that merely bears the same title is
theirs: ours then gets another title. On removal exactly the kept ids go, and a form loses our
fields and keeps everything that was done to it since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..base import FieldSpec, Installation, Plan, PlanStep, StepKind
from ..errors import Gone, Misconfigured, Skippable
from ..records import RecordKind
from .client import Client, Json
from .fields import TICKET_TYPES, USER_TYPES, option_tag, step_of, user_field_key
from .webhook import PREFIX, SUBSCRIPTIONS

WEBHOOK = "webhook"
FORM = "form:default"
WEBHOOK_NAME = "Keepsake"
#: The key under which an installation remembers who we are over there.
IDENTITY = "identity"
_FIELDS_PAGE = "Admin Center > Objects and rules > Tickets > Fields"
_FORMS_PAGE = "Admin Center > Objects and rules > Tickets > Forms"
_PEOPLE_PAGE = "Admin Center > People > Configuration > User fields"

Keep = Callable[[Installation], None]


@dataclass(frozen=True, kw_only=True)
class _There:
    """What the account has now."""

    ticket_fields: Sequence[Json]
    user_fields: Sequence[Json]
    forms: Sequence[Json]
    webhooks: Sequence[Json]


class Provisioner:
    """One installation. ``keep`` gets each new state of it before anything more is made."""

    def __init__(self, client: Client, installation: Installation) -> None:
        self._client = client
        self.installation = installation

    def plan(self, fields: Sequence[FieldSpec], *, webhook_url: str | None) -> Plan:
        there = self._look()
        steps = [self._field_step(spec, there) for spec in fields]
        if any(spec.record is RecordKind.TICKET for spec in fields):
            steps += self._form_steps(there, adds=self._off_form(steps, there))
        if webhook_url is not None:
            steps.append(self._webhook_step(webhook_url, there))
        return Plan(steps=tuple(steps), by_hand=_by_hand(fields, there))

    def apply(
        self, fields: Sequence[FieldSpec], *, webhook_url: str | None, keep: Keep
    ) -> Installation:
        there = self._look()
        if blocked := _blocked(fields, there):
            raise Misconfigured(blocked)
        self._keep(keep, state={IDENTITY: str(self._client.me()["id"])})
        for spec in fields:
            self._make_field(spec, there, keep)
        self._place_on_form(fields, there, keep)
        if webhook_url is not None:
            self._make_webhook(webhook_url, there, keep)
        return self.installation

    def remove(self, *, keep: Keep) -> tuple[PlanStep, ...]:
        """The webhook goes first, so that taking away the rest wakes nobody."""
        done: list[PlanStep] = []
        order = sorted(self.installation.made, key=lambda step: (step != WEBHOOK, step != FORM))
        for step in order:
            made = self.installation.made[step]
            target, detail = step, ""
            try:
                detail = self._take_away(step, made)
            except Gone:
                detail = "was gone already"
            done.append(PlanStep(id=step, kind=StepKind.REMOVE, target=target, detail=detail))
            self._forget(step, keep)
        return tuple(done)

    # Looking.

    def _look(self) -> _There:
        try:
            forms = self._client.ticket_forms()
        except (Skippable, Misconfigured):
            # Small plans have one built-in form that shows every field.
            forms = []
        return _There(
            ticket_fields=self._client.ticket_fields(),
            user_fields=self._client.user_fields(),
            forms=[form for form in forms if form.get("active") is not False],
            webhooks=self._client.webhooks(),
        )

    def _find_field(self, spec: FieldSpec, there: _There) -> Json | None:
        step = step_of(spec)
        made = self.installation.made.get(step)
        if spec.record is RecordKind.CONTACT:
            return _user_field(spec, there)
        found = _first(there.ticket_fields, lambda row: str(row.get("id")) == made)
        return found or _first(there.ticket_fields, lambda row: _is_marked(row, spec))

    # Deciding; plan and apply decide alike.

    def _field_step(self, spec: FieldSpec, there: _There) -> PlanStep:
        row = self._find_field(spec, there)
        target = f"{spec.record} field {_title(spec, there)!r}"
        if row is None:
            detail = f"{_type(spec)}, {len(spec.options)} options" if spec.options else _type(spec)
            return PlanStep(id=step_of(spec), kind=StepKind.CREATE, target=target, detail=detail)
        changes = []
        if row.get("active") is False:
            changes.append("activate")
        if missing := _missing_options(spec, row):
            changes.append(f"add options: {', '.join(label for label, _ in missing)}")
        kind = StepKind.CHANGE if changes else StepKind.KEEP
        target = f"{spec.record} field {row.get('title')!r}"
        return PlanStep(id=step_of(spec), kind=kind, target=target, detail="; ".join(changes))

    def _off_form(self, steps: Sequence[PlanStep], there: _There) -> int:
        """How many of our ticket fields the default form does not show yet."""
        form = _default_form(there)
        if form is None:
            return 0
        shown = {str(one) for one in form.get("ticket_field_ids") or ()}
        ours = [step for step in steps if step.id.startswith("field:ticket:")]
        return sum(
            step.kind is StepKind.CREATE or self._id_there(step.id, there) not in shown
            for step in ours
        )

    def _id_there(self, step: str, there: _There) -> str | None:
        if (made := self.installation.made.get(step)) is not None:
            return made
        row = _first(there.ticket_fields, lambda one: _mark(step) in _description(one))
        return None if row is None else str(row["id"])

    def _form_steps(self, there: _There, *, adds: int) -> list[PlanStep]:
        form = _default_form(there)
        if form is None:
            return []
        kind = StepKind.CHANGE if adds else StepKind.KEEP
        detail = f"add {adds} fields" if adds else ""
        return [PlanStep(id=FORM, kind=kind, target=f"form {form.get('name')!r}", detail=detail)]

    def _find_webhook(self, url: str, there: _There) -> Json | None:
        made = self.installation.made.get(WEBHOOK)
        found = _first(there.webhooks, lambda row: str(row.get("id")) == made)
        return found or _first(
            there.webhooks,
            lambda row: row.get("name") == WEBHOOK_NAME and _same_url(row.get("endpoint"), url),
        )

    def _webhook_step(self, url: str, there: _There) -> PlanStep:
        row = self._find_webhook(url, there)
        if row is None:
            kind, detail = StepKind.CREATE, f"{len(SUBSCRIPTIONS)} events, signed"
        elif changes := _webhook_changes(row, url):
            kind, detail = StepKind.CHANGE, f"set {', '.join(changes)}"
        else:
            kind, detail = StepKind.KEEP, ""
        return PlanStep(
            id=WEBHOOK, kind=kind, target=f"webhook {WEBHOOK_NAME!r} to {url}", detail=detail
        )

    # Making.

    def _make_field(self, spec: FieldSpec, there: _There, keep: Keep) -> None:
        step, on_ticket = step_of(spec), spec.record is RecordKind.TICKET
        row = self._find_field(spec, there)
        if row is None:
            body = _body(spec, _title(spec, there))
            create = (
                self._client.create_ticket_field if on_ticket else self._client.create_user_field
            )
            row = create(body)
            self._keep(keep, made={step: str(row["id"])}, state={step: str(spec.type)})
            return
        self._keep(keep, made={step: str(row["id"])}, state={step: str(spec.type)})
        if row.get("active") is False:
            update = (
                self._client.update_ticket_field if on_ticket else self._client.update_user_field
            )
            update({"id": int(row["id"]), "active": True})
        for label, tag in _missing_options(spec, row):
            fields = "ticket_fields" if on_ticket else "user_fields"
            self._client.add_option(fields, str(row["id"]), name=label, value=tag)

    def _place_on_form(self, fields: Sequence[FieldSpec], there: _There, keep: Keep) -> None:
        form = _default_form(there)
        if form is None:
            return
        made = self.installation.made
        wanted = [
            int(made[step_of(spec)])
            for spec in fields
            if spec.record is RecordKind.TICKET and step_of(spec) in made
        ]
        shown = [int(one) for one in form.get("ticket_field_ids") or ()]
        missing = [one for one in wanted if one not in shown]
        # Kept first: removal must know the form even when we die right after changing it.
        if wanted:
            self._keep(keep, made={FORM: str(form["id"])})
        if missing:
            self._client.place_on_form(str(form["id"]), shown + missing)

    def _make_webhook(self, url: str, there: _There, keep: Keep) -> None:
        row = self._find_webhook(url, there)
        if row is None:
            row = self._client.create_webhook({"name": WEBHOOK_NAME, **_webhook_body(url)})
        elif changes := _webhook_changes(row, url):
            body = _webhook_body(url)
            change = {name: body[name] for name in changes}
            self._client.change_webhook({"id": str(row["id"]), **change})
        webhook_id = str(row["id"])
        self._keep(keep, made={WEBHOOK: webhook_id})
        # Asked for each time: an admin may have reset it over there.
        secret = self._client.webhook_secret(webhook_id)
        if not secret:
            raise Misconfigured(
                "Zendesk shows no signing secret for the webhook: is this an admin?"
            )
        self.installation = replace(self.installation, webhook_secret=secret)
        keep(self.installation)

    # Taking away.

    def _take_away(self, step: str, made: str) -> str:
        if step == WEBHOOK:
            self._client.delete_webhook(made)
            self.installation = replace(self.installation, webhook_secret=None)
        elif step == FORM:
            return self._clear_form(made)
        elif step.startswith("field:ticket:"):
            self._client.delete_ticket_field(made)
        elif step.startswith("field:contact:"):
            self._client.delete_user_field(made)
        return ""

    def _clear_form(self, form_id: str) -> str:
        ours = {
            made
            for step, made in self.installation.made.items()
            if step.startswith("field:ticket:")
        }
        try:
            forms = self._client.ticket_forms()
        except (Skippable, Misconfigured):
            return "the account has no forms any more"
        form = _first(forms, lambda row: str(row.get("id")) == form_id)
        if form is None:
            return "was gone already"
        shown = [int(one) for one in form.get("ticket_field_ids") or ()]
        left = [one for one in shown if str(one) not in ours]
        if left != shown:
            self._client.place_on_form(form_id, left)
        return f"took {len(shown) - len(left)} fields off {form.get('name')!r}"

    # Keeping.

    def _keep(
        self,
        keep: Keep,
        *,
        made: Mapping[str, str] = MappingProxyType({}),
        state: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        now = self.installation
        new = replace(now, made={**now.made, **made}, state={**now.state, **state})
        if new != now:
            self.installation = new
            keep(new)

    def _forget(self, step: str, keep: Keep) -> None:
        now = self.installation
        self.installation = replace(
            now,
            made={name: made for name, made in now.made.items() if name != step},
            state={name: kept for name, kept in now.state.items() if name != step},
        )
        keep(self.installation)


def _mark(step: str) -> str:
    return f"[keepsake {step}]"


def _is_marked(row: Json, spec: FieldSpec) -> bool:
    return _mark(step_of(spec)) in _description(row) and row.get("type") == _type(spec)


def _description(row: Json) -> str:
    return str(row.get("agent_description") or "")


def _type(spec: FieldSpec) -> str:
    return (TICKET_TYPES if spec.record is RecordKind.TICKET else USER_TYPES)[spec.type]


def _title(spec: FieldSpec, there: _There) -> str:
    """The label, unless another field (of the customer's, of Zendesk's own) has that title."""
    if spec.record is RecordKind.CONTACT:
        rows, key = there.user_fields, user_field_key(spec.key)
        others = {str(row.get("title")) for row in rows if row.get("key") != key}
    else:
        rows = there.ticket_fields
        others = {str(row.get("title")) for row in rows if not _is_marked(row, spec)}
    return f"Keepsake: {spec.label}" if spec.label in others else spec.label


def _body(spec: FieldSpec, title: str) -> Json:
    body: Json = {"type": _type(spec), "title": title, "active": True}
    if spec.options:
        body["custom_field_options"] = [
            {"name": option.label, "value": option_tag(spec.record, spec.key, option.value)}
            for option in spec.options
        ]
    if spec.record is RecordKind.CONTACT:
        return body | {"key": user_field_key(spec.key), "description": spec.description}
    return body | {
        "description": spec.description,
        "agent_description": f"{spec.description} {_mark(step_of(spec))}",
        "required": False,
        "visible_in_portal": False,
        "editable_in_portal": False,
    }


def _missing_options(spec: FieldSpec, row: Json) -> list[tuple[str, str]]:
    there = {str(option.get("value")) for option in row.get("custom_field_options") or ()}
    wanted = [
        (option.label, option_tag(spec.record, spec.key, option.value)) for option in spec.options
    ]
    return [(label, tag) for label, tag in wanted if tag not in there]


def _webhook_body(url: str) -> Json:
    return {
        "endpoint": url,
        "status": "active",
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": [f"{PREFIX}{name}" for name in SUBSCRIPTIONS],
    }


def _webhook_changes(row: Json, url: str) -> list[str]:
    body = _webhook_body(url)
    changes = [] if _same_url(row.get("endpoint"), url) else ["endpoint"]
    if set(row.get("subscriptions") or ()) != set(body["subscriptions"]):
        changes.append("subscriptions")
    return changes + [name for name in ("status", "http_method") if row.get(name) != body[name]]


def _same_url(one: object, other: str) -> bool:
    """Zendesk was seen to answer with an explicit ``:443``."""
    return str(one).replace(":443/", "/", 1) == other.replace(":443/", "/", 1)


def _user_field(spec: FieldSpec, there: _There) -> Json | None:
    key = user_field_key(spec.key)
    return _first(there.user_fields, lambda row: row.get("key") == key)


def _default_form(there: _There) -> Json | None:
    """The form new tickets get. An account with a single built-in form shows every field."""
    marked = _first(there.forms, lambda form: form.get("default") is True)
    return marked or next(iter(there.forms), None)


def _blocked(fields: Sequence[FieldSpec], there: _There) -> str:
    """Why nothing can be made: a key of ours is taken by a field of another type."""
    for spec in fields:
        if spec.record is not RecordKind.CONTACT:
            continue
        row = _user_field(spec, there)
        if row is not None and row.get("type") != _type(spec):
            return (
                f"The user field {row.get('key')!r} exists with the type {row.get('type')}, and types cannot"
                f" be changed. Delete it in {_PEOPLE_PAGE}, then apply again."
            )
    return ""


def _by_hand(fields: Sequence[FieldSpec], there: _There) -> tuple[str, ...]:
    steps = [blocked] if (blocked := _blocked(fields, there)) else []
    default = _default_form(there)
    if default is not None and any(spec.record is RecordKind.TICKET for spec in fields):
        steps += [
            f"Agents see the fields on the form {default.get('name')!r} only. To show them on"
            f" {form.get('name')!r} too: {_FORMS_PAGE} > {form.get('name')} > drag them in > Save."
            for form in there.forms
            if form is not default
        ]
    return tuple(steps)


def _first(rows: Sequence[Json], fits: Callable[[Json], bool]) -> Json | None:
    return next((row for row in rows if fits(row)), None)
