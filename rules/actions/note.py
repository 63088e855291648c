"""An internal note on the ticket: agents see it, the customer does not."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from ..facts import Facts
from ..templates import Template, parse
from ..trace import Json
from .base import About, ActionSpec, HeldBack, NoteText, Reach, Rendered, missing_facts


class NoteParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: str


@dataclass(frozen=True, kw_only=True)
class NoteAction:
    text: Template
    kind: str = "note"

    @property
    def needs(self) -> tuple[str, ...]:
        return self.text.needs

    def render(self, facts: Facts, *, about: About, reach: Reach) -> Rendered:  # noqa: ARG002
        if about.ticket is None:
            return HeldBack(action=self.kind, reason="there is no ticket to put a note on")
        filled = self.text.fill(facts)
        if filled.missing:
            return HeldBack(action=self.kind, reason=missing_facts(filled.missing))
        if not filled.text:
            return HeldBack(action=self.kind, reason="nothing was left to say in the note")
        return NoteText(text=filled.text)

    def describe(self) -> dict[str, Json]:
        return {"text": self.text.source}


def build_note(parameters: object) -> NoteAction:
    """Raises ``pydantic.ValidationError`` or ``ValueError``."""
    checked = NoteParameters.model_validate(parameters)
    return NoteAction(text=parse(checked.text))


NOTE = ActionSpec(
    kind="note",
    description="Puts an internal note on the ticket, once; the customer does not see it",
    parameters={"text": "The note as plain text, with `{{ facts }}` in it"},
    example="note:\n  text: Waiting since {{ moment.at }}. Please answer first.",
    build=build_note,
)
