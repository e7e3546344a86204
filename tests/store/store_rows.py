"""Small rows for the store's tests."""

from __future__ import annotations

from typing import Any

QUESTION = "gsm8k/test/0123456789ab"


def bank_row(sample: int, question: str = QUESTION, **changes: Any) -> dict[str, Any]:
    return {
        "question_id": question,
        "sample": sample,
        "text": f"so \\boxed{{{sample}}}",
        "tokens": [1, 2, sample],
        "logprob_sum": -1.5,
        "logprobs": [-0.5, -0.5, -0.5],
        "finish_reason": "stop",
        "prompt_tokens": 7,
        "cached_tokens": 0,
        "new_tokens": 3,
        "seconds": 0.25,
        "seed": 2**64 - 1,
        "start": 0,
        "error": None,
    } | changes


def candidate_row(index: int, question: str = QUESTION, **changes: Any) -> dict[str, Any]:
    return {
        "question_id": question,
        "index": index,
        "answer": str(index),
        "strict_answer": None,
        "answer_class": 1,
        "strict_class": -1,
        "verdict": "wrong",
        "strict_verdict": "unanswered",
        "truncated": False,
        "boxed": [],
        "logprob_mean": -0.5,
        "rewards": None,
        "prompt_tokens": 7,
        "cached_tokens": None,
        "new_tokens": 10,
        "spent": None,
        "seconds": 0.25,
        "error": None,
    } | changes


def summary_row(**changes: Any) -> dict[str, Any]:
    return {
        "run": "quickstart",
        "cell": "0123456789abcdef",
        "model": "fake",
        "engine": "fake",
        "task": "gsm8k",
        "strategy": "sample",
        "params": "{}",
        "selector": "majority",
        "k": 4,
        "max_tokens": 512,
        "samples": 16,
        "questions": 100,
        "accuracy": 0.5,
        "extrapolated": False,
    } | changes


def charge_row(call: str, **changes: Any) -> dict[str, Any]:
    return {"question_id": QUESTION, "call": call, "role": "policy", "seconds": 0.5} | changes
