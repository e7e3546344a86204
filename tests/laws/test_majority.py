from __future__ import annotations

from fractions import Fraction
from math import comb
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws import inclusion
from scaling_cli.laws.draws import Draws
from scaling_cli.laws.inclusion import Plan, Points
from scaling_cli.laws.levels import NODES, Levels, Votes, levels, tie_nodes
from scaling_cli.laws.majority import count_votes, majority
from scaling_cli.laws.plurality import plurality
from scaling_cli.types import MISSING

from .enumeration import classes_of, over_subsets, ragged, vote


def by_frame(n: int, ks: np.ndarray) -> list[Plan]:
    whole = inclusion._frame(n)
    return [Plan(ks, whole.points, whole.back[:, ks - 1], whole.loss)]


def by_circles(n: int, ks: np.ndarray) -> list[Plan]:
    return [inclusion.circle(n, ks[stretch]) for stretch in inclusion.stretches(ks, n)]


@pytest.fixture(params=[by_frame, by_circles])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of reading subset sizes off, whichever `inclusion.plans` would choose."""
    monkeypatch.setattr("scaling_cli.laws.plurality.plans", request.param)


both_ways = pytest.mark.usefixtures("way")
on_small_banks = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@both_ways
@on_small_banks
@given(st.lists(classes_of(), min_size=1, max_size=3))
def test_equals_enumeration_of_all_subsets(rows: list[list[int]]) -> None:
    ks = range(1, max(map(len, rows)) + 1)
    values = majority(ragged(rows), ks)
    for classes, row in zip(rows, values, strict=True):
        for k, value in zip(ks, row, strict=True):
            if k > len(classes):
                assert np.isnan(value)
            else:
                ones = [1.0] * len(classes)
                expected = over_subsets(len(classes), k, lambda s, c=classes, w=ones: vote(c, w, s))
                assert value == pytest.approx(expected, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(classes_of(longest=8))
def test_unanswered_as_a_class_equals_enumeration(classes: list[int]) -> None:
    ks = range(1, len(classes) + 1)
    voting = [7 if c == -1 else c for c in classes]
    expected = [
        over_subsets(len(voting), k, lambda s: vote(voting, [1.0] * len(voting), s)) for k in ks
    ]
    values = majority(np.array([classes]), ks, unanswered="class")[0]
    np.testing.assert_allclose(values, expected, atol=1e-12)


def by_fractions(gold: int, others: list[int], n: int, k: int) -> float:
    """The polynomial of `laws.plurality` in whole numbers, one power series per number of ties."""
    abstain, total = n - gold - sum(others), Fraction(0)
    for j in range(1, min(gold, k) + 1):
        series = {0: [1] + [0] * (k - j)}
        for count in others:
            longer: dict[int, list[int]] = {}
            for ties, row in series.items():
                for drawn in range(min(count, j, k - j) + 1):
                    into = longer.setdefault(ties + (drawn == j), [0] * (k - j + 1))
                    for degree in range(k - j + 1 - drawn):
                        into[degree + drawn] += row[degree] * comb(count, drawn)
            series = longer
        for ties, row in series.items():
            ways = sum(row[d] * comb(abstain, k - j - d) for d in range(k - j + 1))
            total += Fraction(ways * comb(gold, j), ties + 1)
    return float(total / comb(n, k))


@both_ways
@pytest.mark.parametrize(
    ("gold", "others", "n", "ks"),
    [
        (30, [28, 10, 5, 3, 1, 1, 1], 80, [1, 2, 5, 20, 60, 80]),
        (5, [1] * 20, 30, [1, 2, 4, 9, 20, 30]),
        (2, [2] * 14, 30, [1, 5, 10, 20, 30]),
        (40, [39, 41, 3, 1], 160, [2, 3, 50, 120, 159]),
        (60, [58, 50], 300, [1, 9, 100, 250, 299]),
    ],
)
def test_equals_whole_number_arithmetic(
    gold: int, others: list[int], n: int, ks: list[int]
) -> None:
    values = plurality(np.array([gold]), np.array([others]), n, np.array(ks))[0]
    expected = [by_fractions(gold, others, n, k) for k in ks]
    np.testing.assert_allclose(values, expected, atol=1e-12, rtol=0)


@both_ways
@on_small_banks
@given(st.data())
def test_equals_whole_number_arithmetic_on_any_counts(data: st.DataObject) -> None:
    """Many classes of equal counts, close races, landslides; several questions together."""
    questions = data.draw(st.integers(1, 4))
    n = data.draw(st.integers(12, 36))
    rows = []
    for _ in range(questions):
        left, counts = n, []
        for _ in range(data.draw(st.integers(1, 8))):
            counts.append(data.draw(st.integers(0, left)))
            left -= counts[-1]
        counts += [1] * data.draw(st.integers(0, left))
        rows.append(counts)
    votes = ragged(rows).clip(0)
    ks = np.array(sorted(data.draw(st.sets(st.integers(1, n), min_size=1, max_size=6))))
    values = plurality(votes[:, 0], votes[:, 1:], n, ks)
    for row, found in zip(votes.tolist(), values, strict=True):
        expected = [by_fractions(row[0], [c for c in row[1:] if c], n, int(k)) for k in ks]
        np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)


def by_pairs(gold: int, rival: int, n: int, k: int) -> float:
    """The same for a single rival, quick enough for a thousand samples."""
    others, twice = n - gold - rival, 0
    for j in range(1, min(gold, k) + 1):
        ways = sum(
            (1 if lost == j else 2) * comb(rival, lost) * comb(others, k - j - lost)
            for lost in range(min(j, rival, k - j) + 1)
        )
        twice += comb(gold, j) * ways
    return float(Fraction(twice, 2 * comb(n, k)))


@both_ways
@pytest.mark.parametrize(("gold", "rival", "n"), [(130, 125, 300), (180, 240, 450), (70, 60, 500)])
def test_close_races_among_many_samples(gold: int, rival: int, n: int) -> None:
    values = plurality(np.array([gold]), np.array([[rival]]), n, np.arange(1, n + 1))[0]
    some = np.array([2, 7, n // 5, n // 2, n - 20, n - 1])
    expected = [by_pairs(gold, rival, n, int(k)) for k in some]
    np.testing.assert_allclose(values[some - 1], expected, atol=1e-12, rtol=0)


def test_a_close_race_among_a_thousand() -> None:
    ks = np.array([2, 50, 300, 995])
    values = plurality(np.array([300]), np.array([[290]]), 1_000, ks)[0]
    expected = [by_pairs(300, 290, 1_000, int(k)) for k in ks]
    np.testing.assert_allclose(values, expected, atol=1e-12, rtol=0)


def test_k_of_one_is_the_mean_and_k_of_n_is_the_mode() -> None:
    classes = np.array([[0, 0, 1, -1, 2], [1, 1, 0, -1, -1], [0, 0, 1, 1, -1]])
    values = majority(classes, [1, 5])
    np.testing.assert_allclose(values[:, 0], [0.4, 0.2, 0.4], atol=1e-15)
    np.testing.assert_allclose(values[:, 1], [1.0, 0.0, 0.5], atol=1e-12)


@pytest.mark.parametrize(("filled", "expected"), [(0, 1.0), (3, 0.0), (-1, 0.0)])
def test_unanimous_questions(filled: int, expected: float) -> None:
    values = majority(np.full((2, 30), filled), range(1, 31))
    np.testing.assert_allclose(values, expected, atol=1e-13)


def test_no_questions_and_no_samples() -> None:
    assert majority(np.empty((0, 5), np.int64), [1, 2]).shape == (0, 2)
    assert np.isnan(majority(np.full((2, 3), MISSING), [1])).all()


def test_unsorted_and_repeated_ks_keep_their_places() -> None:
    classes = np.array([[0, 0, 1, 2, 1, -1, 0, 3]])
    mixed = majority(classes, [8, 1, 5, 1, 3])[0]
    straight = majority(classes, [1, 3, 5, 8])[0]
    np.testing.assert_array_equal(mixed, straight[[3, 0, 2, 0, 1]])


def test_ten_thousand_samples_neither_overflow_nor_drift() -> None:
    gold, others, n = np.array([4_000, 2_500]), np.array([[3_900, 2_000], [5_000, 2_400]]), 10_000
    ks = np.array([1, 2, 3, 64, 1_000, 9_000, 9_999, 10_000])
    values = plurality(gold, others, n, ks)
    np.testing.assert_allclose(values[:, 0], gold / n, atol=1e-9)
    # Of two samples gold needs one vote and no rival's: both gold, gold beside an abstention,
    # or half of gold beside another class.
    both = gold * (gold - 1) / (n * (n - 1))
    other, abstain = others.sum(axis=1), n - gold - others.sum(axis=1)
    expected = both + 2 * gold * (abstain + other / 2) / (n * (n - 1))
    np.testing.assert_allclose(values[:, 1], expected, atol=1e-9)
    np.testing.assert_allclose(values[:, -1], [1.0, 0.0], atol=1e-9)
    assert ((values >= 0) & (values <= 1)).all()


def test_thousands_of_ties_are_shared() -> None:
    # Gold once among 9,001 different answers: it shares with all k - 1 others whenever drawn.
    values = plurality(np.array([1]), np.ones((1, 9_000), np.int64), 9_001, np.array([10, 5_000]))
    np.testing.assert_allclose(values, 1 / 9_001, atol=1e-12)


def test_more_questions_of_the_same_counts_give_the_same_values() -> None:
    rng = np.random.default_rng(0)
    row = rng.integers(-1, 4, 40)
    shuffled = np.stack([rng.permutation(row) for _ in range(5)])
    values = majority(shuffled, range(1, 41))
    np.testing.assert_array_equal(values, np.repeat(values[:1], 5, axis=0))


def test_a_hash_that_collides_confuses_no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = np.array([[5, 3, 2, 0], [5, 2, 3, 0], [2, 5, 3, 0], [5, 3, 1, 1], [5, 3, 2, 0]])
    ks = np.arange(1, 11)
    straight = plurality(votes[:, 0], votes[:, 1:], 10, ks)
    monkeypatch.setattr(np.random, "default_rng", lambda seed: SimpleNamespace(integers=zeros))
    np.testing.assert_allclose(plurality(votes[:, 0], votes[:, 1:], 10, ks), straight, atol=1e-13)
    np.testing.assert_array_equal(straight[[0, 0]], straight[[1, 4]])
    assert np.abs(straight[0] - straight[3]).max() > 1e-3


def zeros(*args: Any, size: int, dtype: type) -> np.ndarray:
    return np.zeros(size, dtype)


def test_batches_do_not_change_values(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    classes = rng.integers(-1, 5, (12, 60))
    together = majority(classes, range(1, 61))
    for limit in ("WORKSPACE", "TABLES"):
        monkeypatch.setattr(f"scaling_cli.laws.plurality.{limit}", 1)
        np.testing.assert_allclose(majority(classes, range(1, 61)), together, atol=1e-14)


def test_pruning_stays_far_below_its_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    chances = rng.dirichlet(np.full(12, 0.5), 4)
    votes = np.stack([rng.multinomial(3_000, row) for row in chances])
    ks = np.unique(np.rint(np.geomspace(1, 3_000, 12))).astype(np.int64)
    pruned = plurality(votes[:, 0], votes[:, 1:-1], 3_000, ks)
    monkeypatch.setattr("scaling_cli.laws.inclusion.MANY", 10_000)
    exact = plurality(votes[:, 0], votes[:, 1:-1], 3_000, ks)
    np.testing.assert_allclose(pruned, exact, atol=1e-8, rtol=0)


def test_points_off_the_axis_are_left_out_where_they_are_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng, n = np.random.default_rng(3), 10_000
    votes = np.stack([rng.multinomial(n, row) for row in rng.dirichlet(np.full(50, 300.0), 2)])
    ks, looked_at = np.array([4_000]), [0]

    def counting(votes: Votes, draws: Draws, points: Points, *rest: Any) -> Levels:
        rows = levels(votes, draws, points, *rest)
        looked_at[0] += len(rows.level) * len(points)
        return rows

    monkeypatch.setattr("scaling_cli.laws.plurality.levels", counting)
    values = plurality(votes[:, 0], votes[:, 1:], n, ks)
    few, looked_at[0] = looked_at[0], 0
    monkeypatch.setattr(Points, "least_turn", 0.0)
    everywhere = plurality(votes[:, 0], votes[:, 1:], n, ks)
    assert few < 0.6 * looked_at[0]
    np.testing.assert_allclose(values, everywhere, atol=1e-9, rtol=0)


def test_fifty_classes_of_ten_thousand_samples() -> None:
    rng, n = np.random.default_rng(4), 10_000
    chances = np.vstack([rng.dirichlet(np.full(50, c), 1) for c in (0.3, 300.0)])
    votes = np.stack([rng.multinomial(n, row) for row in chances])
    values = plurality(votes[:, 0], votes[:, 1:], n, np.array([1, 2, 300, n]))
    np.testing.assert_allclose(values[:, 0], votes[:, 0] / n, atol=1e-9)
    # Of two votes gold wins as often as of one: where they differ they share.
    np.testing.assert_allclose(values[:, 1], values[:, 0], atol=1e-9)
    assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_allclose(values[:, 3], votes.argmax(axis=1) == 0, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.floats(0, 1))
def test_gauss_nodes_integrate_the_ties(most: int, rate: float) -> None:
    # `most` independent ties of chance `rate`: the mean of 1/(1+t) has a closed form.
    nodes = int(tie_nodes(np.array([most]), np.array([most * rate]), np.array([1e14]))[0])
    assert nodes in NODES
    abscissae, weights = np.polynomial.legendre.leggauss(nodes)
    shares = (abscissae + 1) / 2
    measured = float(((1 - rate + rate * shares) ** most * weights / 2).sum())
    if rate == 0:
        expected = 1.0
    else:
        expected = -np.expm1((most + 1) * np.log1p(-min(rate, 1 - 1e-16))) / (rate * (most + 1))
    assert measured == pytest.approx(expected, abs=1e-11)


def test_counting_votes() -> None:
    classes = np.array([[0, 1, -1, 1], [2, -1, -9, -9]])
    np.testing.assert_array_equal(count_votes(classes), [[1, 2, 0], [0, 0, 1]])
    np.testing.assert_array_equal(
        count_votes(classes, unanswered="class"), [[1, 2, 0, 1], [0, 0, 1, 1]]
    )


@pytest.mark.parametrize("ks", [[0], [-1], [1.5]])
def test_a_k_that_is_no_size_is_refused(ks: list[int]) -> None:
    with pytest.raises(LawError, match="k must be whole numbers"):
        majority(np.array([[0, 1]]), ks)


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(LawError, match="no answer class -3"):
        majority(np.array([[0, -3]]), [1])
