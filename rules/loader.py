"""Where rules come from: the library we ship, a folder of the admin's, and settings over both.

Everything that can be wrong with a rule is found here and not when a customer is waiting. All
problems of all files are reported together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path

from .documents import Document, parse_document, read_text
from .errors import Problem, RuleError
from .model import Rule
from .rule_text import adjust_rule, read_rule

_MOST_FILES = 500


def load_rule(text: str, *, source: str = "rule") -> Rule:
    """One rule from its YAML text; ``source`` names it in messages. Raises ``RuleError`` only."""
    return read_rule(parse_document(text, source=source))


def load_library() -> tuple[Rule, ...]:
    """The rules we ship, by id."""
    with resources.as_file(resources.files("rules") / "library") as folder:
        return load_folder(folder)


def load_folder(path: Path, *, onto: Sequence[Rule] = ()) -> tuple[Rule, ...]:
    """Every ``<id>.yaml`` in a folder, laid over ``onto``, by id. Raises ``RuleError``.

    A file with the id of a rule in ``onto`` replaces it; one without trigger and actions only
    adjusts it (``enabled``, ``approval``, ``cooldown``, ``expires_after``).
    """
    rules = {rule.id: rule for rule in onto}
    problems: list[Problem] = []
    for file in rule_files(path):
        try:
            rule = read_rule_file(file, onto=onto)
            rules[rule.id] = rule
        except RuleError as error:
            problems += error.problems
    if problems:
        raise RuleError(problems)
    return tuple(rules[name] for name in sorted(rules))


def load_rules(
    folder: Path | None = None, adjustments: Mapping[str, Mapping[str, object]] | None = None
) -> tuple[Rule, ...]:
    """What an installation judges by: the library, the admin's folder over it, then settings.

    ``adjustments``: rule id -> ``{"enabled": False}`` and the like, the same keys as in a file.
    """
    rules = {rule.id: rule for rule in load_library()}
    if folder is not None:
        rules = {rule.id: rule for rule in load_folder(folder, onto=tuple(rules.values()))}
    problems: list[Problem] = []
    for name, change in (adjustments or {}).items():
        document = Document(
            source=f"settings for rule {name}", data={**change, "id": name}, lines={}
        )
        try:
            rules[name] = adjust_rule(document, rules)
        except RuleError as error:
            problems += error.problems
    if problems:
        raise RuleError(problems)
    return tuple(rules[name] for name in sorted(rules))


def rule_files(path: Path) -> list[Path]:
    """The rule files of a folder in order, without the tests beside them. Raises ``RuleError``."""
    if not path.is_dir():
        message = "there is no such folder; create it or change the setting"
        raise RuleError([Problem(source=str(path), line=None, message=message)])
    files = sorted(
        file
        for file in path.iterdir()
        if file.suffix in (".yaml", ".yml") and not file.stem.endswith(".test") and file.is_file()
    )
    twice = [file.name for before, file in pairwise(files) if before.stem == file.stem]
    if twice:
        message = f"{', '.join(twice)}: there is a .yml and a .yaml of the same rule; keep one"
        raise RuleError([Problem(source=str(path), line=None, message=message)])
    if len(files) > _MOST_FILES:
        message = f"there are more than {_MOST_FILES} rules here; is this the right folder?"
        raise RuleError([Problem(source=str(path), line=None, message=message)])
    return files


def read_rule_file(file: Path, *, onto: Sequence[Rule] = ()) -> Rule:
    """The rule of one file, or the rule in ``onto`` with what the file changes about it.
    Raises ``RuleError``."""
    document = parse_document(read_text(file), source=file.name)
    known = {rule.id: rule for rule in onto}
    keys = document.data.keys()
    name = document.data.get("id")
    changes_one = (
        isinstance(name, str) and name in known and keys.isdisjoint({"trigger", "actions"})
    )
    rule = adjust_rule(document, known) if changes_one else read_rule(document)
    if rule.id != file.stem:
        message = f"the id is '{rule.id}', so the file is called '{rule.id}{file.suffix}'"
        raise RuleError([document.problem(("id",), message)])
    return rule
