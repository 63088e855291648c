"""One ticket as somebody may write it down: many spellings in, one shape out.

Every field has a plain name and the names other tools give it. ``read_row`` turns what does not
fit into a ``WorldError`` that names the ticket and the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ..records import Priority, TicketStatus
from .worldfile import MOST_LETTERS, MOST_MESSAGES, WorldError, kind_of

_STATUSES = {status.value: status for status in TicketStatus} | {
    "hold": TicketStatus.PENDING,
    "on hold": TicketStatus.PENDING,
    "waiting": TicketStatus.PENDING,
    "in progress": TicketStatus.OPEN,
    "resolved": TicketStatus.SOLVED,
    "done": TicketStatus.SOLVED,
}
_PRIORITIES = {priority.value: priority for priority in Priority} | {
    "medium": Priority.NORMAL,
    "critical": Priority.URGENT,
}
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a text, it is {kind_of(value)}")
    # Half of a surrogate pair and the zero byte cannot be stored anywhere.
    text = str(value).encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return text[:MOST_LETTERS]


def _full_text(value: Any) -> Any:
    text = _text(value)
    if not text.strip():
        raise ValueError("is empty: write something or leave the message out")
    return text


def _instant(value: Any) -> Any:
    advice = "must be a time such as 2026-02-27T10:05:00Z"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{advice}, it is {kind_of(value)}")
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        else:
            at = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, tz=UTC)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(advice) from None
    if not _EARLIEST <= at < _LATEST:
        raise ValueError("lies before 1990 or after 2099: is it in the wrong unit?")
    return at


def _tags(value: Any) -> Any:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise ValueError(f"must be a list of texts, it is {kind_of(value)}")
    return tuple(tag for tag in (_text(item).strip() for item in value) if tag)


def _choice(value: Any, choices: Mapping[str, Any]) -> Any:
    known = choices.get(str(value).strip().lower().replace("_", " ").replace("-", " "))
    if known is None:
        raise ValueError(f"must be one of: {', '.join(sorted(choices))}")
    return known


def _score(value: Any) -> Any:
    words = {"good": True, "bad": False, "true": True, "false": False, "1": True, "0": False}
    return _choice(str(value).strip().lower().split("_", maxsplit=1)[0], words)


Text = Annotated[str, BeforeValidator(_text)]
FullText = Annotated[str, BeforeValidator(_full_text)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Tags = Annotated[tuple[str, ...], BeforeValidator(_tags)]
Status = Annotated[TicketStatus, BeforeValidator(lambda value: _choice(value, _STATUSES))]
Urgency = Annotated[Priority, BeforeValidator(lambda value: _choice(value, _PRIORITIES))]
Score = Annotated[bool, BeforeValidator(_score)]


def _also(*names: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(*names))


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v for k, v in value.items() if v is not None and v != ""}
        raise ValueError(f"must be an object, it is {kind_of(value)}")


class PersonRow(_Row):
    """A name, an address, ``Name <address>``, or an object."""

    id: Text | None = None
    name: Text | None = None
    email: Text | None = None
    role: Text | None = None
    company: Text | None = _also("company", "organization")
    time_zone: Text | None = None
    locale: Text | None = None
    phone: Text | None = None
    tags: Tags = ()
    created_at: Instant | None = _also("created_at", "since")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            name, bracket, rest = value.strip().partition("<")
            if bracket:
                return {"name": name.strip().strip('"'), "email": rest.rstrip("> ")}
            return {"email": name} if "@" in name else {"name": name}
        return value

    @model_validator(mode="after")
    def _is_somebody(self) -> PersonRow:
        if self.email and (self.email.count("@") != 1 or len(self.email.split()) != 1):
            raise ValueError("has an e-mail address that is none: write it like ada@mill.example")
        if not (self.id or self.name or self.email or self.role):
            raise ValueError("needs a name or an e-mail address")
        return self


class MessageRow(_Row):
    author: PersonRow | None = _also("from", "author", "by")
    text: FullText = Field(validation_alias=AliasChoices("text", "plain_body", "body", "message"))
    at: Instant | None = _also("at", "created_at", "date", "time")
    public: bool = True

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, dict) and "public" not in value:
            hidden = value.get("internal") or value.get("private")
            return value | {"public": not hidden}
        return value


class RatingRow(_Row):
    good: Score = Field(validation_alias=AliasChoices("good", "score", "rating"))
    comment: Text | None = None
    at: Instant | None = _also("at", "created_at")

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"good": value}


class TicketRow(_Row):
    key: Text | None = _also("key", "id")
    subject: Text | None = _also("subject", "title", "raw_subject")
    requester: PersonRow = Field(validation_alias=AliasChoices("requester", "customer", "from"))
    assignee: PersonRow | None = _also("assignee", "agent")
    status: Status = TicketStatus.OPEN
    priority: Urgency | None = None
    created_at: Instant | None = _also("created_at", "created", "opened_at", "date")
    description: Text | None = None
    messages: tuple[MessageRow, ...] = Field(
        default=(),
        max_length=MOST_MESSAGES,
        validation_alias=AliasChoices("messages", "comments", "conversation"),
    )
    channel: Text = "email"
    group: Text = "Support"
    tags: Tags = ()
    rating: RatingRow | None = _also("rating", "satisfaction_rating", "csat")


R = TypeVar("R", bound=_Row)


def read_row(row: Any, number: int) -> TicketRow:
    """``number``: the ticket's place in the file, from 1."""
    return _read(TicketRow, row, f"ticket {number}{_known_as(row)}")


def read_instant(value: Any, where: str) -> datetime:
    try:
        at: datetime = _instant(value)
    except ValueError as error:
        raise WorldError(f"{where} {error}") from None
    return at


def read_person(row: Any, list_name: str, number: int) -> PersonRow:
    return _read(PersonRow, row, f"{list_name} {number}")


def _known_as(row: Any) -> str:
    name = row.get("key", row.get("id")) if isinstance(row, dict) else None
    return f" (id {str(name)[:40]})" if isinstance(name, str | int) else ""


def _read(model: type[R], row: Any, where: str) -> R:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise WorldError(f"{where}: {_place(first['loc'])}{_problem(first)}") from None
    except RecursionError:
        raise WorldError(f"{where}: is nested too deeply") from None


def _place(path: tuple[int | str, ...]) -> str:
    """``("messages", 1, "at")`` -> ``message 2, at ``."""
    words: list[str] = []
    for step in path:
        if isinstance(step, int):
            words[-1:] = [f"{words[-1].removesuffix('s')} {step + 1}"] if words else [str(step + 1)]
        else:
            words.append(step)
    return ", ".join(words) + " " if words else ""


def _problem(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "too_long":
        return f"are more than {MOST_MESSAGES}: leave some out"
    if error["type"] == "tuple_type":
        return "must be a list"
    if error["type"].startswith("bool"):
        return "must be true or false"
    message: str = error["msg"]
    return message.removeprefix("Value error, ")
