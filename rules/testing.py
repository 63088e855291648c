"""Rule tests: cases beside a rule that say what happened and what the rule should make of it.

``<id>.yaml`` is tested by ``<id>.test.yaml``. A case hands over facts, an event and what fired
before, and expects a verdict: ``fires``, ``does_not_fire``, or ``unknown`` when the rule stays
silent only because it knows too little. The clock is part of the case, so a test that passes
today passes for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from .actions.base import HeldBack, NoteText, Reach, WebhookCall
from .case_text import (
    CaseText,
    ExpectText,
    event_of,
    facts_of,
    history_of,
    read_cases,
    read_time,
)
from .documents import Document, Place, parse_document, read_text
from .engine import evaluate
from .errors import FactError, Problem, RuleError
from .loader import load_library, read_rule_file, rule_files
from .model import Rule, Verdict
from .trace import Json

_VERDICTS = ("fires", "does_not_fire", "unknown")


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One case. ``failures`` say what was expected and not found; ``trace`` why, for people."""

    rule_id: str
    name: str
    verdict: str
    failures: tuple[str, ...]
    trace: str

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True, kw_only=True)
class TestReport:
    """``untested``: rules without a test beside them; ``gaps``: rule id -> verdicts no case has."""

    __test__ = False  # pytest would take the name for a test

    results: tuple[CaseResult, ...]
    untested: tuple[str, ...] = ()
    gaps: Mapping[str, tuple[str, ...]]

    @property
    def ok(self) -> bool:
        """Every case passed. Missing tests are shown and are no failure."""
        return all(result.passed for result in self.results)

    def render(self) -> str:
        lines: list[str] = []
        for rule_id in dict.fromkeys(result.rule_id for result in self.results):
            lines.append(rule_id)
            for result in self.results:
                if result.rule_id == rule_id:
                    lines.append(f"  {'pass' if result.passed else 'FAIL'}  {result.name}")
                    lines += [f"        {failure}" for failure in result.failures]
                    if not result.passed:
                        lines += [f"        {line}" for line in result.trace.splitlines()]
            lines += [f"  note  no case expects '{gap}'" for gap in self.gaps.get(rule_id, ())]
        lines += [f"{rule_id}\n  note  has no test beside it" for rule_id in self.untested]
        failed = sum(not result.passed for result in self.results)
        lines.append(f"{len(self.results) - failed} passed, {failed} failed")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Json]:
        return {
            "ok": self.ok,
            "results": [
                {
                    "rule": result.rule_id,
                    "name": result.name,
                    "passed": result.passed,
                    "verdict": result.verdict,
                    "failures": list(result.failures),
                    "trace": result.trace,
                }
                for result in self.results
            ],
            "untested": list(self.untested),
            "gaps": {rule_id: list(gaps) for rule_id, gaps in self.gaps.items()},
        }


def run_tests(paths: Sequence[Path] = ()) -> TestReport:
    """Run the tests of these folders or files (a rule or its test); the shipped rules' when none
    are given. Raises ``RuleError`` when a rule or a test cannot be read."""
    if not paths:
        with resources.as_file(resources.files("rules") / "library") as folder:
            return run_tests([folder])
    results: list[CaseResult] = []
    untested: list[str] = []
    gaps: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for file in dict.fromkeys(file for path in paths for file in _rule_files(path)):
        try:
            rule = read_rule_file(file, onto=load_library())
            test = file.with_suffix(f".test{file.suffix}")
            if not test.is_file():
                untested.append(rule.id)
                continue
            found = run_cases(rule, read_text(test), source=test.name)
        except RuleError as error:
            problems += error.problems
            continue
        results += found
        met = {result.verdict for result in found}
        gaps[rule.id] = tuple(verdict for verdict in _VERDICTS if verdict not in met)
    if problems:
        raise RuleError(problems)
    return TestReport(results=tuple(results), untested=tuple(untested), gaps=gaps)


def _rule_files(path: Path) -> list[Path]:
    if path.is_dir():
        return rule_files(path)
    if path.stem.endswith(".test"):
        return [path.with_name(path.stem.removesuffix(".test") + path.suffix)]
    return [path]


def run_cases(rule: Rule, text: str, *, source: str = "test") -> list[CaseResult]:
    """Run one test file's cases against a rule, as if it were switched on. Raises ``RuleError``."""
    document = parse_document(text, source=source)
    cases = read_cases(document, rule)
    rule = replace(rule, enabled=True)
    return [_run(rule, case, document, ("cases", at)) for at, case in enumerate(cases)]


def _run(rule: Rule, case: CaseText, document: Document, place: Place) -> CaseResult:
    try:
        now = read_time(case.now)
        event = event_of(rule, case.event, now)
        verdict = evaluate(
            rule,
            facts_of(case, event),
            event=event,
            now=now,
            history=history_of(rule, case, now),
            reach=Reach(destinations=frozenset(case.destinations)),
        )
    except (FactError, ValueError) as error:
        raise RuleError([document.problem(place, f"case '{case.name}': {error}")]) from None
    outcome = "fires" if verdict.fires else "unknown" if verdict.is_undecided else "does_not_fire"
    trace = verdict.trace.render(show_personal=True, everything=True)
    return CaseResult(
        rule_id=rule.id,
        name=case.name,
        verdict=outcome,
        failures=tuple(_failures(case.expect, verdict, outcome, trace)),
        trace=trace,
    )


def _failures(expect: ExpectText, verdict: Verdict, outcome: str, trace: str) -> list[str]:
    failures: list[str] = []
    if outcome != expect.verdict:
        failures.append(f"expected '{expect.verdict}', got '{outcome}'")
    failures += [f"the trace does not say: {part}" for part in expect.because if part not in trace]
    proposal = verdict.proposal
    actions = proposal.actions if proposal else ()
    notes = "\n".join(action.text for action in actions if isinstance(action, NoteText))
    failures += [f"no note says: {part}" for part in expect.note_contains if part not in notes]
    failures += [f"a note says: {part}" for part in expect.note_lacks if part in notes]
    calls = [action for action in actions if isinstance(action, WebhookCall)]
    if expect.webhook_to is not None and expect.webhook_to not in [c.destination for c in calls]:
        failures.append(f"no webhook goes to '{expect.webhook_to}'")
    failures += _wrong_facts(expect.webhook_facts, calls)
    held = [action for action in actions if isinstance(action, HeldBack)]
    if verdict.fires and sorted(one.action for one in held) != sorted(expect.held_back):
        reasons = "; ".join(f"{one.action}: {one.reason}" for one in held) or "nothing"
        failures.append(f"expected held back: {expect.held_back or 'nothing'}; got {reasons}")
    if expect.approval is not None and (proposal is None or proposal.approval != expect.approval):
        failures.append(f"no proposal with approval '{expect.approval}'")
    return failures


def _wrong_facts(wanted: Mapping[str, object], calls: Sequence[WebhookCall]) -> list[str]:
    sent: dict[str, object] = {}
    for call in calls:
        facts = call.data.get("facts")
        if isinstance(facts, Mapping):
            sent |= facts
    return [
        f"no webhook sends {name} as expected"
        for name, value in wanted.items()
        if name not in sent or sent[name] != value
    ]
