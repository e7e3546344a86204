"""Records as lines: valid JSON, and read back as they were."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.running.records import DIGITS, Partial, Record, read, rounded, written
from scaling_cli.types import Completion, Reward

NUMBERS = st.none() | st.lists(st.floats(-60, 0) | st.sampled_from([math.nan, -math.inf])).map(
    tuple
)
COUNTS = st.none() | st.integers(0, 10**6)
COMPLETIONS = st.builds(
    Completion,
    text=st.text(),
    finish_reason=st.sampled_from(["stop", "length"]),
    tokens=st.none() | st.lists(st.integers(0, 2**31 - 1)).map(tuple),
    prompt_tokens=COUNTS,
    cached_tokens=COUNTS,
    new_tokens=COUNTS,
    logprobs=NUMBERS,
    seconds=st.floats(0, 1e6),
    stopped_by=st.none() | st.text(),
    alternatives=st.sampled_from([None, (((5, -0.5), (6, -1.25)), ()), ((("a", -0.5),),)]),
    confidence=NUMBERS,
    certainty=NUMBERS,
)
RECORDS = st.builds(
    Record,
    name=st.text(),
    completion=st.none() | COMPLETIONS,
    error=st.none() | st.text(),
    seed=st.integers(0, 2**31),
    start=st.integers(0, 9),
    reward=st.none() | st.builds(Reward, st.floats(0, 1), COUNTS, COUNTS, COUNTS, st.floats(0, 9)),
)


def _loads(line: bytes) -> Any:
    """By the standard: its NaN and Infinity are refused."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(line, parse_constant=refuse)


@given(st.lists(RECORDS, max_size=3))
def test_what_is_read_is_what_was_written(records: list[Record]) -> None:
    kept = [rounded(record) for record in records]
    line = written({"done": kept})
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert read(_loads(line)) == (kept, [])


def test_every_field_of_a_completion_is_kept() -> None:
    told: dict[str, Any] = {
        "text": "a", "finish_reason": "length", "tokens": (1, 2), "prompt_tokens": 3,
        "cached_tokens": 4, "new_tokens": 5, "logprobs": (-0.5, math.nan), "seconds": 0.25,
        "stopped_by": "b", "alternatives": (((7, -0.5),), ()), "confidence": (1.5, math.nan),
        "certainty": (2.5, math.nan),
    }  # fmt: skip
    assert set(told) == {field.name for field in fields(Completion)}
    record = rounded(Record("r", Completion(**told)))
    ((again,), _) = read(_loads(written({"done": [record]})))
    assert again == record and repr(again) == repr(record)
    assert repr(again.completion) == repr(Completion(**told))


@given(NUMBERS)
def test_numbers_are_rounded_and_the_unknown_stay_unknown(numbers: Any) -> None:
    completion = rounded(Record("r", Completion("", "stop", (), 0, 0, 0, numbers, 0.0))).completion
    assert completion is not None
    if numbers is None:
        assert completion.logprobs is None
        return
    assert completion.logprobs is not None and len(completion.logprobs) == len(numbers)
    for before, after in zip(numbers, completion.logprobs, strict=True):
        assert math.isnan(after) == math.isnan(before)
        assert after == before or not abs(after - before) > 0.6 * 10**-DIGITS


def test_partial_calls_are_written_with_what_is_unknown() -> None:
    partial = {"q#1": Partial([1, 2], [-0.25, math.nan]), "q#2": Partial([3], None)}
    line = _loads(written({"partial": partial}))
    assert line == {"partial": [["q#1", [1, 2], [-0.25, None]], ["q#2", [3], None]]}
    _, ((name, tokens, logprobs), (_, _, none)) = read(line)
    assert (name, tokens, none) == ("q#1", [1, 2], None)
    assert logprobs[0] == -0.25 and math.isnan(logprobs[1])
