"""Lenient reading of a completion: where no answer is marked, what it seems to answer."""

from __future__ import annotations

import re

from scaling_cli.grading.extract import strict_answer
from scaling_cli.grading.thoughts import blank_thoughts

TAIL = 20_000
"""Characters from the end in which an unmarked answer is looked for."""

_SAID = re.compile(
    r"\b(?:answer|result)\b\**[^\n.:=]{0,60}?(?:\bis\b|[:=])[ \t:*]*(?:\n\s*)?([^\n]{1,200})",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"-?\\[dt]?frac\{-?\d{1,30}\}\{-?\d{1,30}\}"
    r"|(?:(?<![\w)\]}.%$])[-−](?=[\d.$]))?\\?\$?"
    r"(?:(?<![\w^.])(?<!\^\{)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:\s?/\s?\d+)?"
    r"|(?<![\w^.])\.\d+)(?:\s?\\?%)?",
    re.ASCII,
)
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
_MATHS = re.compile(r"\$+([^$]{1,200}?)\$+(?!\d)|\\\(([^\n]{1,200}?)\\\)|\\\[([^\n]{1,200}?)\\\]")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_WORD = re.compile(r"[^\W\d_]{2}")
_SENTENCE_END = re.compile(r"\.(?:\s|\**$)")
_STATED_LETTER = re.compile(r"\(([A-J])\)|\b([A-HJ])\b")
_LIKELY_LETTER = re.compile(
    r"\(([A-J])\)|\b(?:[Oo]ption|[Cc]hoice)\s+([A-J])\b|\*\*([A-J])\b"
    r"|^[ \t]*([A-J])[.):]?[ \t]*$|\b([B-HJ])\b",
    re.MULTILINE,
)
_LONE_LETTER = re.compile(r"\(?([A-Ja-j])[).:]?|\(?([A-J])[).:]\s.*", re.DOTALL)
_DRESS = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathsf)\s*\{([^{}]*)\}|\$|\*")


def lenient_answer(text: str, style: str, *, truncated: bool = False) -> str | None:
    """The marked answer, else what the text calls its answer, else its last number.

    `style` says what an unmarked answer looks like: `math`, `letter` (of a choice) or `text`
    (the last line). Truncated text is only ever read strictly: its last number is whatever
    came last.
    """
    marked = strict_answer(text, truncated=truncated)
    if marked is not None or truncated:
        return marked
    return unmarked_answer(text, style)


def unmarked_answer(text: str, style: str) -> str | None:
    """The answer of a whole text that marks none."""
    return _READERS[style](_CALCULATOR.sub("", blank_thoughts(text)[-TAIL:]))


def as_letter(answer: str) -> str:
    r"""`B` for `(b)`, `\text{(B)}` and `B. 42`; anything else as it is."""
    bare = _DRESS.sub(lambda match: match.group(1) or "", answer[:200]).strip()
    match = _LONE_LETTER.fullmatch(bare)
    return (match.group(1) or match.group(2)).upper() if match else answer


def _said(tail: str) -> str:
    """What follows the last "the answer is"."""
    said = _SAID.findall(tail)
    return str(said[-1]).strip() if said else ""


def _number(tail: str) -> str | None:
    stated = _stated(_said(tail))
    if stated:
        return stated
    numbers = _NUMBER.findall(tail)
    return str(numbers[-1]).strip() if numbers else None


def _stated(clause: str) -> str | None:
    """The value in "therefore $x = 5$", "5 apples.", "x + 1."; None where words are all it has."""
    clause = _SENTENCE_END.split(clause, maxsplit=1)[0].strip(" *")
    maths = _MATHS.match(clause)
    if maths and not _WORD.search(_COMMAND.sub("", maths.group())):
        clause = next(filter(None, maths.groups()))
    value = clause.rpartition("=")[2].strip(" *$.,;") if "=" in clause else clause.strip(" *$.,;")
    if value and not _WORD.search(_COMMAND.sub("", value)):
        return value
    number = _NUMBER.search(clause.rpartition("=")[2]) or _NUMBER.search(clause)
    return number.group().strip() if number else None


def _letter(tail: str) -> str | None:
    stated = _STATED_LETTER.search(_said(tail))
    found = [stated] if stated else list(_LIKELY_LETTER.finditer(tail))
    return next(filter(None, found[-1].groups())) if found else None


def _last_line(tail: str) -> str | None:
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return lines[-1] if lines else None


_READERS = {"math": _number, "letter": _letter, "text": _last_line}
STYLES = tuple(_READERS)
