"""The arrays the laws read say what the rows say, under any cap."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling_cli.errors import StoreError
from scaling_cli.store import RunFolder
from scaling_cli.store.bank import bank_columns, to_bank
from scaling_cli.store.tables import canonical
from scaling_cli.types import MISSING, Question

from .store_rows import candidate_row

EVENT = st.fixed_dictionaries({"answer_class": st.integers(0, 3), "end_token": st.integers(-1, 12)})
ROW = st.fixed_dictionaries(
    {
        "answer_class": st.integers(-1, 3),
        "strict_class": st.integers(-1, 3),
        "truncated": st.booleans(),
        "boxed": st.none() | st.lists(EVENT, max_size=3),
        "new_tokens": st.integers(0, 12),
        "logprob_mean": st.none() | st.floats(-9, 0),
        "rewards": st.none() | st.lists(st.floats(0, 1), max_size=3),
        "error": st.none() | st.just("dropped"),
        "prompt_tokens": st.none() | st.integers(1, 9),
    }
)
PLACES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), unique=True, max_size=12)


def expected_class(row: dict[str, Any], extraction: str, cap: int) -> int:
    if row["error"]:
        return -2
    if row["new_tokens"] > cap:
        inside = [e["answer_class"] for e in row["boxed"] or [] if 0 <= e["end_token"] <= cap]
        return inside[-1] if inside else -1
    lenient = extraction == "lenient" and not row["truncated"]
    return int(row["answer_class"] if lenient else row["strict_class"])


def expected_score(row: dict[str, Any], score: str) -> float:
    if score == "logprob_mean":
        return math.nan if row[score] is None else row[score]
    if not row["rewards"]:
        return math.nan
    reduce: dict[str, Callable[[list[float]], float]] = {
        "reward_last": lambda rewards: rewards[-1],
        "reward_min": min,
        "reward_product": math.prod,
        "reward_mean": lambda rewards: sum(rewards) / len(rewards),
    }
    return float(reduce[score](row["rewards"]))


@settings(max_examples=80, deadline=None)
@given(
    data=st.data(),
    places=PLACES,
    order=st.none() | st.permutations("abcde"),
    extraction=st.sampled_from(["lenient", "strict"]),
    cap=st.none() | st.integers(1, 12),
    score=st.sampled_from(
        ["logprob_mean", "reward_last", "reward_min", "reward_product", "reward_mean"]
    ),
)
def test_arrays_say_what_the_rows_say(
    data: st.DataObject,
    places: list[tuple[str, int]],
    order: list[str] | None,
    extraction: Any,
    cap: int | None,
    score: str,
) -> None:
    rows = {place: candidate_row(place[1], place[0], **data.draw(ROW)) for place in places}
    table = canonical("candidates", data.draw(st.permutations(list(rows.values()))))
    chunks = [table.slice(start, 3) for start in range(0, len(table), 3)] or [table]
    table = pa.concat_tables(chunks).select(list(dict.fromkeys(bank_columns(score))))
    bank, boxed = to_bank(table, order=order, extraction=extraction, cap=cap, score=score)

    present = [id for id in order or "abcd" if any(id == question for question, _ in places)]
    assert list(bank.question_ids) == present
    width = bank.answer_class.shape[1]
    events = []
    for q, id in enumerate(present):
        numbers = sorted(number for question, number in places if question == id)
        assert bank.samples[q] == len(numbers)
        assert (bank.answer_class[q, len(numbers) : width] == MISSING).all()
        assert (bank.tokens[q, len(numbers) :] == 0).all()
        for s, number in enumerate(numbers):
            row = rows[id, number]
            limit = cap if cap is not None else 99
            assert bank.answer_class[q, s] == expected_class(row, extraction, limit)
            assert bank.tokens[q, s] == min(row["new_tokens"], limit)
            assert bank.truncated[q, s] == (row["truncated"] or row["new_tokens"] > limit)
            np.testing.assert_allclose(bank.reward[q, s], expected_score(row, score))
            events += [(q, s, e["answer_class"], e["end_token"]) for e in row["boxed"] or []]
    found = [boxed.question, boxed.sample, boxed.answer_class, boxed.end_token]
    assert np.transpose(found).tolist() == [list(event) for event in events]
    reported = [
        max([rows[place]["prompt_tokens"] or -1 for place in places if place[0] == id])
        for id in present
    ]
    if -1 in reported:
        assert bank.prompt_tokens is None
    else:
        assert bank.prompt_tokens is not None and bank.prompt_tokens.tolist() == reported


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


def test_questions_keep_the_runs_order(folder: RunFolder) -> None:
    folder.write_questions([Question(id, "t", "", "1") for id in ("t/s/z", "t/s/q", "t/s/a")])
    folder.write_part("candidates", "cell", [candidate_row(0, "t/s/a"), candidate_row(0, "t/s/z")])
    bank, _ = folder.sample_bank("cell")
    assert bank.question_ids == ("t/s/z", "t/s/a")


def test_a_cap_keeps_the_last_answer_that_lies_inside(folder: RunFolder) -> None:
    def boxed(*ends: int) -> list[dict[str, int]]:
        return [{"answer_class": n, "end_token": end} for n, end in enumerate(ends)]

    ends = [(4, 6, 9), (9,), (-1,), (4, -1), ()]
    rows = [candidate_row(n, new_tokens=10, boxed=boxed(*e)) for n, e in enumerate(ends)]
    folder.write_part("candidates", "cell", rows)
    bank, _ = folder.sample_bank("cell", cap=6)
    assert bank.answer_class.tolist() == [[1, -1, -1, 0, -1]]
    assert bank.tokens.tolist() == [[6] * 5] and bank.truncated.all()
    at_the_cap, _ = folder.sample_bank("cell", cap=10)
    assert at_the_cap.answer_class.tolist() == [[1] * 5] and not at_the_cap.truncated.any()


def test_unreported_counts_are_not_made_up(folder: RunFolder) -> None:
    rows = [candidate_row(0, new_tokens=None), candidate_row(1, new_tokens=None, error="x")]
    folder.write_part("candidates", "cell", rows)
    bank, _ = folder.sample_bank("cell")
    assert bank.tokens.tolist() == [[-1, 0]]
    with pytest.raises(StoreError, match="cap cannot be applied"):
        folder.sample_bank("cell", cap=4)


def test_an_unknown_score(folder: RunFolder) -> None:
    folder.write_part("candidates", "cell", [candidate_row(0)])
    with pytest.raises(StoreError, match="no score charm"):
        folder.sample_bank("cell", score="charm")


def test_an_empty_bank(folder: RunFolder) -> None:
    folder.write_part("candidates", "cell", [])
    bank, boxed = folder.sample_bank("cell", cap=8)
    assert bank.answer_class.shape == (0, 0) and len(boxed.question) == 0
