"""Unmarked answers: what the text calls its answer, else its last number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.lenient import STYLES, as_letter, lenient_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{5} and 7", "5"),
        ("The answer is 5.", "5"),
        ("The answer is 5 apples, not 7.", "5"),
        ("The final answer is: **$12$**.", "12"),
        ("Therefore the answer is $x = 5$.", "5"),
        (r"The answer is \(\frac{3}{4}\).", r"\frac{3}{4}"),
        ("The answer is x + 1.", "x + 1"),
        ("the answer is 2 + 3 = 5.", "5"),
        ("Answer:\n42\n", "42"),
        ("The answer is (3, 4).", "(3, 4)"),
        ("So it costs $1,234.50 in all.", "$1,234.50"),
        ("It fell to -5 degrees", "-5"),
        ("that is 5-3", "3"),
        ("about 12.5%", "12.5%"),
        ("she ate 3/4 of it", "3/4"),
        (r"so $\frac{3}{4}$ of it", r"\frac{3}{4}"),
        ("an area of 12 cm^2", "12"),
        ("version x2", None),
        ("16 - 3 = <<16-3=13>>13", "13"),
        ("costs $4 + $2 = $<<4+2=6.00>>6.00", "$6.00"),
        ("no numbers", None),
        ("", None),
        ("<think>5", None),
        ("<think>5</think>", None),
    ],
)
def test_maths(text: str, answer: str | None) -> None:
    assert lenient_answer(text, "math") == answer


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is (B).", "B"),
        ("The answer is B because A is wrong", "B"),
        ("Option C looks right", "C"),
        ("I think a train goes to B", "B"),
        ("**D**", "D"),
        ("B\n", "B"),
        ("A", "A"),
        ("I am not sure", None),
        ("", None),
    ],
)
def test_letters(text: str, letter: str | None) -> None:
    assert lenient_answer(text, "letter") == letter


@pytest.mark.parametrize(
    ("said", "letter"),
    [("B", "B"), ("(b)", "B"), (r"\text{(C)}", "C"), ("B. 42", "B"), ("**D)**", "D"), ("42", "42")],
)
def test_a_marked_choice_is_its_letter(said: str, letter: str) -> None:
    assert as_letter(said) == letter


def test_text_is_its_last_line() -> None:
    assert lenient_answer("first\n\n last \n\n", "text") == "last"


@pytest.mark.parametrize("style", STYLES)
def test_cut_text_is_read_strictly_only(style: str) -> None:
    assert lenient_answer("The answer is 5.\nB\n", style, truncated=True) is None
    assert lenient_answer(r"\boxed{5} then 7", style, truncated=True) == "5"


@given(st.text(max_size=200))
def test_nothing_makes_it_fail(text: str) -> None:
    for style in STYLES:
        answer = lenient_answer(text, style)
        assert answer is None or answer.strip()


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1,",
        "111,",
        "1.",
        "-",
        "answer is ",
        "answer:\n",
        "answer*",
        "$",
        "1/",
        "<<",
        "A ",
        " ",
    ],
)
def test_a_megabyte_of_anything_is_read(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert lenient_answer(text + "\nThe answer is 5.", "math") == "5"
