"""YAML from people, made safe: plain values, and the line each of them stands on.

The hard part is what YAML does without being asked. ``on:`` becomes true, a key written twice
keeps the second value in silence, an alias can multiply a small file into gigabytes, a date
becomes an object. Here the first three are errors that say what to write instead, and dates
stay text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import ValidationError

from .errors import Problem, RuleError, did_you_mean

LARGEST = 64 * 1024
_DEEPEST = 30

Place = tuple[str | int, ...]

_OPENING = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
_ALIASES = "& and * mean something to YAML; put a text that begins with one in quotes"
_FORBIDDEN: Mapping[type[yaml.Token], str] = {
    # An alias of aliases of aliases is a few lines that unfold into gigabytes.
    yaml.AnchorToken: _ALIASES,
    yaml.AliasToken: _ALIASES,
    yaml.TagToken: "a ! means something to YAML; put a text that begins with it in quotes",
    yaml.DirectiveToken: "a % means something to YAML at the start of a line; take it out",
}


class _Loader(yaml.SafeLoader):
    """The safe loader, for which a date is a text: nothing here wants half-parsed times."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it so
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file's content: ``data`` is plain Python values, ``lines`` where each of them stands."""

    source: str
    data: Mapping[str, object]
    lines: Mapping[Place, int] = field(repr=False)

    def problem(self, place: Sequence[str | int], message: str) -> Problem:
        """The problem with the line of the nearest known place."""
        at = tuple(place)
        while at and at not in self.lines:
            at = at[:-1]
        return Problem(source=self.source, line=self.lines.get(at), message=message)


def read_text(path: Path, *, source: str | None = None) -> str:
    """A file's text, bounded. Raises ``RuleError``."""
    name = source or path.name
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise _one(
            name, f"this file cannot be read ({error.strerror}); check that it is there"
        ) from None
    if len(raw) > LARGEST:
        raise _too_large(name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _one(name, "this file is not UTF-8 text; save it as UTF-8") from None


def parse_document(text: str, *, source: str) -> Document:
    """Raises ``RuleError`` for whatever is no mapping with text keys, and for nothing else."""
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise _too_large(source)
    try:
        return _parse(text, source)
    except RuleError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        what = error.problem or "something is out of place"
        if "mapping values" in what:
            what += (
                "; a text with ': ' in it goes on lines of its own under 'text: |', or in quotes"
            )
        raise _one(source, f"this is not valid YAML: {what}", line) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise _one(source, "this is not valid YAML: a character or number cannot be read") from None
    except RecursionError:
        raise _one(source, "this is nested too deeply to be read") from None


def _parse(text: str, source: str) -> Document:
    depth = 0
    for token in yaml.scan(text, Loader=_Loader):
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        message = _FORBIDDEN.get(type(token))
        if depth > _DEEPEST:
            # Scanning slows down with the square of the depth, so it is stopped here.
            message = "this is nested too deeply"
        if message is not None:
            raise _one(source, message, token.start_mark.line + 1)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise _one(
                source, "a file is a list of 'key: value' lines, beginning with 'id:' or 'rule:'", 1
            )
        lines: dict[Place, int] = {}
        problems = list(_walk(node, (), source, lines))
        if problems:
            raise RuleError(problems)
        data = loader.construct_document(node)
    finally:
        loader.dispose()
    return Document(source=source, data=data, lines=lines)


def _walk(node: yaml.Node, place: Place, source: str, lines: dict[Place, int]) -> Iterable[Problem]:
    """Note the line of every value; yield what is wrong with the keys."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*place, index), source, lines)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            message = _key_problem(key, seen)
            if message is not None:
                yield Problem(source=source, line=line, message=message)
                continue
            seen.add(key.value)
            lines[(*place, key.value)] = line
            yield from _walk(value, (*place, key.value), source, lines)


def _key_problem(key: yaml.Node, seen: set[str]) -> str | None:
    if not isinstance(key, yaml.ScalarNode):
        return "a key is a word"
    if key.tag == "tag:yaml.org,2002:bool":
        instead = (
            "; a rule says what wakes it under 'trigger:'" if key.value.lower() == "on" else ""
        )
        return f"YAML reads the key '{key.value}:' as yes or no{instead}"
    if key.tag != "tag:yaml.org,2002:str":
        return f"the key '{key.value}' is no word; put it in quotes if it is meant as one"
    if key.value in seen:
        return f"'{key.value}:' stands here twice; only the second would count"
    return None


def explain(
    error: ValidationError, known: Mapping[tuple[str, ...], Iterable[str]]
) -> list[tuple[Place, str]]:
    """Pydantic's findings as (place, message) in our words; ``known``: place without
    list positions -> the keys allowed there."""
    found: list[tuple[Place, str]] = []
    for item in error.errors(include_url=False, include_context=True):
        place: Place = item["loc"]
        name = place[-1] if place else ""
        match item["type"]:
            case "missing":
                message = f"'{name}:' is missing"
                place = place[:-1]
            case "extra_forbidden":
                keys = tuple(part for part in place[:-1] if isinstance(part, str))
                near = did_you_mean(str(name), known.get(keys, ()))
                message = f"'{name}:' is not known here{near}"
            case "string_type":
                message = f"'{name}' is a text; put it in quotes"
            case "bool_type":
                message = f"'{name}' is true or false"
            case "list_type" | "tuple_type":
                message = f"'{name}' is a list, such as [a, b]"
            case "dict_type" | "model_type" | "model_attributes_type":
                message = f"'{name or 'this'}' holds 'key: value' lines"
            case "too_short" | "string_too_short":
                message = f"'{name}' is empty"
            case "too_long" | "string_too_long":
                message = f"'{name}' is too long (at most {item['ctx']['max_length']})"
            case "literal_error" | "enum":
                message = f"'{name}' is one of: {item.get('ctx', {}).get('expected', '')}"
            case "value_error":
                message = str(item["ctx"]["error"])
            case _:
                message = f"'{name}': {item['msg']}"
        found.append((place, message))
    return found


def _one(source: str, message: str, line: int | None = None) -> RuleError:
    return RuleError([Problem(source=source, line=line, message=message)])


def _too_large(source: str) -> RuleError:
    return _one(
        source, f"this file is larger than {LARGEST // 1024} KB; a rule has no need for that"
    )
