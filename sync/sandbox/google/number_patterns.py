"""Numbers written by patterns such as `#,##0.00`, `0.0%`, `# ?/?` or `[<10]"few";0,"K"`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from sync.sandbox.google.languages import ENGLISH, Writing

LITERAL = re.compile(r'"([^"]*)"|\\(.)|(_).|(\*).|\[\$([^\]\-]*)(?:-[^\]]*)?\]', re.DOTALL)
CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\s*\]")
DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*,*)?(?:E[+-]?0+)?", re.IGNORECASE)
FRACTION = re.compile(r"(?:([#0?]+)( +))?([#0?]+)/([#0?]+|[1-9]\d*)")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
FIRST_KEPT = 0xE000  # literals stand as single letters of this private range while digits are looked for


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a pattern: what it is for, and its text with literals set aside."""

    text: str
    literals: tuple[str, ...]
    condition: tuple[str, float] | None

    def literal(self, text: str) -> str:
        """Write what is not digits."""
        return "".join(self.literals[ord(sign) - FIRST_KEPT] if self._is_kept(sign) else sign for sign in text)

    def _is_kept(self, sign: str) -> bool:
        return 0 <= ord(sign) - FIRST_KEPT < len(self.literals)


@lru_cache(maxsize=512)
def read_sections(pattern: str) -> tuple[Section, ...]:
    """Split a pattern at its semicolons, quoted ones apart."""
    literals: list[str] = []

    def keep(found: re.Match[str]) -> str:
        quoted, escaped, blank, filler, currency = found.groups()
        literals.append(
            " " if blank else "" if filler else next(t for t in (quoted, escaped, currency) if t is not None)
        )
        return chr(FIRST_KEPT + len(literals) - 1)

    sections = []
    for text in LITERAL.sub(keep, pattern).split(";"):
        found = CONDITION.search(text)
        condition = (found.group(1), float(found.group(2))) if found else None
        sections.append(Section(re.sub(r"\[[^\]]*\]", "", text), tuple(literals), condition))
    return tuple(sections)


def show_number(number: float, pattern: str, writing: Writing = ENGLISH) -> str:
    """Write a number by a pattern, by the section that is for its sign or whose condition it meets."""
    sections = read_sections(pattern)
    if any(section.condition for section in sections):
        chosen = next((part for part in sections if _meets(number, part.condition)), None)
        text = _fill(abs(number), chosen, writing) if chosen else "###"
        return f"-{text}" if number < 0 else text
    negative = number < 0
    if negative and len(sections) > 1:
        return _fill(-number, sections[1], writing)
    if number == 0 and len(sections) > 2:
        return _fill(number, sections[2], writing)
    text = _fill(abs(number), sections[0], writing)
    return f"-{text}" if negative and re.search("[1-9]", text) else text


def _meets(number: float, condition: tuple[str, float] | None) -> bool:
    return condition is None or COMPARE[condition[0]](number, condition[1])


def _fill(number: float, section: Section, writing: Writing) -> str:
    value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    value *= 100 ** section.text.count("%")
    found = FRACTION.search(section.text)
    if found:
        shown = _fraction(value, found)
    elif found := DIGITS.search(section.text):
        shown = localized(_digits(value, found.group(0)), writing)
    else:
        return section.literal(section.text)
    before, after = section.text[: found.start()], section.text[found.end() :]
    return section.literal(before) + shown + section.literal(after)


def _fraction(value: Decimal, found: re.Match[str]) -> str:
    """Write a number as whole and fraction; `?` keeps the room of a digit that is not there."""
    wholes, gap, above, below = found.groups()
    exact = Fraction(value)
    whole = int(exact) if wholes else 0
    rest = exact - whole
    if below.isdigit() and below.strip("0"):
        bottom = int(below)
        top = round(rest * bottom)
    else:
        near = rest.limit_denominator(10 ** len(below) - 1)
        top, bottom = near.numerator, near.denominator
    if wholes and top == bottom:
        whole, top = whole + 1, 0
    lead = (_padded(str(whole) if whole or not top else "", wholes) + gap) if wholes else ""
    if not top and wholes:
        return lead.rstrip(" ") + " " * (len(gap) + len(above) + 1 + len(below)) * ("?" in above)
    tail = str(bottom) if below.isdigit() and below.strip("0") else str(bottom).ljust(below.count("?"))
    return f"{lead}{_padded(str(top), above)}/{tail}"


def _padded(text: str, places: str) -> str:
    return text.zfill(places.count("0")).rjust(places.count("?") + places.count("0")) if text or "0" in places else text


def _digits(value: Decimal, digits: str) -> str:
    if "E" in digits.upper():
        mantissa, _, exponent = digits.upper().partition("E")
        places = len(mantissa.partition(".")[2])
        text, power = f"{value:.{places}E}".split("E")
        return f"{text}E{power[0]}{power[1:].zfill(exponent.count('0'))}"
    bare = digits.rstrip(",")
    value = value.scaleb(-3 * (len(digits) - len(bare)))
    whole, point, fraction = bare.partition(".")
    scaled = len(whole) - len(whole.rstrip(","))
    whole, value = whole.rstrip(","), value.scaleb(-3 * scaled)
    rounded = value.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    shown, _, rest = (f"{rounded:,f}" if "," in whole else f"{rounded:f}").partition(".")
    shown = _whole(shown, whole.replace(",", ""))
    keep = len(fraction.rstrip("#?"))
    n_shown = len(rest)
    while n_shown > keep and rest[n_shown - 1] == "0":
        n_shown -= 1
    blank = fraction[n_shown:].count("?")
    return shown + point + rest[:n_shown] + " " * blank


def _whole(shown: str, places: str) -> str:
    least = places.count("0")
    text = shown.zfill(least) if least else ("" if shown == "0" else shown)
    return text.rjust(least + places.count("?"))


def localized(digits: str, writing: Writing) -> str:
    """Return written digits with the marks of a locale."""
    if writing.point == "." and writing.group == ",":
        return digits
    return digits.translate({44: writing.group, 46: writing.point})
