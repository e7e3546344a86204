"""What of a completion is thinking aloud: blanked out, so that positions stay the original's."""

from __future__ import annotations

OPEN = "<think>"
CLOSE = "</think>"


def blank_thoughts(text: str) -> str:
    """`text` with every `<think>…</think>` turned into spaces of the same length.

    An unclosed `<think>` leaves nothing. A `</think>` that was never opened (some templates open
    the thought in the prompt) ends a thought that began with the text.
    """
    if CLOSE not in text and OPEN not in text:
        return text
    shown: list[str] = []
    place = 0
    while place < len(text):
        opened, closed = text.find(OPEN, place), text.find(CLOSE, place)
        if closed >= 0 and (opened < 0 or closed < opened):
            place = closed + len(CLOSE)
            shown = [" " * place]
        elif opened >= 0:
            end = closed + len(CLOSE) if closed >= 0 else len(text)
            shown += [text[place:opened], " " * (end - opened)]
            place = end
        else:
            shown.append(text[place:])
            break
    return "".join(shown)
