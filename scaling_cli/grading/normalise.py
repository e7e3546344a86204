"""One spelling for answers that differ only in how they are typeset."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from scaling_cli.grading.units import without_unit

LONGEST = 2_000
"""Characters beyond which an answer is compared only as it stands."""

_SYMBOLS = str.maketrans(
    {
        "−": "-", "–": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "÷": "/", "π": r"\pi ",
        "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ",
        "∈": r"\in ", "°": r"^\circ ", "²": "^2", "³": "^3", "’": "'", "′": "'", "，": ",",
    }
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\ufeff]")
_DOUBLED = re.compile(r"(?<!\\)\\\\(?=[a-zA-Z]{2})")
_DIGIT_SPACE = re.compile(
    r"(?<=\d)(?:\\[,!;: ]|\\thinspace|[\u00a0\u2009\u202f]|~|\{,\})(?=\d{3}(?!\d))"
)
_COMMA_SPACE = re.compile(r"(?<=\d),\\!\s*(?=\d{3}(?!\d))")
_DELIMITERS = (r"\(", r"\)", r"\[", r"\]")
_SPACING = re.compile(
    # A backslash before a digit or a sign is what is left of a spacing command.
    r"\\[,;: ]|(?<!\\)\\(?=[\d+-])|~"
    r"|\\(?:quad|qquad|thinspace|displaystyle|textstyle|limits|hfill)(?![a-zA-Z])"
)
_BIG = re.compile(r"\\[bB]igg?[lrm]?(?![a-zA-Z])\s*")
_SIZE = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])\s*(\.?)")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|normal)?|math(?:rm|bf|it|sf)|mbox)\s*\{([^{}]*)\}")
_NAMES = re.compile(r"\\(?:[dtc](frac)|(l|g|n)eq|(l?dots)|(var)nothing)(?![a-zA-Z])")
_DEGREES = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|\\degree(?![a-zA-Z])")
_ARGUMENT = r"(?:\{([^{}]*)\}|([0-9a-zA-Z]))"
_FRAC = re.compile(rf"\\frac\s*{_ARGUMENT}\s*{_ARGUMENT}")
_SQRT = re.compile(r"\\sqrt\s*([0-9a-zA-Z])")
_SCRIPT = re.compile(r"([\^_])\{([0-9a-zA-Z])\}")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_SPACE = re.compile(r"\s+")
_KEPT_SPACE = re.compile(r"(\\[a-zA-Z]+|\d)?\s(?=(.))")
_POINT = re.compile(r"(?<![\d\w}])\.(?=\d)")


def normalise(answer: str) -> str:
    r"""The normal spelling: bare of `$`, spacing, sizes, units, `%`, `\text` and outer braces.

    Answers above `LONGEST` characters come back as they are. What remains different may still be
    equal: that is for the algebra to say.
    """
    text = answer.strip()
    return text if len(text) > LONGEST else _normal(text)


@lru_cache(maxsize=16_384)
def _normal(answer: str) -> str:
    if answer.isascii() and answer.isdigit():
        return answer
    text = _spelled(_plain_characters(answer))
    text = without_unit(_TEXT.sub(r"\1", text).strip())
    text = _compact(_grouped(text))
    return _finished(text) or answer


def is_percentage(answer: str) -> bool:
    """Whether the answer bears a percent sign, which the normal spelling drops."""
    return "%" in answer or "percent" in answer


def for_algebra(answer: str) -> str:
    """The answer as LaTeX for a parser: without `$`, control characters and line ends."""
    text = _plain_characters(answer.strip()).replace(r"\$", "").replace("$", "")
    for delimiter in _DELIMITERS:
        text = text.replace(delimiter, "")
    text = _BIG.sub("", _SPACING.sub(" ", _DIGIT_SPACE.sub("", text)))
    return _SPACE.sub(" ", text).strip()


def _plain_characters(text: str) -> str:
    """ASCII digits, LaTeX for the commonest symbols, no control characters."""
    if not text.isascii():
        text = "".join(_digit(char) for char in text.translate(_SYMBOLS))
    return _CONTROL.sub("", text)


def _digit(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)


def _spelled(text: str) -> str:
    """One name for commands that have several, none for those that only space or size."""
    text = _DIGIT_SPACE.sub("", _COMMA_SPACE.sub(",", text))
    if "\\" in text or "$" in text or "~" in text:
        if r"\begin" not in text:
            text = _DOUBLED.sub(r"\\", text)
        text = text.replace(r"\!", "").replace(r"\$", "").replace("$", "")
        for delimiter in _DELIMITERS:
            text = text.replace(delimiter, "")
        text = _SIZE.sub("", _SPACING.sub(" ", text))
        text = _NAMES.sub(_short_name, _DEGREES.sub("", text))
        text = _SQRT.sub(r"\\sqrt{\1}", _FRAC.sub(_braced_fraction, text))
    return text.replace("{,}", ",").replace(r"\%", "").replace("%", "")


def _short_name(match: re.Match[str]) -> str:
    frac, relation, dots, _ = match.groups()
    if frac:
        return r"\frac"
    return rf"\{relation}e" if relation else r"\ldots" if dots else r"\emptyset"


def _braced_fraction(match: re.Match[str]) -> str:
    top, top_digit, bottom, bottom_digit = match.groups()
    return (
        rf"\frac{{{top_digit or (top or '').strip()}}}{{{bottom_digit or (bottom or '').strip()}}}"
    )


def _compact(text: str) -> str:
    """No white space but where it keeps two numbers, or a command and a letter, apart."""
    text = _SPACE.sub(" ", text).strip()

    def squeeze(match: re.Match[str]) -> str:
        before, after = match.group(1) or "", match.group(2)
        apart = after.isdigit() if before.isdigit() else bool(before) and after.isalpha()
        return before + " " if apart else before

    return _KEPT_SPACE.sub(squeeze, text) if " " in text else text


def _grouped(text: str) -> str:
    """Thousands commas dropped, but not in lists, tuples and sets."""
    if "," not in text or any(bracket in text for bracket in "([{"):
        return text
    return _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)


def _finished(text: str) -> str:
    text = _SCRIPT.sub(r"\1\2", text).rstrip(".,;")
    text = _POINT.sub("0.", text)
    while len(text) > 1 and text[0] == "{" and text.find("}") == len(text) - 1:
        text = text[1:-1]
    if len(text) == 3 and text[0] == "(" and text[2] == ")" and text[1].isupper():
        return text[1]
    # A word, not a product of variables.
    if text.isalpha() and len(text) > 2 and text[1:].islower():
        return text.casefold()
    return text
