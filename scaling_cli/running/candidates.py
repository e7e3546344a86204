"""Rows of the bank and of the graded answers, from the journal's records."""

from __future__ import annotations

import math
from typing import Any

from scaling_cli.grading import GraderPool
from scaling_cli.running.journal import Record
from scaling_cli.running.positions import token_end
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.types import Grade, Question, Tokenizer

Rows = list[dict[str, Any]]


def bank_row(question_id: str, index: int, record: Record) -> dict[str, Any]:
    """One raw completion as the store keeps it; a failed call is a row with its error."""
    row: dict[str, Any] = {
        "question_id": question_id,
        "sample": index,
        "text": "",
        "tokens": None,
        "logprob_sum": None,
        "logprobs": None,
        "confidence": None,
        "certainty": None,
        "finish_reason": None,
        "prompt_tokens": None,
        "cached_tokens": None,
        "new_tokens": None,
        "seconds": 0.0,
        "seed": record.seed,
        "start": record.start,
        "error": record.error,
    }
    completion = record.completion
    if completion is not None:
        logprobs = completion.logprobs
        row |= {
            "text": completion.text,
            "tokens": None if completion.tokens is None else list(completion.tokens),
            "logprob_sum": None if logprobs is None else math.fsum(logprobs),
            "logprobs": None if logprobs is None else list(logprobs),
            "confidence": _list(completion.confidence),
            "certainty": _list(completion.certainty),
            "finish_reason": completion.finish_reason,
            "prompt_tokens": completion.prompt_tokens,
            "cached_tokens": completion.cached_tokens,
            "new_tokens": completion.new_tokens,
            "seconds": completion.seconds,
        }
    return row


def _list(values: tuple[float, ...] | None) -> list[float] | None:
    return None if values is None else list(values)


def _mean(total: float | None, logprobs: list[float] | None) -> float | None:
    """Mean token log-probability, the plainest confidence score; None where not known.

    From the stored sum: the single values are stored with fewer digits.
    """
    return total / len(logprobs) if logprobs and total is not None else None


async def grade_question(
    rows: Rows, question: Question, prepared: PreparedCell, grader: GraderPool
) -> Rows:
    """The candidates of one question: all its samples graded together, failed ones kept."""
    grades = await grader.grade(
        [row["text"] for row in rows],
        [row["finish_reason"] for row in rows],
        question.answer,
        style=prepared.style,
        equality=prepared.equality,
    )
    return [candidate_row(row, grade, prepared) for row, grade in zip(rows, grades, strict=True)]


def candidate_row(row: dict[str, Any], grade: Grade, prepared: PreparedCell) -> dict[str, Any]:
    """A bank row and its grade as the answer-level row that is kept and shared."""
    return {
        "question_id": row["question_id"],
        "index": row["sample"],
        **judged(row, grade, prepared.model.tokenizer),
        "truncated": row["finish_reason"] == "length",
        "logprob_mean": _mean(row["logprob_sum"], row["logprobs"]),
        "rewards": None,
        "prompt_tokens": row["prompt_tokens"],
        "cached_tokens": row["cached_tokens"],
        "new_tokens": row["new_tokens"],
        "spent": None,
        "seconds": row["seconds"],
        "error": row["error"],
    }


def judged(row: dict[str, Any], grade: Grade, tokenizer: Tokenizer | None) -> dict[str, Any]:
    """What a sample's text decides of its answer-level row."""
    return {
        "answer": grade.answer,
        "strict_answer": grade.strict_answer,
        "answer_class": grade.answer_class,
        "strict_class": grade.strict_class,
        "verdict": grade.verdict,
        "strict_verdict": grade.strict_verdict,
        "boxed": [
            {"answer_class": group, "end_token": token_end(tokenizer, row["tokens"], end)}
            for _, end, group in grade.boxed
        ],
    }
