"""Two selections of small runs, matched by k and by compute, on the questions both have."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_cli.comparisons import Compared, compare_selections
from scaling_cli.errors import LawError
from scaling_cli.recorded import Ask
from scaling_cli.selection import Selection, parse_selection
from scaling_cli.store import RunFolder
from tests.small_run import small_run

ASK = Ask(selectors=["first", "majority"], draws=200)
MODELS = {"weak": {"skill": -1.5}, "strong": {"skill": 3.0}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return small_run(tmp_path_factory.mktemp("compare"), MODELS, questions=30)


def compared(folder: RunFolder, first: str, second: str, **options: object) -> Compared:
    sides = (parse_selection(f"{folder.path}{name}") for name in (first, second))
    return compare_selections(*sides, ASK, axis="tokens", **options)  # type: ignore[arg-type]


def test_the_stronger_is_better_and_the_weaker_worse(folder: RunFolder) -> None:
    up, down = compared(folder, ":strong", ":weak"), compared(folder, ":weak", ":strong")
    assert {one.by for one in up.matched} == {"k", "tokens"}
    for one, other in zip(up.matched, down.matched, strict=True):
        assert (one.law.verdict(), other.law.verdict()) == ("better", "worse")
        assert "is better than" in one.sentence(0.05) and "5 points would need" in one.sentence(
            0.05
        )
        assert one.law.difference == pytest.approx(-other.law.difference)
        assert set(one.rows()[0]) == set(other.rows()[0])


def test_a_selection_against_itself_is_undecided(folder: RunFolder) -> None:
    for one in compared(folder, ":weak", ":weak").matched:
        assert one.law.verdict() == "undecided" and (one.law.hi > 0.01).all()


def test_two_selectors_of_one_model_are_matched_by_k(folder: RunFolder) -> None:
    found = compared(folder, ":weak:majority", ":weak:first")
    by = {one.by: one for one in found.matched}
    assert by["k"].places.tolist()[0] == 1
    majority = compared(folder, ":weak:majority", ":strong:majority").matched[0]
    assert majority.places.tolist() == [1, 2, 4, 6]
    assert all(isinstance(row["at"], int) for row in majority.rows())


def test_several_models_are_matched_by_name(folder: RunFolder) -> None:
    names = [(one.first, one.second) for one in compared(folder, "", "").matched if one.by == "k"]
    assert names and all(first == second for first, second in names)


def test_questions_that_are_not_shared_are_reported(tmp_path: Path) -> None:
    few = small_run(tmp_path / "few", {"weak": {}}, questions=range(3, 10))
    many = small_run(tmp_path / "many", {"weak": {}}, questions=range(5, 25))
    found = compare_selections(Selection(few), Selection(many), ASK, axis="tokens")
    assert "compared on the 5 questions both have; left out are 2 of the first and 15" in str(
        found.remarks
    )
    assert {q for one in found.matched for q in one.law.questions.tolist()} == {5}
    apart = small_run(tmp_path / "apart", {"weak": {}}, questions=range(26, 30))
    with pytest.raises(LawError, match="share 0 questions"):
        compare_selections(Selection(few), Selection(apart), ASK, axis="tokens")


def test_budgets_that_do_not_overlap_are_said(tmp_path: Path) -> None:
    short = small_run(tmp_path / "s", {"short": {"skill": 3.0}}, samples=1, max_tokens=40)
    options = {"long": {"skill": 3.0, "mean_tokens": 300}}
    long = small_run(tmp_path / "l", options, max_tokens=4000)
    found = compare_selections(
        Selection(short),
        Selection(long),
        Ask(selectors=["first"], caps=[], draws=50),
        axis="tokens",
    )
    assert any("no tokens budget at which both were run" in line for line in found.remarks)
    assert {one.by for one in found.matched} == {"k"}


def test_what_a_selection_may_be(folder: RunFolder) -> None:
    path = str(folder.path)
    assert parse_selection(path) == Selection(folder)
    assert parse_selection(f"{path}:weak") == Selection(folder, "weak")
    assert parse_selection(f"{path}:weak:majority") == Selection(folder, "weak", "majority")
    assert parse_selection(f"{path}::majority") == Selection(folder, None, "majority")
    for wrong in ("other", "weak:median", "other:majority"):
        with pytest.raises(LawError, match="it holds: weak, strong"):
            parse_selection(f"{path}:{wrong}")
    with pytest.raises(LawError, match="names no curve"):
        parse_selection(f"{path}:weak:coverage").curves(ASK)
    with pytest.raises(LawError, match="no axis"):
        compare_selections(Selection(folder), Selection(folder), ASK, axis="joules")
