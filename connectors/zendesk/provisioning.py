"""What Keepsake installs in a Zendesk account: plan it, make it, take it away.

The hard part is to make nothing twice and to take away nothing of others. Whatever is made is
kept before the next thing begins; what was made just before a crash is found again by its mark
(``inventory``). On removal exactly the kept ids go, and a form loses our fields and keeps
everything that was done to it since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ..base import FieldSpec, Installation, Plan, PlanStep, StepKind
from ..errors import Gone, Misconfigured
from ..records import RecordKind
from .calling import id_of
from .client import Client
from .fields import step_of
from .inventory import (
    WEBHOOK_NAME,
    Inventory,
    field_body,
    forms_of,
    missing_options,
    shown_on,
    type_of,
    webhook_body,
    webhook_changes,
)
from .webhook import SUBSCRIPTIONS

WEBHOOK = "webhook"
FORM = "form:default"
#: The key under which an installation remembers who we are over there.
IDENTITY = "identity"

Keep = Callable[[Installation], None]


class Provisioner:
    """One installation. ``keep`` gets each new state of it before anything more is made."""

    def __init__(self, client: Client, installation: Installation) -> None:
        self._client = client
        self.installation = installation

    def plan(self, fields: Sequence[FieldSpec], *, webhook_url: str | None) -> Plan:
        there = Inventory.take(self._client)
        steps = [self._field_step(spec, there) for spec in fields]
        steps += self._form_steps(fields, there)
        if webhook_url is not None:
            steps.append(self._webhook_step(webhook_url, there))
        return Plan(steps=tuple(steps), by_hand=there.by_hand(fields))

    def apply(
        self, fields: Sequence[FieldSpec], *, webhook_url: str | None, keep: Keep
    ) -> Installation:
        there = Inventory.take(self._client)
        if obstacle := there.obstacle(fields):
            raise Misconfigured(obstacle)
        self._keep(keep, state={IDENTITY: str(self._client.me()["id"])})
        for spec in fields:
            self._make_field(spec, there, keep)
        self._fill_form(fields, there, keep)
        if webhook_url is not None:
            self._make_webhook(webhook_url, there, keep)
        return self.installation

    def remove(self, *, keep: Keep) -> tuple[PlanStep, ...]:
        """The webhook goes first, so that taking away the rest wakes nobody."""
        done: list[PlanStep] = []
        for step in sorted(self.installation.made, key=lambda one: (one != WEBHOOK, one != FORM)):
            try:
                detail = self._take_away(step, self.installation.made[step])
            except Gone:
                detail = "was gone already"
            done.append(PlanStep(id=step, kind=StepKind.REMOVE, target=_named(step), detail=detail))
            self._forget(step, keep)
        return tuple(done)

    # Deciding.

    def _field_step(self, spec: FieldSpec, there: Inventory) -> PlanStep:
        step = step_of(spec)
        row = there.field(spec, self.installation.made.get(step))
        if row is None:
            options = f", {len(spec.options)} options" if spec.options else ""
            return PlanStep(
                id=step,
                kind=StepKind.CREATE,
                target=f"{spec.record} field {there.title(spec)!r}",
                detail=f"{type_of(spec)}{options}",
            )
        changes = ["activate"] if row.get("active") is False else []
        if missing := missing_options(spec, row):
            changes.append(f"add options: {', '.join(label for label, _ in missing)}")
        return PlanStep(
            id=step,
            kind=StepKind.CHANGE if changes else StepKind.KEEP,
            target=f"{spec.record} field {row.get('title')!r}",
            detail="; ".join(changes),
        )

    def _form_steps(self, fields: Sequence[FieldSpec], there: Inventory) -> list[PlanStep]:
        form = there.default_form
        ours = [spec for spec in fields if spec.record is RecordKind.TICKET]
        if form is None or not ours:
            return []
        shown = {str(one) for one in shown_on(form)}
        rows = [there.field(spec, self.installation.made.get(step_of(spec))) for spec in ours]
        adds = sum(row is None or str(row["id"]) not in shown for row in rows)
        return [
            PlanStep(
                id=FORM,
                kind=StepKind.CHANGE if adds else StepKind.KEEP,
                target=f"form {form.get('name')!r}",
                detail=f"add {adds} fields" if adds else "",
            )
        ]

    def _webhook_step(self, url: str, there: Inventory) -> PlanStep:
        row = there.webhook(url, self.installation.made.get(WEBHOOK))
        if row is None:
            kind, detail = StepKind.CREATE, f"{len(SUBSCRIPTIONS)} events, signed"
        elif changes := webhook_changes(row, url):
            kind, detail = StepKind.CHANGE, f"set {', '.join(changes)}"
        else:
            kind, detail = StepKind.KEEP, ""
        target = f"webhook {WEBHOOK_NAME!r} to {url}"
        return PlanStep(id=WEBHOOK, kind=kind, target=target, detail=detail)

    # Making.

    def _make_field(self, spec: FieldSpec, there: Inventory, keep: Keep) -> None:
        step, client = step_of(spec), self._client
        on_ticket = spec.record is RecordKind.TICKET
        row = there.field(spec, self.installation.made.get(step))
        is_new = row is None
        if row is None:
            create = client.create_ticket_field if on_ticket else client.create_user_field
            row = create(field_body(spec, there.title(spec)))
        field_id = str(row["id"])
        self._keep(keep, made={step: field_id}, state={step: str(spec.type)})
        if is_new:
            return
        if row.get("active") is False:
            update = client.update_ticket_field if on_ticket else client.update_user_field
            update({"id": id_of(field_id), "active": True})
        for label, tag in missing_options(spec, row):
            fields = "ticket_fields" if on_ticket else "user_fields"
            client.add_option(fields, field_id, name=label, value=tag)

    def _fill_form(self, fields: Sequence[FieldSpec], there: Inventory, keep: Keep) -> None:
        form = there.default_form
        steps = [step_of(spec) for spec in fields if spec.record is RecordKind.TICKET]
        if form is None or not steps:
            return
        # Kept first: removal must know the form even when we die right after changing it.
        self._keep(keep, made={FORM: str(form["id"])})
        shown = shown_on(form)
        ours = [id_of(self.installation.made[step]) for step in steps]
        if missing := [one for one in ours if one not in shown]:
            self._client.place_on_form(str(form["id"]), shown + missing)

    def _make_webhook(self, url: str, there: Inventory, keep: Keep) -> None:
        row = there.webhook(url, self.installation.made.get(WEBHOOK))
        if row is None:
            row = self._client.create_webhook(webhook_body(url))
        elif changes := webhook_changes(row, url):
            self._client.change_webhook({"id": str(row["id"]), **changes})
        webhook_id = str(row["id"])
        self._keep(keep, made={WEBHOOK: webhook_id})
        # Asked for each time: an admin may have reset it over there.
        secret = self._client.webhook_secret(webhook_id)
        if not secret:
            raise Misconfigured("Zendesk shows no signing secret: sign in as an administrator.")
        if secret != self.installation.webhook_secret:
            self.installation = replace(self.installation, webhook_secret=secret)
            keep(self.installation)

    # Taking away.

    def _take_away(self, step: str, made: str) -> str:
        if step == WEBHOOK:
            self._client.delete_webhook(made)
        elif step == FORM:
            return self._clear_form(made)
        elif step.startswith("field:ticket:"):
            self._client.delete_ticket_field(made)
        else:
            self._client.delete_user_field(made)
        return ""

    def _clear_form(self, form_id: str) -> str:
        made = self.installation.made.items()
        ours = {field for step, field in made if step.startswith("field:ticket:")}
        form = next((row for row in forms_of(self._client) if str(row.get("id")) == form_id), None)
        if form is None:
            return "was gone already"
        shown = shown_on(form)
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
        made = {name: made for name, made in now.made.items() if name != step}
        state = {name: kept for name, kept in now.state.items() if name != step}
        self.installation = replace(
            now,
            made=made,
            state=state if made else {},
            webhook_secret=None if step == WEBHOOK else now.webhook_secret,
        )
        keep(self.installation)


def _named(step: str) -> str:
    """``field:ticket:sentiment`` -> ``ticket field 'sentiment'``."""
    kind, _, rest = step.partition(":")
    record, _, key = rest.partition(":")
    if kind == "field":
        return f"{record} field {key!r}"
    return "default form" if step == FORM else kind
