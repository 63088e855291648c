"""An outgoing webhook to a destination that an admin has set up by name.

What leaves the house is exactly what the rule names: the facts under ``fields`` and those in
``text``. Unknown facts go out as null, never as a stand-in value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from ..catalogue import CATALOGUE
from ..errors import did_you_mean
from ..facts import Facts, FactValue, Unknown
from ..templates import Template, clean, parse
from ..trace import Json
from .base import About, ActionSpec, HeldBack, Reach, Rendered, WebhookCall, missing_facts

_DESTINATION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EVENT = re.compile(r"[a-z0-9_]{1,60}(?:\.[a-z0-9_]{1,60}){1,4}")
_MOST_FIELDS = 40


class WebhookParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    to: str
    event: str
    fields: list[str] = []
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookAction:
    to: str
    event: str
    fields: tuple[str, ...]
    text: Template | None
    kind: str = "webhook"

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.fields + (self.text.needs if self.text else ())))

    def render(self, facts: Facts, *, about: About, reach: Reach) -> Rendered:
        if self.to not in reach.destinations:
            return HeldBack(
                action=self.kind,
                reason=f"no webhook destination '{self.to}' is set up; add it or change the rule",
            )
        data: dict[str, Json] = {
            "rule": about.rule_id,
            "rule_version": about.rule_version,
            "cause": about.cause,
            "happened_at": _iso(about.happened_at),
            "facts": {name: _plain(name, facts[name]) for name in self.fields},
        }
        if self.text is not None:
            filled = self.text.fill(facts)
            if filled.missing:
                return HeldBack(action=self.kind, reason=missing_facts(filled.missing))
            data["text"] = filled.text
        return WebhookCall(destination=self.to, event_type=self.event, data=data)

    def describe(self) -> dict[str, Json]:
        return {
            "to": self.to,
            "event": self.event,
            "fields": list(self.fields),
            "text": self.text.source if self.text else None,
        }


def build_webhook(parameters: object) -> WebhookAction:
    """Raises ``pydantic.ValidationError`` or ``ValueError``."""
    checked = WebhookParameters.model_validate(parameters)
    if not _DESTINATION.fullmatch(checked.to):
        raise ValueError("'to' is the name of a destination: small letters, digits and dashes")
    if not _EVENT.fullmatch(checked.event):
        raise ValueError(
            "'event' is a dotted name in small letters, such as keepsake.frustration_peak"
        )
    if len(checked.fields) > _MOST_FIELDS:
        raise ValueError(f"a webhook carries at most {_MOST_FIELDS} fields")
    for name in checked.fields:
        if name not in CATALOGUE:
            raise ValueError(f"there is no fact '{name}'{did_you_mean(name, CATALOGUE)}")
    if not checked.fields and checked.text is None:
        raise ValueError("a webhook needs 'fields', 'text' or both; otherwise it says nothing")
    return WebhookAction(
        to=checked.to,
        event=checked.event,
        fields=tuple(dict.fromkeys(checked.fields)),
        text=None if checked.text is None else parse(checked.text),
    )


def _plain(name: str, value: FactValue) -> Json:
    match value:
        case Unknown():
            return None
        case datetime():
            return _iso(value)
        case tuple():
            return [clean(label) for label in value]
        case str():
            return clean(value, several_lines=CATALOGUE[name].several_lines)
        case _:
            return value


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


WEBHOOK = ActionSpec(
    kind="webhook",
    description="Sends a signed webhook to a destination set up by name",
    parameters={
        "to": "The name of the destination, as set up by an admin",
        "event": "The event type, a dotted name such as `keepsake.frustration_peak`",
        "fields": "The facts to send along, by name; unknown ones are sent as null",
        "text": "Optional: a sentence for people, with `{{ facts }}` in it",
    },
    example="webhook:\n  to: team-lead\n  event: keepsake.frustration_peak\n  fields: [ticket.id, ticket.url]",
    build=build_webhook,
)
