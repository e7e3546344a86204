r"""Marked answers: what counts as one, where it ends, and that hostile text costs linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.grading.extract import strict_answer, strict_answers


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{5}.", "5"),
        (r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed { 5 }", "5"),
        (r"\fbox{5} or \framebox{6}", "6"),
        (r"$\boxed 5$", "5"),
        (r"$\boxed5$", "5"),
        (r"$\boxed \frac{1}{2}$ apples", r"\frac{1}{2}"),
        (r"$\boxed x$", "x"),
        (r"\boxed{3} then \boxed{4", "3"),
        (r"{ unclosed \boxed{7}", "7"),
        (r"} stray \boxed{7}", "7"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{x = \fbox{5}}", "5"),
        (r"put it in \boxed{}", None),
        (r"put it in \boxed notation", None),
        (r"\boxedness{5}", None),
        (r"\boxed{5}} \boxed{6}", "6"),
        ("#### 18", "18"),
        ("text #### 1,234 \n", "1,234"),
        ("####18\r\n", "18"),
        ("#### $18 dollars", "$18 dollars"),
        ("#### **Final Answer:** 18", "18"),
        ("#### The answer is 18", "18"),
        ("#### Yes", "Yes"),
        ("#### Step 1: Add 3 and 4", None),
        ("#### 1. Compute the total", None),
        ("#### Solution", None),
        ("#### Final Answer", None),
        ("####", None),
        ("##### 5", None),
        ("#### 3\n#### 4", "4"),
        ("#### $\\boxed{5}$ apples", "5"),
        ("\\boxed{3}\n#### 4", "4"),
        ("#### 4\n\\boxed{3}", "3"),
        ("", None),
        ("42", None),
    ],
)
def test_the_last_marked_answer(text: str, answer: str | None) -> None:
    assert strict_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{5}", "5"),
        (r"\boxed{5", None),
        (r"\boxed 5", None),
        (r"\boxed 5 ", "5"),
        ("#### 5", None),
        ("#### 5\n", "5"),
        ("#### 4\n#### 5", "4"),
        (r"<think>\boxed{5}", None),
    ],
)
def test_a_cut_text_shows_only_what_was_completed(text: str, answer: str | None) -> None:
    assert strict_answer(text, truncated=True) == answer


def test_all_answers_come_in_order_with_their_ends() -> None:
    text = "\\boxed{1} a\n#### 2\nb \\boxed{3}"
    answers = strict_answers(text)
    assert [answer for answer, _ in answers] == ["1", "2", "3"]
    assert [text[:end][-1] for _, end in answers] == ["}", "\n", "}"]


def test_positions_are_those_of_the_text_with_its_thoughts() -> None:
    text = r"<think>maybe \boxed{1}</think> It is \boxed{2}."
    assert strict_answers(text) == [("2", text.rindex("}") + 1)]


@given(st.text(alphabet=r"\boxed{}#1 " + "\n", max_size=60), st.text(max_size=20))
def test_a_cut_text_has_no_answer_that_the_whole_lacks(text: str, more: str) -> None:
    """A complete answer stays one whatever follows: the cap's bookkeeping rests on it."""
    cut = strict_answers(text, truncated=True)
    closed = [answer for answer in cut if text[answer[1] - 1] in "}\n"]
    whole = strict_answers(text + more)
    assert [answer for answer in closed if answer[1] <= len(text)] == [
        answer for answer in whole if answer in closed
    ]


@given(st.lists(st.sampled_from([r"\boxed{1}", r"\boxed{22}", "#### 3\n", " text ", "{"])))
def test_an_answer_ending_inside_a_prefix_is_read_from_that_prefix(pieces: list[str]) -> None:
    text = "".join(pieces)
    for answer, end in strict_answers(text):
        assert (answer, end) in strict_answers(text[:end], truncated=True)


MEGABYTE = 1_000_000
HOSTILE = [
    "\\boxed{", "\\boxed{1}", "{", "}", "\\", "#### ", "#### 5\n", "1", "1,", "<think>", "</think>",
    "<think></think>", "\\boxed ", " ", "\n", "\x00", "\ud800", "\\fbox{\\boxed{",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_is_read(piece: str) -> None:
    """A quadratic reader would take minutes here, and the suite with it."""
    text = piece * (MEGABYTE // len(piece))
    assert len(strict_answers("\\boxed{" + text)) <= MEGABYTE


def test_boxes_nested_a_thousand_deep_cost_no_more_than_their_length() -> None:
    deep = "\\boxed{" * 100_000 + "5" + "}" * 100_000
    assert strict_answers(deep) == [("5", 700_002)]
