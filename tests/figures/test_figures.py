"""Figures drawn from a small run: every model named, words apart, nothing complained of."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.comparisons import compare_selections
from scaling_cli.figures.accuracy import accuracy_figure
from scaling_cli.figures.calibration import calibration_figure
from scaling_cli.figures.compare import MARK, compare_figure
from scaling_cli.figures.frontier import error_figure, frontier_figure
from scaling_cli.figures.heatmap import heatmap_figure
from scaling_cli.figures.odds import caption, names_of, strips
from scaling_cli.figures.save import save
from scaling_cli.figures.style import (
    along,
    colour_of,
    dashes_of,
    marker_of,
    samples_axis,
    spread,
)
from scaling_cli.frontiers import curve_of, frontier_tables
from scaling_cli.limits import votings
from scaling_cli.recorded import Ask
from scaling_cli.selection import Selection
from scaling_cli.store import RunFolder
from scaling_cli.summary import accuracy_rows, series
from tests.small_run import small_run
from tests.small_search import small_search

MODELS = {"alpha": {"length_of_wrong": 2.0}, "beta": {"skill": 1.5}, "gamma": {"skill": 0.1}}
ASK = Ask(draws=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return small_run(tmp_path_factory.mktemp("figures"), MODELS)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    import matplotlib.pyplot as plt

    plt.close("all")


def drawn(folder: RunFolder, kind: str, by: str | None = None) -> Any:
    ask = replace(ASK, by=by)
    if kind == "accuracy":
        return accuracy_figure(accuracy_rows(folder, ask))
    tables = frontier_tables([folder], ask, "flops")
    return frontier_figure(tables) if kind == "frontier" else error_figure(tables)


def words(figure: Any) -> list[Any]:
    """The labels beside the curves."""
    return [text for axes in figure.axes for text in axes.texts if text.get_text()]


@pytest.mark.parametrize("by", [None, "level"])
@pytest.mark.parametrize("kind", ["accuracy", "frontier", "error"])
def test_every_model_is_named(folder: RunFolder, kind: str, by: str | None) -> None:
    figure = drawn(folder, kind, by)
    said = " ".join(
        [axes.get_title(loc="left") + axes.get_title() for axes in figure.axes]
        + [word.get_text() for word in words(figure)]
    )
    assert all(model in said for model in MODELS), said


@pytest.mark.parametrize("kind", ["accuracy", "frontier", "error"])
def test_words_beside_a_panel_do_not_overlap(folder: RunFolder, kind: str) -> None:
    figure = drawn(folder, kind)
    figure.canvas.draw()
    for axes in figure.axes:
        # The extent of an annotation holds its line too; the words' own is what must be free.
        extents = [(t.get_text(), super(type(t), t).get_window_extent()) for t in axes.texts]
        for (one, a), (other, b) in itertools.combinations(extents, 2):
            assert not a.padded(-1).overlaps(b.padded(-1)), (one, other)


def test_a_split_accuracy_figure_has_one_value_a_curve_and_k(folder: RunFolder) -> None:
    """Lines of two groups in one panel would join up to a zigzag."""
    for axes in drawn(folder, "accuracy", "level").axes:
        for line in axes.lines:
            xs = list(line.get_xdata())
            assert xs == sorted(xs)


def test_axes_say_what_they_are(folder: RunFolder) -> None:
    (accuracy, odds) = drawn(folder, "frontier").axes
    assert accuracy.get_xscale() == "log" and accuracy.get_ylabel() == "accuracy"
    assert "FLOPs" in odds.get_xlabel()
    (error,) = drawn(folder, "error").axes
    assert (error.get_xscale(), error.get_yscale()) == ("log", "log")
    assert error.get_ylabel() == "error"


@pytest.mark.parametrize("kind", ["frontier", "error"])
def test_every_curve_has_its_band_and_every_point_its_whisker(folder: RunFolder, kind: str) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_hex

    (table,) = frontier_tables([folder], ASK, "flops")
    axes = drawn(folder, kind).axes[0]
    colours = colour_of(list(dict.fromkeys(name[0] for name in table.names)))
    bands, whiskers = [], []
    for shape in axes.collections:
        ends = [path.get_extents() for path in shape.get_paths()]
        colour = to_hex((*shape.get_facecolor(), *shape.get_edgecolor())[0]).upper()
        kept = bands if isinstance(shape, PolyCollection) else whiskers
        kept.append((colour, min(end.y0 for end in ends), max(end.y1 for end in ends)))
    expected: dict[bool, list[Any]] = {True: [], False: []}
    for number, (model, strategy, selector) in enumerate(table.names):
        single = strategy == "greedy" or selector == "first"
        _, _, lo, hi = (column[-1:] if single else column for column in curve_of(table, number))
        low, high = lo.min(), hi.max()
        low, high = (max(1 - high, 1e-3), max(1 - low, 1e-3)) if kind == "error" else (low, high)
        expected[single].append((colours[model], pytest.approx(low), pytest.approx(high)))
    grey = [band for band in bands if band[0] == "#222222"]
    assert len(grey) == 1, "the frontier's own"
    assert [band for band in bands if band not in grey] == expected[False]
    assert whiskers == expected[True]


def test_an_error_axis_ends_below_the_bands_it_can_show(folder: RunFolder) -> None:
    (table,) = frontier_tables([folder], ASK, "flops")
    (axes,) = error_figure([table]).axes
    curve, band = ((1 - end).clip(1e-3).min() for end in (table.accuracy, table.hi))
    assert axes.get_ylim()[0] <= max(band, 0.5 * curve, 1e-3)


@pytest.mark.parametrize("kind", ["accuracy", "frontier", "error"])
def test_the_same_figure_is_the_same_bytes(folder: RunFolder, tmp_path: Path, kind: str) -> None:
    first = save(drawn(folder, kind), tmp_path / "a", kind)
    second = save(drawn(folder, kind), tmp_path / "b", kind)
    assert [path.suffix for path in first] == [".svg", ".png"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes() and one.stat().st_size > 1000


def test_unequal_truncation_is_said_on_the_accuracy_figure(folder: RunFolder) -> None:
    rows = [row for row in accuracy_rows(folder, ASK) if row["strategy"] != "greedy"]
    equal = [{**row, "truncated": 0.05} for row in rows]
    assert accuracy_figure(equal).texts == []
    cut = [{**row, "truncated": 0.09 if row["model"] == "beta" else 0.05} for row in rows]
    (note,) = accuracy_figure(cut).texts
    said, _, rates = note.get_text().partition(": ")
    assert said == "answers cut off by the token limit differ"
    assert sorted(rates.split(", ")) == ["alpha 5%", "beta 9%", "gamma 5%"]


def test_a_model_that_is_never_right_is_drawn_too(tmp_path: Path) -> None:
    folder = small_run(tmp_path, {"never": {"never_stops": True}, "beta": {"skill": 2.0}})
    for kind in ("accuracy", "frontier", "error"):
        save(drawn(folder, kind), tmp_path, kind)
        assert (tmp_path / f"{kind}.png").stat().st_size > 0


@given(places=st.lists(st.floats(0, 1), max_size=12).map(sorted), gap=st.floats(0.001, 0.3))
def test_spread_places_are_apart_in_order_and_near(places: list[float], gap: float) -> None:
    moved = spread(places, gap)
    assert len(moved) == len(places)
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(moved))
    if places:
        assert sum(moved) == pytest.approx(sum(places))
        assert all(
            abs(a - b) <= gap * (len(places) - 1) + 1e-9 for a, b in zip(places, moved, strict=True)
        )
    if all(b - a >= gap for a, b in itertools.pairwise(places)):
        assert moved == pytest.approx(places)


def test_colours_and_markers_are_told_apart() -> None:
    names = [f"model-{i}" for i in range(7)]
    assert len(set(colour_of(names).values())) == len(set(marker_of(names).values())) == 7


def test_more_models_than_colours_are_told_apart() -> None:
    """By markers along their lines, and lines that have markers already by their dashes."""
    names = [f"model-{i}" for i in range(21)]
    colours, markers, marks, dashes = (f(names) for f in (colour_of, marker_of, along, dashes_of))
    assert len({(colours[name], markers[name]) for name in names}) == 21
    assert len({(colours[name], marks[name].get("marker")) for name in names}) == 21
    assert len({(colours[name], str(dashes[name])) for name in names}) == 21
    assert [name for name in names if not marks[name]] == names[:7]


def test_a_frontier_of_many_models_and_searches_has_no_two_lines_alike(tmp_path: Path) -> None:
    skills = {f"m{number}": {"skill": number / 5 - 0.5} for number in range(9)}
    many = small_run(tmp_path / "many", skills, questions=8, samples=4)
    searching = small_search(tmp_path / "searching", questions=8)
    for run in (many, searching):
        (table,) = frontier_tables([run], Ask(caps=[]), "flops")
        axes = frontier_figure([table]).axes[0]
        lines = [
            line for line in axes.get_lines()
            if line.get_linestyle() != "None" and line.get_linewidth() == 1.5
        ]  # fmt: skip
        looks = [(x.get_color(), str(x._dash_pattern), x.get_marker()) for x in lines]  # type: ignore[attr-defined]
        assert len(looks) >= 9 or run is searching
        assert len(set(looks)) == len(looks)


@pytest.mark.parametrize("width", [6.75, 3.3])
def test_odds_stand_in_a_row_a_configuration(folder: RunFolder, width: float) -> None:
    (table,) = frontier_tables([folder], ASK, "flops")
    rows = strips(table)
    assert sum(odds for _, odds in rows) == pytest.approx(1, abs=0.021)
    figure = frontier_figure([table], width=width)
    accuracy, below = figure.axes
    assert figure.get_figwidth() == width and accuracy.get_xlim() == below.get_xlim()
    said = [text.get_text() for text in below.texts]
    names = names_of([name[0] for name in table.names], narrow=width < 4)
    assert said == ["others" if name is None else caption(name, names) for name, _ in rows]
    figure.canvas.draw()
    extents = [super(type(t), t).get_window_extent() for t in below.texts]
    assert not any(
        a.padded(-1).overlaps(b.padded(-1)) for a, b in itertools.combinations(extents, 2)
    )


def test_a_narrow_figure_calls_models_by_their_size_where_that_tells_them_apart() -> None:
    models = ["q-coder-1.5b-instruct", "q-coder-0.5b-instruct"]
    assert list(names_of(models, narrow=True).values()) == ["1.5b", "0.5b"]
    assert list(names_of(models, narrow=False).values()) == ["q-coder-1.5b", "q-coder-0.5b"]
    same = ["q-coder-1.5b", "p-1.5b"]
    assert list(names_of(same, narrow=True).values()) == same


@pytest.mark.parametrize("width", [6.75, 3.3])
def test_differences_are_drawn_with_their_verdicts(folder: RunFolder, width: float) -> None:
    sides = Selection(folder, "alpha"), Selection(folder, "gamma")
    matched = compare_selections(*sides, ASK, axis="tokens").matched
    figure = compare_figure(matched, width=width)
    figure.canvas.draw()
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == len(matched)
    for one, axes in zip(matched, panels, strict=True):
        assert one.first in axes.get_title(loc="left") and one.second in axes.get_title(loc="left")
        marks = {line.get_marker() for line in axes.lines} - {"None"}
        assert marks == {MARK[verdict] for verdict in one.law.verdicts()}
        extents = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(extents, 2))


def test_crowded_labels_stay_beside_the_axes() -> None:
    import matplotlib.pyplot as plt

    from scaling_cli.figures.style import house_style, label_ends

    with house_style():
        figure, axes = plt.subplots(figsize=(4, 4))
        axes.set_ylim(0, 1)
        label_ends(axes, [(1.0, 1.0, str(n), "#000000") for n in range(20)])
        heights = sorted(float(text.xyann[1]) for text in axes.texts)  # type: ignore[attr-defined]
        plt.close(figure)
    assert heights[-1] <= 1.05 and heights[0] >= 0
    assert min(high - low for low, high in itertools.pairwise(heights)) > 0.02


@pytest.mark.parametrize("most", [1, 2, 7, 8, 16, 80, 100, 10_000])
def test_a_samples_axis_has_few_powers_of_two_evenly_apart(most: int) -> None:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots()
    axes.plot([1, most], [0, 1])
    samples_axis(axes, most)
    ticks = [int(tick) for tick in axes.get_xticks()]
    assert [text.get_text() for text in axes.get_xticklabels()] == list(map(str, ticks))
    assert ticks[0] == 1 and ticks[-1] <= most and len(ticks) <= 5
    assert len({b / a for a, b in itertools.pairwise(ticks)}) <= 1
    assert ticks[-1] ** 2 >= most / 4 or len(ticks) > 1


def test_marks_that_are_not_drawn_are_not_explained(folder: RunFolder) -> None:
    with_greedy = frontier_tables([folder], replace(ASK, selectors=("first", "majority")), "flops")
    assert "hollow: greedy" in frontier_figure(with_greedy).texts[-1].get_text()
    votes = frontier_tables([folder], replace(ASK, selectors=("majority",)), "flops")
    assert "filled" not in frontier_figure(votes).texts[-1].get_text()


def test_unequal_truncation_is_said_wherever_models_stand_side_by_side(folder: RunFolder) -> None:
    curves = [
        one
        for one in series(folder, replace(ASK, selectors=("majority",), caps=[]))
        if one.fields["strategy"] != "greedy"
    ]
    cut = [replace(o, rates={**o.rates, "truncated": 0.1 * n}) for n, o in enumerate(curves)]
    same = [replace(one, rates={**one.rates, "truncated": 0.1}) for one in curves]
    (note,) = heatmap_figure(cut).texts
    assert "beta 0%, alpha 10%, gamma 20%" in note.get_text()
    assert not heatmap_figure(same).texts
    found = [
        replace(one, fields={**one.fields, "truncated": 0.1 * number})
        for number, one in enumerate(votings([folder], ASK))
    ]
    (note,) = calibration_figure(found).texts
    assert "beta 0%, alpha 10%, gamma 20%" in note.get_text()
