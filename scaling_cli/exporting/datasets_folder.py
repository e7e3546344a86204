"""A folder that `datasets.load_dataset` opens: Parquet files, and a card that names them."""

from __future__ import annotations

from pathlib import Path

from scaling_cli.exporting.files import Written, write_text
from scaling_cli.exporting.tidy import Source
from scaling_cli.exporting.tidy_files import parquet_file

SPLIT = "test"
MEANINGS = {
    "cells": "what was asked: model, task, generator, sampler, prompt",
    "questions": "the questions and their gold answers",
    "samples": "every sample with its answer, its verdict and what it cost",
    "accuracy": "accuracy, interval and cost of every selector, k and token limit",
    "scores": "what verifiers said of the samples",
    "charges": "raw counts of every call of a search",
}


def write_datasets(source: Source, out: Path) -> list[Written]:
    """`load_dataset(FOLDER, "samples", split="test")`, and so for every table."""
    names = source.present()
    written = [parquet_file(source, name, out / "data" / f"{name}.parquet") for name in names]
    return [*written, write_text(out / "README.md", _card(source, names), 0)]


def _card(source: Source, names: list[str]) -> list[str]:
    first = "samples" if "samples" in names else "accuracy"
    lines = ["---", "configs:"]
    for name in names:
        lines += [f"- config_name: {name}", "  data_files:", f"  - split: {SPLIT}",
                  f"    path: data/{name}.parquet"]  # fmt: skip
        lines += ["  default: true"] * (name == first)
    lines += ["---", "", "# A run of scale", ""]
    lines += ["Inference-time scaling: sampled answers with verdicts and what they cost.", ""]
    lines += [f"* `{name}`: {MEANINGS[name]}" for name in names]
    return lines
