"""Published numbers, to the printed digit, from public samples that lie beside the project."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from scaling_cli.laws.accuracy import count_correct, coverage
from scaling_cli.laws.majority import majority
from scaling_cli.laws.subsets import count_samples

from .enumeration import ragged

DATA = Path(os.environ.get("SCALE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
KS = [1, 2, 4, 8, 16, 32, 64]

GOLDEN = {
    "math500_gpt-oss-20b": (
        80,
        [92.685, 95.527, 96.623, 97.155, 97.482, 97.739, 97.951],
        [92.685, 92.716, 94.644, 95.166, 95.360, 95.398, 95.256],
        92.685,
    ),
    "math500_Phi-4-reasoning": (
        80,
        [87.833, 94.305, 96.612, 97.614, 98.019, 98.168, 98.200],
        [87.833, 90.537, 92.776, 93.723, 94.222, 94.469, 94.596],
        87.835,
    ),
    "math500_Qwen3-30B-A3B-Thinking-2507": (
        80,
        [95.430, 95.995, 96.271, 96.406, 96.478, 96.560, 96.720],
        [95.430, 95.440, 95.718, 95.840, 95.891, 95.900, 95.900],
        95.430,
    ),
    "aime2025_gpt-oss-20b": (
        100,
        [73.667, 84.240, 89.560, 92.362, 94.137, 95.462, 97.600],
        [73.667, 73.791, 82.625, 86.269, 88.040, 88.671, 89.104],
        73.703,
    ),
    "aime2025_Phi-4-reasoning": (
        160,
        [64.271, 76.730, 84.164, 87.796, 89.736, 91.850, 94.170],
        [64.271, 64.754, 74.038, 78.770, 81.107, 82.232, 82.759],
        64.271,
    ),
    "aime2025_Qwen3-30B-A3B-Thinking-2507": (
        80,
        [85.750, 89.829, 91.911, 93.605, 95.598, 97.566, 99.329],
        [85.750, 85.750, 88.536, 89.549, 90.037, 90.067, 90.000],
        85.750,
    ),
}
"""File: samples, coverage at KS, majority at KS, majority@2 with the empty string voting."""


def published(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the project")
    return path


def answer_classes(path: Path, *, none: tuple[str | None, ...]) -> np.ndarray:
    """Classes under equality of strings; the answers in `none` are no answer."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        problem = json.loads(line)
        known = {problem["gold_answer"]: 0}
        rows.append(
            [
                -1 if answer in none else known.setdefault(answer, len(known))
                for answer, _ in problem["all_answers"]
            ]
        )
    return ragged(rows)


@pytest.mark.parametrize("name", GOLDEN)
def test_open_models_under_string_equality(name: str) -> None:
    n, covered, voted, voted_as_class = GOLDEN[name]
    path = published(f"boinf/analysis_{name}.jsonl")
    classes = answer_classes(path, none=("", None))
    samples = count_samples(classes)
    assert (samples == n).all()
    measured = 100 * coverage(count_correct(classes), samples, KS).mean(axis=0)
    np.testing.assert_array_equal(measured.round(3), covered)
    np.testing.assert_array_equal((100 * majority(classes, KS).mean(axis=0)).round(3), voted)
    # In this convention the empty string votes, a sample whose answer is missing still not.
    as_class = majority(answer_classes(path, none=(None,)), [2]).mean()
    assert round(100 * as_class, 3) == voted_as_class


@pytest.mark.parametrize(
    ("config", "ks", "expected"),
    [
        ("MATH_Llama-3-8B-Instruct", [1, 100, 1_000, 10_000], [26.84, 82.90, 93.42, 98.44]),
        ("MATH_Llama-3-70B-Instruct", [1, 100, 1_000, 10_000], [47.86, 92.43, 96.92, 98.44]),
        ("GSM8K_Llama-3-8B-Instruct", [1, 100], [76.85, 99.57]),
    ],
)
def test_llama_3_coverage(config: str, ks: list[int], expected: list[float]) -> None:
    runs = json.loads(published("llama3_repeated_sampling.json").read_text())
    (run,) = [run for run in runs if run["config"] == config]
    correct = np.rint(np.array(run["theta"]) * 10_000).astype(np.int64)
    measured = 100 * coverage(correct, np.full(len(correct), 10_000), ks).mean(axis=0)
    np.testing.assert_array_equal(measured.round(2), expected)


def test_llama_3_2_coverage_pooled_and_by_seed() -> None:
    counts = json.loads(published("llama32_1b_math500_counts.json").read_text())
    correct, samples = np.array(counts["counts"]), np.array(counts["ns"])
    pooled = coverage(correct.sum(axis=1), samples.sum(axis=1), [1, 4, 16, 64, 256, 1_024])
    np.testing.assert_array_equal(
        pooled.mean(axis=0).round(4), [0.2386, 0.4597, 0.6604, 0.8102, 0.8961, 0.9340]
    )
    by_seed = zip(correct.T, samples.T, strict=True)
    seeds = [coverage(c, n, [16, 64, 256]).mean(axis=0) for c, n in by_seed]
    np.testing.assert_array_equal(np.mean(seeds, axis=0).round(4), [0.6606, 0.8109, 0.8980])
