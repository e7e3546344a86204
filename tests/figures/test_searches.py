"""Figures of searches: every panel over the questions that all its lines answered."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from scaling_cli.difficulty import difficulty_of
from scaling_cli.figures.searches import difficulty_figure, searches_figure
from scaling_cli.recorded import Ask
from scaling_cli.repeats import joined
from scaling_cli.searchlines import Line, lines_of
from scaling_cli.store import RunFolder
from tests.small_search import small_search

ASK = Ask(selectors=["majority", "weighted"], caps=[])


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    path = tmp_path_factory.mktemp("bank")
    return small_search(path, "bank", questions=20, strategies=["sampling"], verifiers=[])


@pytest.fixture(scope="module")
def lines(bank: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    found = small_search(tmp_path_factory.mktemp("search"), "search", questions=8)
    return lines_of(joined([found, bank], replace(ASK, caps=[])).curves)


def test_a_panel_is_over_the_questions_that_all_lines_share(lines: list[Line]) -> None:
    assert {len(line.question_ids) for line in lines} == {8, 20}
    figure = searches_figure(lines)
    assert "(8 questions)" in figure.axes[0].get_title("left")
    assert len(figure.axes[0].collections) == len(lines), "each line has its whiskers"


def test_bins_hold_the_shared_questions_only(lines: list[Line], bank: RunFolder) -> None:
    figure = difficulty_figure(lines, difficulty_of(bank, ASK, "small"), "flops")
    counts = [int(axes.get_title("left").split("(")[1].split()[0]) for axes in figure.axes]
    assert sum(counts) == 8


def test_tick_labels_of_neighbouring_bins_do_not_touch(lines: list[Line], bank: RunFolder) -> None:
    figure = difficulty_figure(lines, difficulty_of(bank, ASK, "small"), "flops")
    figure.canvas.draw()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = axes.get_xticks()
        assert len(ticks) and ((low < ticks) & (ticks < high)).all()
    boxes = [
        label.get_window_extent()
        for axes in figure.axes
        for label in axes.get_xticklabels()
        if label.get_text()
    ]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
