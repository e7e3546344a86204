"""Where an answer is complete: token positions by brute force, and caps by cutting the texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.engines.fake import FakeTokenizer
from scaling_cli.grading import GraderPool
from scaling_cli.laws.caps import at_cap
from scaling_cli.running.positions import UNKNOWN, token_end
from scaling_cli.store import RunFolder
from scaling_cli.types import MISSING, Message, SampleBank
from tests.running.test_run import questions, run, sweep_of

__all__ = ["questions"]


class Pieces:
    """Tokens that are pieces of UTF-8 of any length, some of them half a character."""

    hash = "pieces"
    stop_ids = ()

    def __init__(self, pieces: Sequence[bytes], *, per_byte: bool) -> None:
        self._pieces = pieces
        self._per_byte = per_byte

    def encode(self, text: str) -> list[int]:
        raise NotImplementedError

    def chat(self, messages: Sequence[Message]) -> str:
        raise NotImplementedError

    def decode(self, tokens: Sequence[int]) -> str:
        """With `per_byte`, a broken character is as many replacement characters as bytes."""
        data = b"".join(self._pieces[token] for token in tokens)
        if not self._per_byte:
            return data.decode("utf-8", "replace")
        whole = data.decode("utf-8", "ignore")
        return whole + "\N{REPLACEMENT CHARACTER}" * (len(data) - len(whole.encode()))


@given(
    text=st.text(st.sampled_from("a1}\\é€𝟙🙂"), min_size=1, max_size=30),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=120),
    share=st.floats(0, 1),
    per_byte=st.booleans(),
)
def test_a_position_is_where_the_text_first_stands(
    text: str, sizes: list[int], share: float, per_byte: bool
) -> None:
    data, pieces, at = text.encode(), [], 0
    for size in [*sizes, len(data)]:
        if at < len(data):
            pieces.append(data[at : at + size])
            at += size
    tokenizer, tokens = Pieces(pieces, per_byte=per_byte), list(range(len(pieces)))
    end = max(1, round(share * len(text)))
    brute = next(
        n for n in range(1, len(tokens) + 1) if tokenizer.decode(tokens[:n]).startswith(text[:end])
    )
    assert token_end(tokenizer, tokens, end) == brute


def test_what_cannot_be_placed_is_unknown() -> None:
    assert token_end(None, [1], 1) == UNKNOWN
    assert token_end(FakeTokenizer(), None, 1) == UNKNOWN
    assert token_end(FakeTokenizer(), [65], 2) == UNKNOWN


@pytest.fixture
def filled(questions: Path, tmp_path: Path) -> RunFolder:
    run(sweep_of(questions, length_of_wrong=2.0), tmp_path / "r")
    return RunFolder(tmp_path / "r")


@pytest.mark.parametrize("extraction", ["strict", "lenient"])
def test_a_cap_afterwards_is_the_cut_text_graded(filled: RunFolder, extraction: str) -> None:
    gold = {question.id: question.answer for question in filled.read_questions()}
    tokenizer = FakeTokenizer()
    cut_off = 0
    for key in filled.cells("bank"):
        bank, boxed = filled.sample_bank(key, extraction=extraction)  # type: ignore[arg-type]
        raw = {
            (r["question_id"], r["sample"]): r for r in filled.read_part("bank", key).to_pylist()
        }
        for cap in (1, 16, 25, 32, 33, 64, 100):
            capped = at_cap(bank, boxed, cap)
            for place, identity in enumerate(bank.question_ids):
                rows = [raw[identity, i] for i in range(int(bank.samples[place]))]
                classes, tokens = _graded(rows, gold[identity], cap, tokenizer, extraction)
                assert list(_correct(capped, place)) == [group == 0 for group in classes]
                assert list(_answered(capped, place)) == [group >= 0 for group in classes]
                assert list(capped.tokens[place][: len(rows)]) == tokens
                cut_off += sum(len(row["tokens"]) > cap for row in rows)
    assert cut_off > 100


def _graded(
    rows: list[dict[str, object]], gold: str, cap: int, tokenizer: FakeTokenizer, extraction: str
) -> tuple[list[int], list[int]]:
    """Classes and lengths of the texts as a limit of `cap` tokens would have left them."""
    kept: list[list[int]] = [list(row["tokens"])[:cap] for row in rows]  # type: ignore[call-overload]
    reasons = [
        row["finish_reason"] if len(tokens) == len(row["tokens"]) else "length"  # type: ignore[arg-type]
        for row, tokens in zip(rows, kept, strict=True)
    ]
    with GraderPool() as grader:
        grades = asyncio.run(
            grader.grade(
                [tokenizer.decode(tokens) for tokens in kept],
                reasons,  # type: ignore[arg-type]
                gold,
                style="math",
                equality="math",
            )
        )
    classes = [g.strict_class if extraction == "strict" else g.answer_class for g in grades]
    return classes, [len(tokens) for tokens in kept]


def _correct(bank: SampleBank, place: int) -> np.ndarray:
    return bank.answer_class[place][bank.answer_class[place] != MISSING] == 0


def _answered(bank: SampleBank, place: int) -> np.ndarray:
    return bank.answer_class[place][bank.answer_class[place] != MISSING] >= 0
