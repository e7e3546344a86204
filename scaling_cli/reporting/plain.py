"""Text of models made harmless and visible: control characters shown, very long texts cut."""

from __future__ import annotations

import re

LONGEST = 20_000
"""Characters of one text that a page shows; a runaway completion may have a million."""
TAIL = 2_000
"""How many of them are its end, where the answer stands."""

# C0 and C1 controls but newline and tab; line separators; marks that turn the writing direction;
# halves of surrogate pairs, which no file can hold.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff]"
)


def visible(text: str) -> str:
    """`text` with the code in place of each character that acts rather than shows.

    Terminal escapes start with ESC, which becomes ⟨U+001B⟩: what follows is then only text.
    """
    return UNSEEN.sub(_code, text.replace("\r\n", "\n"))


def _code(match: re.Match[str]) -> str:
    return f"\u27e8U+{ord(match.group()):04X}\u27e9"


def shown(text: str) -> str:
    """`visible` text of at most `LONGEST` characters: head and end, and how much is left out."""
    left_out = len(text) - LONGEST
    if left_out > 0:
        head, end = text[: LONGEST - TAIL], text[-TAIL:]
        text = f"{head}\n[… {left_out:,} characters left out …]\n{end}"
    return visible(text)
