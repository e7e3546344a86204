r"""Strict reading of a completion: answers marked with `\boxed{…}` or `#### …`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from scaling_cli.grading.thoughts import blank_thoughts

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![a-zA-Z])\s*")
_BARE = re.compile(
    r"[+-]?(?:\d[\d.,]*(?:/\d+)?%?|\.\d+|[a-zA-Z](?=[$\n.]|\Z)"
    r"|\\(?!boxed|fbox|framebox)[a-zA-Z]+(?:\d+|\{[^{}]{0,100}\}){0,2})"
)
_HASH = re.compile(r"(?<!\S)####(?!#)([^\n]*)(\n?)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_LABEL = re.compile(r"(?:the\s+)?(?:final\s+)?answer\s*(?:is\b)?\s*[:=]?\s*", re.IGNORECASE)
_TITLE = re.compile(r"(?:\d{1,2}[.):]\s+)?[A-Za-z][A-Za-z'’-]+(?:\s+\S|\s*:)")
_TITLES = (
    "analysis approach calculation check conclusion example explanation given introduction "
    "method note problem proof question reasoning result solution step steps summary verification"
)
_TITLE_WORDS = frozenset(_TITLES.split())


def strict_answers(text: str, *, truncated: bool = False) -> list[tuple[str, int]]:
    r"""Every complete marked answer with the character at which it is complete, in that order.

    `\boxed{…}` is complete at its closing brace, `\boxed 5` and `#### 5` where something follows
    them or the text ends; in truncated text the end completes neither, and a `####` line
    needs its newline. Positions are those of `text`, thoughts and all.
    """
    shown = blank_thoughts(text)
    found = [*_boxed(shown, truncated), *_hashed(shown, truncated)]
    return sorted(found, key=lambda answer: answer[1])


def strict_answer(text: str, *, truncated: bool = False) -> str | None:
    """The last complete marked answer."""
    answers = strict_answers(text, truncated=truncated)
    return answers[-1][0] if answers else None


def _boxed(text: str, truncated: bool) -> Iterator[tuple[str, int]]:
    """Of boxes within boxes the innermost holds the answer."""
    boxes = [match.end() for match in _BOX.finditer(text)] if "\\" in text else []
    closes = _closing_braces(text, boxes)
    for start, following in zip_longest(boxes, boxes[1:], fillvalue=len(text)):
        if text[start : start + 1] != "{":
            yield from _bare(text, start, truncated)
            continue
        end = closes.get(start)
        if end is not None and end < following and text[start + 1 : end].strip():
            yield text[start + 1 : end].strip(), end + 1


def _bare(text: str, start: int, truncated: bool) -> Iterator[tuple[str, int]]:
    r"""`\boxed 5`: a number, a letter or a command, as LaTeX authors leave out the braces."""
    match = _BARE.match(text, start)
    if match and not (truncated and match.end() == len(text)):
        yield match.group().rstrip(".,"), match.end()


def _closing_braces(text: str, wanted: list[int]) -> dict[int, int]:
    """Where each wanted brace is closed; escaped braces are text. One pass, so never quadratic."""
    if not wanted:
        return {}
    asked, opened, closes = set(wanted), list[int](), dict[int, int]()
    for match in _BRACE.finditer(text, wanted[0]):
        mark = match.group()
        if mark == "{":
            opened.append(match.start())
        elif mark == "}" and opened:
            start = opened.pop()
            if start in asked:
                closes[start] = match.start()
    return closes


def _hashed(text: str, truncated: bool) -> Iterator[tuple[str, int]]:
    for match in _HASH.finditer(text) if "####" in text else ():
        line, newline = match.groups()
        answer = _hash_answer(line)
        if answer and (newline or not truncated):
            yield answer, match.end()


def _hash_answer(line: str) -> str:
    """What a `####` line answers; empty for a Markdown heading such as `#### Step 1: Add`."""
    if _BOX.search(line):
        return ""
    bare = line.rpartition("####")[2].replace("**", "").strip()
    answer = _LABEL.sub("", bare, count=1) if _LABEL.match(bare) else bare
    if answer.casefold() in _TITLE_WORDS or _TITLE.match(answer):
        return ""
    return answer
