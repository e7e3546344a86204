"""The text of every step of a solution."""

from __future__ import annotations

import re

from scaling_cli.types import Tokenizer, Trace

BLANK = re.compile(r"(\n(?:[ \t]*\n)+)")


def step_texts(trace: Trace, tokenizer: Tokenizer | None) -> list[str]:
    """The steps' texts in order; joined they are the trace's text. At least one, maybe empty.

    Steps are those the session cut, where it did and the policy's `tokenizer` is at hand to find
    their ends in the text; what follows the last end is a step too. Else they end with blank
    lines. A step of spaces alone is no step: it belongs to the one before.
    """
    if tokenizer is None or not trace.steps:
        parts = BLANK.split(trace.text)
        return _joined([a + b for a, b in zip(parts[::2], [*parts[1::2], ""], strict=True)])
    cuts = [len(tokenizer.decode(trace.tokens[:end])) for end in trace.steps]
    starts, ends = [0, *cuts], [*cuts, len(trace.text)]
    return _joined([trace.text[start:end] for start, end in zip(starts, ends, strict=True)])


def _joined(pieces: list[str]) -> list[str]:
    steps: list[str] = []
    for piece in pieces:
        if steps and not (piece.strip() and steps[-1].strip()):
            steps[-1] += piece
        else:
            steps.append(piece)
    return steps
