"""Graded answers as the arrays the laws read, by vector operations only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from scaling_cli.errors import StoreError
from scaling_cli.store.tables import question_codes, question_ranks
from scaling_cli.types import FAILED, MISSING, UNANSWERED, SampleBank

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

Extraction = Literal["lenient", "strict"]
COLUMNS = [
    "question_id", "index", "answer_class", "strict_class", "truncated", "boxed",
    "prompt_tokens", "new_tokens", "error",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoxedEvents:
    """Every complete strict answer of a bank, flat, sorted by question, sample, appearance.

    `question[event]` and `sample[event]` are positions in the bank's arrays;
    `end_token[event]` is how many tokens had been sampled when it was complete, -1 unknown.
    """

    question: IntArray
    sample: IntArray
    answer_class: IntArray
    end_token: IntArray


SCORES: dict[str, tuple[str, Callable[[pa.ChunkedArray], FloatArray]]] = {
    "logprob_mean": ("logprob_mean", lambda column: _floats(column)),
    "reward_last": ("rewards", lambda column: _reduced(column, lambda a, _, end: a[end - 1])),
    "reward_min": ("rewards", lambda column: _reduced(column, _reduceat(np.minimum))),
    "reward_product": ("rewards", lambda column: _reduced(column, _reduceat(np.multiply))),
    "reward_mean": (
        "rewards",
        lambda column: _reduced(
            column, lambda a, start, end: np.add.reduceat(a, start) / (end - start)
        ),
    ),
}
"""Score of a candidate for best-of and weighted votes: the column it reads, the map."""


def bank_columns(score: str) -> list[str]:
    """The columns `to_bank` reads."""
    if score not in SCORES:
        raise StoreError(f"there is no score {score}", f"valid scores: {', '.join(SCORES)}")
    return [*COLUMNS, SCORES[score][0]]


def to_bank(
    table: pa.Table,
    *,
    order: Sequence[str] | None,
    extraction: Extraction,
    cap: int | None,
    score: str,
) -> tuple[SampleBank, BoxedEvents]:
    """The bank and its strict answers, questions in `order`, samples by their number.

    A sample ended by length, or longer than `cap`, has only its last strict answer inside
    the limit; its tokens are min(new_tokens, cap). A failed sample never votes and costs
    what was reported. Token counts an engine did not report are -1.
    """
    place = _places(table, order)
    boxed = _events(table.column("boxed"))
    answer, tokens, truncated = _read_answers(table, boxed, extraction, cap)
    bank = SampleBank(
        question_ids=place.ids,
        answer_class=place.spread(answer, MISSING),
        tokens=place.spread(tokens, 0),
        reward=place.spread(SCORES[score][1](table.column(SCORES[score][0])), np.nan),
        truncated=place.spread(truncated, False),
        samples=place.samples,
        prompt_tokens=_prompt_tokens(table.column("prompt_tokens"), place),
    )
    row, answer_class, end_token = boxed
    question, sample = place.question[row], place.sample[row]
    by_place = np.lexsort((sample, question))
    events = (array[by_place] for array in (question, sample, answer_class, end_token))
    return bank, BoxedEvents(*events)


def to_spent(table: pa.Table, *, order: Sequence[str] | None) -> tuple[FloatArray, FloatArray]:
    """`cached_tokens[question, sample]` and `seconds[question, sample]`, placed as in `to_bank`;
    NaN where the engine did not report."""
    place = _places(table, order)
    cached, seconds = (
        place.spread(_floats(table.column(name)), np.nan) for name in ("cached_tokens", "seconds")
    )
    return cached, seconds


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each row of the table stands in the `[question, sample]` arrays."""

    ids: tuple[str, ...]
    question: IntArray
    sample: IntArray
    samples: IntArray

    def spread(self, values: NDArray[Any], missing: Any) -> NDArray[Any]:
        shape = (len(self.ids), int(self.samples.max(initial=0)))
        array = np.full(shape, missing, values.dtype)
        array[self.question, self.sample] = values
        return array


def _places(table: pa.Table, order: Sequence[str] | None) -> _Places:
    codes, ids = question_codes(table.column("question_id"))
    present = np.unique(codes)
    ranks = question_ranks([ids[code] for code in present], order)
    question = ranks[np.searchsorted(present, codes)]
    samples = np.bincount(question, minlength=len(present)).astype(np.int64)
    by_place = np.lexsort((np.asarray(table.column("index"), np.int64), question))
    sample = np.empty(len(codes), np.int64)
    sample[by_place] = np.arange(len(codes)) - np.repeat(np.cumsum(samples) - samples, samples)
    ordered = tuple(ids[present[number]] for number in np.argsort(ranks))
    return _Places(ordered, question, sample, samples)


def _read_answers(
    table: pa.Table,
    boxed: tuple[IntArray, IntArray, IntArray],
    extraction: Extraction,
    cap: int | None,
) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """Class, cost in tokens and truncation of each row under the cap."""
    failed = np.asarray(table.column("error").is_valid())
    tokens = _integers(table.column("new_tokens"), -1)
    tokens[failed & (tokens < 0)] = 0
    truncated = np.asarray(table.column("truncated")).astype(bool)
    strict = _integers(table.column("strict_class"), UNANSWERED)
    lenient = _integers(table.column("answer_class"), UNANSWERED)
    # "Last number" never reads a text that was cut short.
    answer = np.where(truncated, strict, lenient) if extraction == "lenient" else strict
    if cap is not None:
        if (tokens < 0).any():
            raise StoreError(
                "a token cap cannot be applied: the engine did not report how many tokens it drew",
                "leave the cap out, or use an engine that reports token counts",
            )
        row, answer_class, end_token = boxed
        cut = tokens > cap
        answer[cut] = UNANSWERED
        inside = cut[row] & (end_token >= 0) & (end_token <= cap)
        # Of repeated rows the last assignment stands, which is the last answer inside the cap.
        answer[row[inside]] = answer_class[inside]
        tokens, truncated = np.minimum(tokens, cap), truncated | cut
    answer[failed] = FAILED
    return answer, tokens, truncated


def _events(column: pa.ChunkedArray) -> tuple[IntArray, IntArray, IntArray]:
    """Row, class and end of every strict answer, in the table's order."""
    import pyarrow.compute as pc

    lengths = _integers(pc.list_value_length(column), 0)
    flat = pc.list_flatten(column)
    row = np.repeat(np.arange(len(lengths)), lengths)
    answer_class = _integers(pc.struct_field(flat, "answer_class"), UNANSWERED)
    return row, answer_class, _integers(pc.struct_field(flat, "end_token"), -1)


def _prompt_tokens(column: pa.ChunkedArray, place: _Places) -> IntArray | None:
    """`[question]`: the largest reported; None where some question has no report."""
    counts = np.full(len(place.ids), -1, np.int64)
    np.maximum.at(counts, place.question, _integers(column, -1))
    return counts if (counts >= 0).all() else None


def _integers(column: pa.ChunkedArray, missing: int) -> IntArray:
    import pyarrow.compute as pc

    return np.array(pc.fill_null(column, missing), np.int64)


def _floats(column: pa.ChunkedArray) -> FloatArray:
    import pyarrow.compute as pc

    return np.array(pc.fill_null(pc.cast(column, "float64"), float("nan")), np.float64)


def _reduced(
    column: pa.ChunkedArray, reduce: Callable[[FloatArray, IntArray, IntArray], FloatArray]
) -> FloatArray:
    """`reduce(values, start, end)` of each list; NaN for an empty or absent one."""
    import pyarrow.compute as pc

    lengths = _integers(pc.list_value_length(column), 0)
    scores = np.full(len(lengths), np.nan)
    end = np.cumsum(lengths)[lengths > 0]
    if len(end):
        values = _floats(pc.list_flatten(column))
        scores[lengths > 0] = reduce(values, end - lengths[lengths > 0], end)
    return scores


def _reduceat(ufunc: np.ufunc) -> Callable[[FloatArray, IntArray, IntArray], FloatArray]:
    def reduce(values: FloatArray, start: IntArray, end: IntArray) -> FloatArray:
        reduced: FloatArray = ufunc.reduceat(values, start)
        return reduced

    return reduce
