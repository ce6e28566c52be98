"""Turns what pydantic refuses into problems with file, line, field and good sentences. Used by load.py only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin
from zoneinfo import available_timezones

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sync.config.lines import Path
from sync.config.problems import Place, did_you_mean, listed, nearest_name, shown
from sync.errors import Problem

_TYPES = {
    "string": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list in square brackets",
    "list": "a list in square brackets",
    "dict": "a table",
    "model": "a name in quotes, or a table",
    "time": "text in quotes",
}


def translate(
    error: ValidationError, place: Place, model: type[BaseModel], secrets: Iterable[str] = ()
) -> list[Problem]:
    """Return one problem for each mistake; nothing that was written in a field of `secrets` is repeated."""
    hidden = set(secrets)
    details = error.errors(include_url=False, include_context=True, include_input=True)
    return [_to_problem(detail, place, model, hidden) for detail in details]


def _to_problem(detail: ErrorDetails, base: Place, model: type[BaseModel], hidden: set[str]) -> Problem:
    loc = _written_part(base, detail["loc"])
    place = base.at(*loc)
    if detail["type"] == "extra_forbidden":
        return _unknown_option(place, _options_at(model, loc[:-1]))
    if detail["type"] == "missing":
        field = _field_at(model, loc)
        hint = field.description if field and field.description else ""
        return place.problem("The option is missing", allowed=allowed_by(field), hint=hint)
    is_whole = detail["type"] == "value_error" and isinstance(
        place.value, Mapping
    )  # of options that do not go together
    received = "" if is_whole or any(step in hidden for step in loc) else shown(place.value)
    what, allowed = _sentence(detail, _field_at(model, loc))
    return place.problem(what, received=received, allowed=allowed, hint=_hint(detail, place, allowed, received))


def _written_part(base: Place, loc: Sequence[str | int]) -> Path:
    """Drop the steps below a bare name: people wrote "notes" where the model has a table."""
    for n in range(1, len(loc)):
        if isinstance(base.at(*loc[:n]).value, str):
            return tuple(loc[:n])
    return tuple(loc)


def _unknown_option(place: Place, known: Sequence[str]) -> Problem:
    """What was written there is not repeated: a misspelt secret is a secret."""
    name = str(place.path[-1])
    near = nearest_name(name, known)
    hint = f'Did you mean "{near}"?' if near else ""
    return place.problem("There is no such option", received=shown(name), allowed=listed(known), hint=hint)


def _sentence(detail: ErrorDetails, field: FieldInfo | None) -> tuple[str, str]:
    """Return what is wrong, and what is allowed."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return _split_reason(str(context["error"]))
    if kind == "literal_error":
        return "The value is not known", allowed_by(field) or str(context["expected"])
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        return "The number is out of bounds", allowed_by(field)
    if kind == "string_pattern_mismatch":
        return "The name cannot be used", "text on one line that begins and ends with no space"
    if kind.endswith(("too_short", "too_long")):
        return _length_sentence(kind, context)
    return "The value has the wrong type", next((words for t, words in _TYPES.items() if kind.startswith(t)), "")


def _length_sentence(kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    unit = "characters" if kind.startswith("string") else "entries"
    if kind.endswith("too_long"):
        return "It is too long", f"at most {context['max_length']} {unit}"
    return "It is empty", f"at least {context['min_length']} of them" if context["min_length"] > 1 else "at least one"


def _split_reason(text: str) -> tuple[str, str]:
    """Take apart what a parser says: "reason; allowed: forms", or one of the two."""
    reason, _, allowed = text.partition("allowed: ")
    reason = reason.rstrip("; ").strip()
    return reason[:1].upper() + reason[1:] or "The value cannot be used", allowed


def _hint(detail: ErrorDetails, place: Place, allowed: str, received: str) -> str:
    if detail["type"].startswith(("tuple", "list")) and isinstance(place.value, dict):
        path = ".".join(str(step) for step in place.path if isinstance(step, str))
        return f"Write it with two brackets: [[{path}]]."
    if detail["type"] == "literal_error" and received:
        near = nearest_name(str(place.value), [word.strip('"') for word in allowed.split(", ")])
        return f'Did you mean "{near}"?' if near else ""
    if place.path and place.path[-1] == "timezone" and isinstance(place.value, str):
        return did_you_mean(place.value, sorted(available_timezones()))
    return ""


def allowed_by(field: FieldInfo | None) -> str:
    """Say what a field takes, from its words or its bounds."""
    if field is None:
        return ""
    if words := list(_words_in(field.annotation)):
        return listed(map(shown, words))
    low = [m for m in field.metadata if isinstance(m, Ge | Gt)]
    high = [m for m in field.metadata if isinstance(m, Le | Lt)]
    if not low or not high:
        return ""
    above = f"from {low[0].ge}" if isinstance(low[0], Ge) else f"more than {low[0].gt}"
    return f"{above} to {high[0].le if isinstance(high[0], Le) else high[0].lt}"


def _words_in(annotation: Any) -> Iterator[object]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    for inner in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from _words_in(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation holds, such as the column in a list of columns."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def _field_at(model: type[BaseModel], loc: Path) -> FieldInfo | None:
    """Return the declared field at the end of a location, if there is one."""
    names = [step for step in loc if isinstance(step, str)]
    for n, name in enumerate(names):
        field = model.model_fields.get(name)
        if field is None or n == len(names) - 1:
            return field
        inner = next(models_in(field.annotation), None)
        if inner is None:
            return None
        model = inner
    return None


def _options_at(model: type[BaseModel], loc: Path) -> list[str]:
    """Return the options of the model at a location."""
    field = _field_at(model, loc)
    inner = next(models_in(field.annotation), None) if field else model
    return list(inner.model_fields) if inner else []
