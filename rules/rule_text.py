"""One document becomes one rule, or a list of what is wrong with it and what to write instead.

Pydantic checks the outline. Conditions and actions are read by hand, because there the message
matters most: it has to name the fact, what fits it, and the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .actions import ACTIONS
from .actions.base import Action
from .catalogue import CATALOGUE, FOUND_KINDS, MOMENT_KINDS
from .documents import Document, Place, explain
from .durations import parse_duration
from .errors import Problem, RuleError, did_you_mean
from .model import (
    RULE_ID,
    AllOf,
    AnyOf,
    Approval,
    Condition,
    Cooldown,
    EventKind,
    Per,
    Rule,
    Trigger,
    When,
)
from .templates import TemplateError

_DEEPEST = 4
_MOST_CONDITIONS = 50
_MOST_ACTIONS = 5


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TriggerText(_Text):
    event: Literal["moment", "new_message", "ticket_changed"]
    kinds: list[str] | None = None
    only_within: str = "2d"


class CooldownText(_Text):
    per: Literal["ticket", "person"]
    length: str = Field(alias="for")


class AdjustmentText(_Text):
    """What an admin may change about a shipped rule without writing it anew."""

    id: str
    enabled: bool | None = None
    approval: Literal["automatic", "required"] | None = None
    cooldown: CooldownText | None = None
    expires_after: str | None = None


class RuleText(_Text):
    id: str
    title: str = Field(min_length=1, max_length=120)
    description: str = Field(min_length=1, max_length=1_000)
    enabled: bool = True
    trigger: TriggerText
    when: object = None
    actions: list[object] = Field(min_length=1, max_length=_MOST_ACTIONS)
    cooldown: CooldownText
    approval: Literal["automatic", "required"]
    expires_after: str = "7d"


_KEYS: Mapping[tuple[str, ...], Iterable[str]] = {
    (): tuple(RuleText.model_fields),
    ("trigger",): tuple(TriggerText.model_fields),
    ("cooldown",): ("per", "for"),
}


class Findings:
    """What is wrong with one document, collected so that all of it is reported at once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []

    def add(self, place: Sequence[str | int], message: str) -> None:
        self._problems.append(self._document.problem(place, message))

    def add_all(
        self, error: ValidationError, known: Mapping[tuple[str, ...], Iterable[str]]
    ) -> None:
        for place, message in explain(error, known):
            self.add(place, message)

    def raise_any(self) -> None:
        if self._problems:
            raise RuleError(self._problems)


def read_rule(document: Document) -> Rule:
    """Raises ``RuleError`` with everything that is wrong."""
    findings = Findings(document)
    text: RuleText | None = None
    try:
        text = RuleText.model_validate(dict(document.data))
    except ValidationError as error:
        findings.add_all(error, _KEYS)
    # These two stand on their own and are looked at even when the outline is broken.
    when = _read_when(document.data.get("when"), findings)
    actions = _read_actions(document.data.get("actions"), findings)
    if text is None:
        findings.raise_any()
        raise AssertionError("a failed validation has findings")
    trigger = _read_trigger(text.trigger, findings)
    cooldown = _read_cooldown(text.cooldown, findings)
    expires = _read_duration(text.expires_after, ("expires_after",), findings)
    if not RULE_ID.fullmatch(text.id):
        findings.add(("id",), "an id has small letters, digits and dashes: thank-after-recovery")
    if not text.title.strip():
        findings.add(("title",), "the title is empty")
    findings.raise_any()
    return Rule(
        id=text.id,
        title=text.title.strip(),
        description=" ".join(text.description.split()),
        trigger=trigger,
        when=when,
        actions=actions,
        cooldown=cooldown,
        approval=Approval(text.approval),
        expires_after=expires,
        enabled=text.enabled,
    )


def adjust_rule(document: Document, rules: Mapping[str, Rule]) -> Rule:
    """The rule of that id with what the document changes about it. Raises ``RuleError``."""
    findings = Findings(document)
    try:
        change = AdjustmentText.model_validate(dict(document.data))
    except ValidationError as error:
        findings.add_all(error, {**_KEYS, (): tuple(AdjustmentText.model_fields)})
        findings.raise_any()
        raise
    rule = rules.get(change.id)
    if rule is None:
        findings.add(("id",), f"there is no rule '{change.id}'{did_you_mean(change.id, rules)}")
        findings.raise_any()
        raise AssertionError("an unknown rule is a finding")
    if change.enabled is not None:
        rule = replace(rule, enabled=change.enabled)
    if change.approval is not None:
        rule = replace(rule, approval=Approval(change.approval))
    if change.cooldown is not None:
        rule = replace(rule, cooldown=_read_cooldown(change.cooldown, findings))
    if change.expires_after is not None:
        expires = _read_duration(change.expires_after, ("expires_after",), findings)
        rule = replace(rule, expires_after=expires)
    findings.raise_any()
    return rule


def _read_duration(text: str, place: Place, findings: Findings) -> timedelta:
    """After a finding the value stands in for a rule that will never be made."""
    try:
        return parse_duration(text)
    except ValueError as error:
        findings.add(place, str(error))
        return timedelta(days=1)


def _read_cooldown(text: CooldownText, findings: Findings) -> Cooldown:
    length = _read_duration(text.length, ("cooldown", "for"), findings)
    return Cooldown(per=Per(text.per), length=length)


def _read_trigger(text: TriggerText, findings: Findings) -> Trigger:
    event = EventKind(text.event)
    kinds = tuple(dict.fromkeys(text.kinds or ()))
    for index, kind in enumerate(text.kinds or ()):
        if kind not in FOUND_KINDS:
            found = f"; found are: {', '.join(FOUND_KINDS)}"
            near = did_you_mean(kind, FOUND_KINDS) or found
            reserved = kind in MOMENT_KINDS
            what = (
                f"'{kind}' is not found yet{found}"
                if reserved
                else f"there is no moment '{kind}'{near}"
            )
            findings.add(("trigger", "kinds", index), what)
    if event is EventKind.MOMENT and not kinds:
        findings.add(("trigger",), "say which moments: 'kinds: [frustration-peak]'")
        kinds = FOUND_KINDS
    elif event is not EventKind.MOMENT and text.kinds is not None:
        findings.add(("trigger", "kinds"), "only the event 'moment' has kinds; take 'kinds:' out")
        kinds = ()
    within = _read_duration(text.only_within, ("trigger", "only_within"), findings)
    return Trigger(event=event, moments=kinds, within=within)


def _read_when(data: object, findings: Findings) -> AllOf | AnyOf:
    if data is None:
        return AllOf(parts=())
    if isinstance(data, Mapping) and "fact" in data:
        findings.add(("when",), "put conditions into a list under 'all:' or 'any:'")
        return AllOf(parts=())
    count = [0]
    group = _read_node(data, ("when",), findings, count)
    return group if isinstance(group, AllOf | AnyOf) else AllOf(parts=())


def _read_node(data: object, place: Place, findings: Findings, count: list[int]) -> When | None:
    """A condition or a group; None after a finding. ``count`` holds how many were met so far."""
    count[0] += 1
    if count[0] > _MOST_CONDITIONS:
        if count[0] == _MOST_CONDITIONS + 1:
            findings.add(place, f"a rule has at most {_MOST_CONDITIONS} conditions; make two rules")
        return None
    if not isinstance(data, Mapping):
        findings.add(place, "write 'all:', 'any:' or 'fact:' here")
        return None
    keys = [key for key in ("all", "any") if key in data]
    if not keys:
        return _read_condition(data, place, findings)
    if len(data) > 1:
        findings.add(place, f"'{keys[0]}:' stands alone; nest groups as items of its list")
        return None
    return _read_group(keys[0], data[keys[0]], (*place, keys[0]), findings, count)


def _read_group(
    key: str, items: object, place: Place, findings: Findings, count: list[int]
) -> When | None:
    if not isinstance(items, list) or not items:
        findings.add(place, f"'{key}:' holds a list with at least one condition")
        return None
    if len(place) > 2 * _DEEPEST:
        findings.add(place, f"groups go at most {_DEEPEST} deep; make two rules")
        return None
    read = [_read_node(item, (*place, at), findings, count) for at, item in enumerate(items)]
    parts = tuple(part for part in read if part is not None)
    if len(parts) < len(read):
        return None
    return AllOf(parts=parts) if key == "all" else AnyOf(parts=parts)


def _read_condition(
    data: Mapping[object, object], place: Place, findings: Findings
) -> Condition | None:
    fact = data.get("fact")
    if not isinstance(fact, str):
        near = next((f"; did you mean 'fact: {key}'?" for key in data if key in CATALOGUE), "")
        findings.add(place, f"write 'all:', 'any:' or 'fact:' here{near}")
        return None
    if fact not in CATALOGUE:
        findings.add((*place, "fact"), f"there is no fact '{fact}'{did_you_mean(fact, CATALOGUE)}")
        return None
    asked = [str(key) for key in data if key != "fact"]
    if len(asked) != 1:
        what = "ask something of the fact, with 'is:', 'below:' or another operator"
        findings.add(place, what if not asked else "a condition asks one thing; make it two")
        return None
    operator = asked[0]
    try:
        return Condition(fact=fact, operator=operator, expected=data[operator])  # type: ignore[arg-type]
    except ValueError as error:
        findings.add((*place, operator), str(error))
        return None


def _read_actions(data: object, findings: Findings) -> tuple[Action, ...]:
    """Without those that gave a finding; the outline sees whether there is a list at all, and
    how long it is."""
    if not isinstance(data, list):
        return ()
    kept = data[:_MOST_ACTIONS]
    read = [_read_action(item, ("actions", at), findings) for at, item in enumerate(kept)]
    return tuple(action for action in read if action is not None)


def _read_action(item: object, place: Place, findings: Findings) -> Action | None:
    if not isinstance(item, Mapping) or len(item) != 1:
        findings.add(
            place, f"an action is one of: {', '.join(ACTIONS)}; and what it needs below it"
        )
        return None
    (kind, parameters) = next(iter(item.items()))
    spec = ACTIONS.get(kind)
    if spec is None:
        near = did_you_mean(str(kind), ACTIONS) or f"; known are: {', '.join(ACTIONS)}"
        findings.add((*place, kind), f"there is no action '{kind}'{near}")
        return None
    try:
        return spec.build(parameters)
    except ValidationError as error:
        for inner, message in explain(error, {(): tuple(spec.parameters)}):
            findings.add((*place, kind, *inner), message)
    except TemplateError as error:
        findings.add((*place, kind, "text"), str(error))
    except ValueError as error:
        findings.add((*place, kind), str(error))
    return None
