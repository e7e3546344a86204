"""A report that no mail would carry is refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_cli.errors import StoreError
from scaling_cli.reporting import Wanted, report_data, to_html
from scaling_cli.reporting.plain import LONGEST
from scaling_cli.reporting.size import LIMIT, estimate
from scaling_cli.store import RunFolder
from tests.reporting.hostile import MODELS, sampled_cell
from tests.small_run import small_run

MANY = 6_000
"""Texts of the longest length that is shown: more than a page may hold."""


def lengthen(folder: RunFolder) -> None:
    """A bank of many long texts, no two alike."""
    key = sampled_cell(folder)
    (row, *_) = folder.read_part("bank", key).to_pylist()
    row |= {"tokens": None, "logprobs": None}
    long = "0123456789" * (LONGEST // 10)
    rows = [row | {"sample": i, "text": f"{i} {long}"} for i in range(MANY)]
    folder.write_part("bank", key, rows)


def test_a_report_of_more_than_100_mb_is_refused_early_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_run(tmp_path, MODELS, questions=4, samples=2)
    lengthen(folder)
    assert estimate(folder, None, texts=True) > LIMIT
    computed: list[object] = []
    monkeypatch.setattr("scaling_cli.reporting.data.votings_of", lambda *_: computed.append(1))
    with pytest.raises(StoreError, match=r"about 1\d\d MB") as refused:
        report_data([folder], Wanted())
    assert not computed
    assert "--questions 20" in refused.value.hint and "--no-texts" in refused.value.hint


def test_both_remedies_help(tmp_path: Path) -> None:
    folder = small_run(tmp_path, MODELS, questions=4, samples=2)
    lengthen(folder)
    assert estimate(folder, None, texts=False) < LIMIT / 100
    assert estimate(folder, 1, texts=True) == pytest.approx(estimate(folder, None, texts=True) / 4)
    report_data([folder], Wanted(texts=False, draws=50))


def test_the_estimate_is_near_the_page(tmp_path: Path) -> None:
    folder = small_run(tmp_path, MODELS, questions=12, samples=20)
    model = report_data([folder], Wanted(draws=50))
    rest = len(to_html({**model, "explorer": None}))
    size = len(to_html(model)) - rest
    assert 0.5 < estimate(folder, None, texts=True) / size < 2


def test_a_cut_file_is_named(tmp_path: Path) -> None:
    folder = small_run(tmp_path, MODELS, questions=4, samples=2)
    part = folder.part_path("bank", sampled_cell(folder))
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(StoreError, match=part.name):
        report_data([folder], Wanted())
