"""Answers of one question in classes of equal value, gold first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from scaling_cli.grading.equality import same
from scaling_cli.grading.extract import strict_answers
from scaling_cli.grading.form import Form, form
from scaling_cli.grading.lenient import as_letter, unmarked_answer
from scaling_cli.types import GOLD, UNANSWERED, Grade, Verdict

Compare = Callable[[str, str], bool | None]
"""(gold or earlier answer, later answer) -> equal, or None where it could not be told in time."""

Equality = str
"""`math` or `string`."""
Style = str
"""`math`, `letter` or `text`: what an unmarked answer looks like."""

TIMED_OUT = -2
"""Class of an answer that could not be compared in time; stored as UNANSWERED."""

MOST_ASKED = 64
"""Comparisons by algebra one new answer may cost; classes after that are taken to differ."""

Keys = tuple[str] | tuple[str, Fraction]

_SCALES = (Fraction(1), Fraction(100), Fraction(1, 100))


class AnswerClasses:
    """Gives each answer its class: 0 equals gold, others count from 1 as they first appear.

    Under `math` two answers are one where their normal spelling or exact value agrees, or where
    `compare(representative, answer)` says so, gold's class first and then in order; each class is
    represented by its first answer. Under `string` only the spelling as given counts.
    """

    def __init__(self, gold: str, *, equality: Equality, compare: Compare) -> None:
        self._equality = equality
        self._compare = compare
        self._representatives: list[str] = []
        self._forms: list[Form] = []
        self._by_key: dict[str | Fraction, int] = {}
        self._expressions: list[int] = []
        self._numbers: defaultdict[int, list[int]] = defaultdict(list)
        self._seen: dict[str | None, int] = {None: UNANSWERED}
        self._add(gold, self._keys(gold))

    def of(self, answer: str | None) -> int:
        """The answer's class; UNANSWERED without one, TIMED_OUT where it cannot be told."""
        found = self._seen.get(answer)
        if found is None:
            assert answer is not None
            found = self._seen[answer] = self._class(answer)
        return found

    def _class(self, answer: str) -> int:
        if not answer.strip():
            return UNANSWERED
        keys = self._keys(answer)
        for key in keys:
            if key in self._by_key:
                return self._by_key[key]
        found = self._search(answer, keys)
        if found is None:
            return self._add(answer, keys)
        for key in keys:
            self._by_key[key] = found
        return found

    def _keys(self, answer: str) -> Keys:
        """What equal answers have in common: the normal spelling and a plain number's value."""
        if self._equality == "string":
            return (answer.strip(),)
        read = form(answer)
        return (read.spelled,) if read.number is None else (read.spelled, read.number.value)

    def _search(self, answer: str, keys: Keys) -> int | None:
        """The class whose representative equals the answer; None where there is none."""
        asked = 0
        read = form(answer)
        for group in self._candidates(keys):
            equal = same(self._forms[group], read)
            if equal is None and asked < MOST_ASKED:
                asked += 1
                equal = self._compare(self._representatives[group], answer)
                if equal is None:
                    return TIMED_OUT
            if equal:
                return group
        return None

    def _candidates(self, keys: Keys) -> Iterable[int]:
        """The classes a new answer may belong to, in order.

        Two plain numbers of different value are equal at most where one rounds the other or is
        a percentage of it, so a number meets only numbers that near.
        """
        if self._equality == "string":
            return ()
        if len(keys) == 1:
            return range(len(self._representatives))
        places = (_place(keys[1] * scale) + step for scale in _SCALES for step in (-1, 0, 1))
        near = {group for place in places for group in self._numbers.get(place, ())}
        return sorted(near.union(self._expressions))

    def _add(self, answer: str, keys: Keys) -> int:
        group = len(self._representatives)
        self._representatives.append(answer)
        if self._equality == "math":
            self._forms.append(form(answer))
        if len(keys) == 1:
            self._expressions.append(group)
        else:
            self._numbers[_place(keys[1])].append(group)
        for key in keys:
            self._by_key.setdefault(key, group)
        return group


def _place(value: Fraction) -> int:
    return math.floor(value * 100_000)


def group_answers(
    answers: Iterable[str | None], gold: str, *, equality: Equality, compare: Compare
) -> list[int]:
    """The class of each answer of one question; TIMED_OUT (-2) where it could not be told.

    Equal strings are compared once. Store a timeout's class as UNANSWERED, and its verdict by
    `verdict_of`.
    """
    classes = AnswerClasses(gold, equality=equality, compare=compare)
    return [classes.of(answer) for answer in answers]


def grade_group(
    texts: Sequence[str],
    finish_reasons: Sequence[str | None],
    gold: str,
    *,
    style: Style,
    equality: Equality,
    compare: Compare,
) -> list[Grade]:
    """Grades of all samples of one question, which share their classes."""
    classes = AnswerClasses(_READ[style](gold), equality=equality, compare=compare)
    return [
        _grade(text, reason == "length", style, classes)
        for text, reason in zip(texts, finish_reasons, strict=True)
    ]


def _grade(text: str, truncated: bool, style: Style, classes: AnswerClasses) -> Grade:
    read = _READ[style]
    marked = [(read(said), end) for said, end in strict_answers(text, truncated=truncated)]
    strict = marked[-1][0] if marked else None
    answer = strict if marked or truncated else unmarked_answer(text, style)
    lenient_class, strict_class = classes.of(answer), classes.of(strict)
    return Grade(
        answer=answer,
        strict_answer=strict,
        answer_class=max(lenient_class, UNANSWERED),
        strict_class=max(strict_class, UNANSWERED),
        verdict=verdict_of(lenient_class),
        strict_verdict=verdict_of(strict_class),
        boxed=tuple((said, end, max(classes.of(said), UNANSWERED)) for said, end in marked),
    )


def verdict_of(group: int) -> Verdict:
    """What a class says of an answer."""
    if group == GOLD:
        return "correct"
    if group == TIMED_OUT:
        return "timeout"
    return "unanswered" if group == UNANSWERED else "wrong"


def _as_marked(answer: str) -> str:
    return answer


_READ: dict[Style, Callable[[str], str]] = {
    "math": _as_marked,
    "letter": as_letter,
    "text": _as_marked,
}
