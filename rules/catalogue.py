"""Every fact a rule may read: its name, its type, what it means, and whether it is personal.

The hard part is meaning: a rule is only as good as the reader's idea of a fact, so each entry
says what is counted, in which unit and over which time. ``personal`` marks what a customer
said or is called: such values stay out of traces that may be logged, and leave the house only
where a rule names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from connectors.records import AuthorRole, Priority, TicketStatus
from enrichment.arcs import ArcStage
from enrichment.fields import TAGS
from enrichment.moments import MomentKind
from enrichment.reader.signals import Urgency
from enrichment.readings import EMOTIONS, Sentiment


class FactType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    FLAG = "yes or no"
    CHOICE = "choice"
    STEP = "step"
    """A choice whose options have an order, lowest first."""
    LABELS = "labels"
    TIME = "time"


@dataclass(frozen=True, kw_only=True)
class FactSpec:
    """One fact. ``choices`` is empty when any text will do; ``least`` and ``most`` bound numbers."""

    name: str
    type: FactType
    description: str
    example: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    personal: bool = False
    several_lines: bool = False

    def __post_init__(self) -> None:
        if self.type in (FactType.CHOICE, FactType.STEP) and not self.choices:
            raise ValueError(f"{self.name}: a choice needs options")


#: The kinds of moments there are names for, and those that are found today.
MOMENT_KINDS: tuple[str, ...] = tuple(kind.value for kind in MomentKind)
FOUND_KINDS: tuple[str, ...] = tuple(kind.value for kind in TAGS)

_FEELINGS = tuple(label for label in EMOTIONS if label != "neutral")


def _text(
    name: str, description: str, example: str, *, personal: bool = False, long: bool = False
) -> FactSpec:
    return FactSpec(
        name=name, type=FactType.TEXT, description=description, example=example,
        personal=personal, several_lines=long,
    )  # fmt: skip


def _number(name: str, description: str, example: str, unit: str) -> FactSpec:
    """``unit`` is a scale (``-1 to 1``), which bounds the value, or what is counted from 0 on."""
    low, _, high = unit.partition(" to ")
    return FactSpec(
        name=name,
        type=FactType.NUMBER,
        description=description,
        example=example,
        unit=unit,
        least=float(low) if high else 0.0,
        most=float(high) if high else None,
    )


def _flag(name: str, description: str) -> FactSpec:
    return FactSpec(name=name, type=FactType.FLAG, description=description, example="true")


def _choice(name: str, description: str, choices: Iterable[str], example: str) -> FactSpec:
    return FactSpec(
        name=name,
        type=FactType.CHOICE,
        description=description,
        example=example,
        choices=_plain(choices),
    )


def _step(name: str, description: str, choices: Iterable[str], example: str) -> FactSpec:
    return FactSpec(
        name=name,
        type=FactType.STEP,
        description=description,
        example=example,
        choices=_plain(choices),
    )


def _labels(name: str, description: str, example: str, choices: Iterable[str] = ()) -> FactSpec:
    return FactSpec(
        name=name,
        type=FactType.LABELS,
        description=description,
        example=example,
        choices=_plain(choices),
    )


def _plain(choices: Iterable[str]) -> tuple[str, ...]:
    """An enumeration's values as plain texts, in its order."""
    return tuple(str(choice) for choice in choices)


def _time(name: str, description: str) -> FactSpec:
    return FactSpec(
        name=name, type=FactType.TIME, description=description, example="2026-01-15T09:30:00Z"
    )


_SPECS: tuple[FactSpec, ...] = (
    # What happened just now.
    _choice("moment.kind", "The kind of the moment that triggered the rule", MomentKind,
            "frustration-peak"),
    _text("moment.quote", "The customer's words that show the moment", "I am done waiting",
          personal=True),
    _time("moment.at", "When the moment happened"),
    _number("moment.confidence", "How sure Keepsake is of the moment", "0.82", "0 to 1"),
    _text("moment.reason", "Why this counts as a moment, in Keepsake's words", "anger at 0.82"),
    _number("moment.valence", "How the moment felt, bad to good", "-0.8", "-1 to 1"),
    _number("moment.intensity", "How strong the feeling was", "0.9", "0 to 1"),
    _choice("message.author", "Who wrote the newest message", AuthorRole, "customer"),
    _flag("message.public", "Whether the customer can see the newest message"),
    _text("message.channel", "The channel of the newest message", "email"),
    _time("message.at", "When the newest message was written"),
    _text("message.quote", "The words of the newest message that show its sentiment best",
          "still broken", personal=True),
    _choice("message.emotion", "The strongest emotion in the newest message", _FEELINGS, "relief"),
    _number("message.valence", "How the newest message feels, bad to good", "-0.6", "-1 to 1"),
    # The ticket.
    _text("ticket.id", "The ticket's id in the helpdesk", "4711"),
    _text("ticket.subject", "The ticket's subject line", "Invoice wrong again", personal=True),
    _choice("ticket.status", "Where the ticket stands", TicketStatus, "open"),
    _step("ticket.priority", "The ticket's priority", Priority, "high"),
    _text("ticket.channel", "The channel the ticket came in on", "email"),
    _text("ticket.url", "Link to the ticket in the helpdesk", "https://example.test/tickets/4711"),
    _text("ticket.memory_map", "Link to the memory map", "https://keepsake.example.test/map/81"),
    _labels("ticket.tags", "The helpdesk's own tags on the ticket", "billing, vip"),
    _flag("ticket.is_assigned", "Whether an agent has the ticket"),
    _number("ticket.age_days", "Days since the ticket was opened", "3.5", "days"),
    _number("ticket.customer_messages", "Messages from the customer on the ticket", "4",
            "messages"),
    _number("ticket.agent_messages", "Public answers from agents on the ticket", "2", "messages"),
    _number("ticket.transfers", "How often the ticket went from one agent to another", "1",
            "transfers"),
    _number("ticket.waiting_hours",
            "Hours the customer has waited for an answer; 0 when they are not waiting", "6.5",
            "hours"),
    _step("ticket.sentiment", "The ticket's sentiment, as agents see it", Sentiment, "negative"),
    _number("ticket.valence", "How the customer's latest readable words feel, bad to good",
            "-0.7", "-1 to 1"),
    _number("ticket.confidence", "How sure Keepsake is of the sentiment", "0.8", "0 to 1"),
    _number("ticket.trend",
            "The latest readable words' valence less the mean of the earlier ones", "0.3",
            "-2 to 2"),
    _choice("ticket.emotion", "The ticket's strongest emotion, as agents see it", _FEELINGS,
            "annoyance"),
    _step("ticket.urgency", "How soon the customer's words ask for an answer", Urgency, "high"),
    _labels("ticket.memory_tags", "Kinds of the moments found on the ticket",
            "frustration-peak, told-you-already", MomentKind),
    _number("ticket.memory_impact", "What the ticket leaves behind, bad to good", "-45",
            "-100 to 100"),
    _number("ticket.effort", "How hard the customer had to work", "60", "0 to 100"),
    _choice("ticket.arc",
            "How far a failure on the ticket has been put right; confirmed is by the customer",
            ArcStage, "acknowledged"),
    _number("ticket.failures", "Failures on the ticket; 2 and more means it came back", "1",
            "failures"),
    _number("ticket.survey_score", "The newest survey on the ticket, bad to good", "1", "-1 to 1"),
    # The contact and the account, as the source system knows them.
    _text("contact.id", "The contact's id in the source system", "9001"),
    _text("contact.name", "The contact's name", "Ada Okafor", personal=True),
    _text("contact.email", "The contact's e-mail address", "ada@example.test", personal=True),
    _text("contact.email_domain", "What stands after the @ of the address", "example.test",
          personal=True),
    _labels("contact.tags", "The source system's own tags on the contact", "gold"),
    _text("contact.locale", "The contact's language and region", "en-US"),
    _text("contact.time_zone", "The contact's time zone", "Europe/Berlin"),
    _text("account.id", "The id of the contact's company in the source system", "310"),
    _text("account.name", "The contact's company", "Okafor Ltd", personal=True),
    _text("connection.system", "The source system", "zendesk"),
    # The person: the same human over all connections, and what Keepsake remembers.
    _text("person.id", "Keepsake's own id of the person", "p-81"),
    _number("person.remembered_feeling", "How the person is likely to remember us, bad to good",
            "-35", "-100 to 100"),
    _text("person.strongest_memory", "The memory that weighs most, in one line",
          "the frustration on 5 Jan 2026", personal=True),
    _labels("person.tags", "Kinds of the moments the person still carries", "recovery",
            MomentKind),
    _number("person.contacts_in_90_days",
            "Tickets the person opened or wrote on in the last 90 days, this one counted", "4",
            "tickets"),
    _number("person.contacts_on_theme",
            "Tickets about the same thing in the last half year, this one counted", "3",
            "tickets"),
    _labels("person.earlier_tickets",
            "Ids of the earlier tickets about the same thing, oldest first", "4650, 4688"),
    _number("person.tickets_total", "Tickets ever, this one counted", "12", "tickets"),
    _number("person.open_failures", "Tickets whose failure was not put right", "0", "tickets"),
    _number("person.first_seen_days", "Days since the person was first known", "420", "days"),
    # The brief.
    _text("brief.text", "The brief for the agent: who this is, what matters now, what to do",
          "4th contact about this since 3 Nov 2025.", personal=True, long=True),
    _text("brief.tried",
          "What agents last answered on the earlier tickets about the same thing, one line each",
          "Ticket 4650: We have sent the corrected invoice.", personal=True, long=True),
)  # fmt: skip

#: Name -> fact, in the order the documentation lists them.
CATALOGUE: Mapping[str, FactSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
