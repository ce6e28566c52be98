"""Text widths of the default font, good enough for fitted columns."""

from __future__ import annotations

PADDING_PIXELS = 6
# Arial: advance widths in thousandths of an em
PIXELS_PER_EM = 12.7158  # from the one recorded width
NARROW = dict.fromkeys("ijl'|", 222) | dict.fromkeys(" .,:;/\\!I[]ft", 278) | dict.fromkeys("-()r`", 333)
WIDE = dict.fromkeys("ABEKPSVXY&", 667) | dict.fromkeys("CDHNRUw", 722) | dict.fromkeys("GOQ", 778)
WIDE |= dict.fromkeys("mM", 833) | {"W": 944, "@": 1015, "%": 889}
WIDTHS = NARROW | WIDE | dict.fromkeys("cksvxyzJ", 500)
USUAL = 556


def text_pixels(text: str) -> int:
    """Return how wide a column must be to show a text on one line."""
    units = sum(WIDTHS.get(letter, USUAL) for letter in text)
    return round(units / 1000 * PIXELS_PER_EM) + PADDING_PIXELS
