"""All that is known of an answer by reading it once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scaling_cli.grading.normalise import LONGEST, is_percentage, normalise
from scaling_cli.grading.numbers import Exact, exact
from scaling_cli.grading.probe import Probe, of_number, probe

_ASSIGNMENT = re.compile(r"([a-zA-Z])=([^=,]+)")


@dataclass(frozen=True, slots=True)
class Form:
    """An answer's normal spelling, its value if it is a plain number, and what sort it is.

    Of `x=5` the `variable` is x, and the rest is said of the 5. `elements` are those of a tuple
    or an interval, whose `brackets` they stand in.
    """

    spelled: str
    number: Exact | None
    percentage: bool
    variable: str
    probe: Probe | None
    word: bool
    brackets: str
    elements: tuple[Probe | None, ...]

    @property
    def kind(self) -> str:
        return self.probe.kind if self.probe is not None else ""


def form(answer: str) -> Form:
    """The form of an answer; of one above `LONGEST` characters only the spelling."""
    if len(answer) > LONGEST:
        return Form(answer.strip(), None, False, "", None, False, "", ())
    return _form(answer)


@lru_cache(maxsize=16_384)
def _form(answer: str) -> Form:
    spelled = normalise(answer)
    number = exact(spelled)
    match = _ASSIGNMENT.fullmatch(spelled)
    variable, side = match.groups() if match else ("", spelled)
    elements = _elements(side)
    return Form(
        spelled=spelled,
        number=number,
        percentage=is_percentage(answer),
        variable=variable,
        probe=probe(side) if number is None else of_number(number.value),
        word=_is_word(side),
        brackets=side[0] + side[-1] if elements else "",
        elements=elements,
    )


def _is_word(side: str) -> bool:
    """A name such as "ellipse", which algebra would take for a product of letters."""
    return len(side) > 3 and side.isalpha() and side != "infinity"


def _elements(side: str) -> tuple[Probe | None, ...]:
    inner = side[1:-1]
    bracketed = side[:1] in ("(", "[") and side[-1:] in (")", "]")
    if not bracketed or "," not in inner or any(bracket in inner for bracket in "()[]"):
        return ()
    return tuple(probe(element) for element in inner.split(","))
