"""What of a completion is thinking aloud: blanked out, so that positions stay the original's."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)think>")


def blank_thoughts(text: str) -> str:
    """`text` with every `<think>…</think>` turned into spaces of the same length.

    An unclosed `<think>` leaves nothing. A `</think>` that was never opened (some templates open
    the thought in the prompt) ends a thought that began with the text.
    """
    hidden: list[tuple[int, int]] = []
    opened: int | None = None
    for tag in _TAG.finditer(text):
        closes = bool(tag.group(1))
        if closes and opened is None:
            hidden = [(0, tag.end())]
        elif closes and opened is not None:
            hidden.append((opened, tag.end()))
            opened = None
        elif opened is None:
            opened = tag.start()
    if opened is not None:
        hidden.append((opened, len(text)))
    return _blanked(text, hidden) if hidden else text


def _blanked(text: str, hidden: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    place = 0
    for start, end in hidden:
        pieces += [text[place:start], " " * (end - start)]
        place = end
    return "".join([*pieces, text[place:]])
