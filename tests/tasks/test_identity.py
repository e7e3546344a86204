"""Question ids: what changes them and what does not."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.tasks.identity import question_id

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(TEXT, TEXT)
def test_an_id_has_one_form_whatever_the_text(text: str, gold: str) -> None:
    assert re.fullmatch(r"task/test/[0-9a-f]{12}", question_id("task", "test", text, gold))


@given(st.lists(st.sampled_from(["é", "a", "1", "Å", "×"]), min_size=1, max_size=8))
def test_spacing_and_composition_do_not_change_it(words: list[str]) -> None:
    plain, loose = " ".join(words), "\n" + " \t\u00a0".join(words) + "  "
    spelled = unicodedata.normalize("NFD", loose)
    assert question_id("t", "s", plain, "1") == question_id("t", "s", spelled, " 1\n")


def test_text_gold_task_and_split_each_change_it() -> None:
    ids = {
        question_id(*parts)
        for parts in [
            ("t", "s", "a", "b"), ("u", "s", "a", "b"), ("t", "u", "a", "b"),
            ("t", "s", "c", "b"), ("t", "s", "a", "c"), ("t", "s", "a b", ""),
            ("t", "s", "", "a b"),
        ]
    }  # fmt: skip
    assert len(ids) == 7


def test_an_id_recorded_by_earlier_runs() -> None:
    # Banks are keyed by these: a change here orphans every bank.
    assert question_id("t", "test", "What is 1 + 1?", "2") == "t/test/24db54990edc"
